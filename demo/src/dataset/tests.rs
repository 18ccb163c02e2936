//! Tables, and what becomes of them.

use super::*;

fn read_at(text: &str, zone: Option<&str>) -> Result<Dataset, DatasetError> {
    let name = |text: &str| Some(text.to_owned());
    let columns = ChosenColumns { subject: name("who"), time: name("at"), value: name("x") };
    let zone = zone.map(|name| name.parse().unwrap());
    Dataset::read(text.as_bytes(), &columns, zone.as_ref())
}

fn read(text: &str) -> Result<Dataset, DatasetError> {
    read_at(text, None)
}

fn message(text: &str) -> String {
    read(text).unwrap_err().to_string()
}

#[test]
fn the_hall_table_is_whole() {
    let data = Dataset::hall_2018();
    assert_eq!(data.subjects.len(), 19);
    assert_eq!(data.subjects.values().map(Vec::len).sum::<usize>(), 34_890);
    assert_eq!((data.decimals, data.repeats), (0, 0));
    assert_eq!(data.range(), (41, 303));
    assert_eq!(data.subjects["1636-69-001"][..5], [93, 93, 93, 95, 96]);
}

#[test]
fn decimals_are_exact_and_lines_may_come_in_any_order() {
    let data = read("at,x,who\n2,5.25,b\n1,-4,b\n10,7.10,b\n3,0.5,a\n").unwrap();
    assert_eq!(data.decimals, 2);
    assert_eq!(data.subjects["b"], [-400, 525, 710]);
    assert_eq!(data.subjects["a"], [50]);
    assert_eq!(data.range(), (-400, 710));
}

#[test]
fn bad_tables_name_the_place() {
    assert!(message("who,at,y\n").contains("no column \"x\": the columns are who, at, y"));
    assert!(message("who,at,x\na,1,high\n").contains("line 2, column \"x\": \"high\""));
    assert!(message("who,at,x\na,yesterday,1\n").contains("line 2, column \"at\": \"yesterday\""));
    assert!(message("who,at,x\na,1,1.0123456789\n").contains("9 decimals"));
    assert!(message("who,at,x\na,1,99999999999999999999\n").contains("column \"x\""));
    assert!(message("who,at,x\n").contains("no readings"));
    assert!(message("who,at,x\na,1\n").contains("record 1"));
}

/// Over the night when clocks are turned back, in Berlin: an hour of low values, then one of high ones.
const AUTUMN: [(&str, &str, i64); 6] = [
    ("2025-10-26T02:00:00+02:00", "2025-10-26T00:00:00Z", 1),
    ("2025-10-26T02:20:00+02:00", "2025-10-26T00:20:00Z", 2),
    ("2025-10-26T02:40:00+02:00", "2025-10-26T00:40:00Z", 3),
    ("2025-10-26T02:00:00+01:00", "2025-10-26T01:00:00Z", 4),
    ("2025-10-26T02:20:00+01:00", "2025-10-26T01:20:00Z", 5),
    ("2025-10-26T02:40:00+01:00", "2025-10-26T01:40:00Z", 6),
];

#[test]
fn readings_are_in_order_of_instants_and_not_of_clocks() {
    let table = |rows: &[String]| format!("who,at,x\n{}", rows.concat());
    let mut offset: Vec<_> = AUTUMN.map(|(local, _, x)| format!("a,{local},{x}\n")).into();
    let utc: Vec<_> = AUTUMN.map(|(_, utc, x)| format!("a,{utc},{x}\n")).into();
    offset.reverse();
    let data = read(&table(&offset)).unwrap();
    assert_eq!(data.subjects["a"], [1, 2, 3, 4, 5, 6]);
    assert_eq!(data, read(&table(&utc)).unwrap());
}

#[test]
fn a_table_exported_twice_counts_once_and_says_so() {
    let rows: String = AUTUMN.map(|(_, utc, x)| format!("a,{utc},{x}\nb,{utc},7\n")).concat();
    let again: String = AUTUMN.map(|(local, _, x)| format!("a,{local},{x}.0\n")).concat();
    let once = read(&format!("who,at,x\n{rows}")).unwrap();
    let twice = read(&format!("who,at,x\n{again}{rows}{rows}")).unwrap();
    assert_eq!((once.repeats, twice.repeats), (0, 18));
    assert_eq!(twice.subjects, once.subjects);
}

#[test]
fn equal_values_at_other_instants_and_of_others_are_no_repeats() {
    let data = read("who,at,x\na,1,5\na,2,5\nb,1,5\na,1.000000001,5\n").unwrap();
    assert_eq!(data.repeats, 0);
    assert_eq!((data.subjects["a"].len(), data.subjects["b"].len()), (3, 1));
}

#[test]
fn a_contradiction_names_both_lines() {
    let found = message(
        "who,at,x\na,2025-10-26T00:00:00Z,5\nb,2025-10-26T00:00:00Z,6\na,2025-10-26T00:05:00Z,5\n\
         a,2025-10-26T02:00:00+02:00,5\na,2025-10-26T01:00:00+01:00,6\n",
    );
    assert!(found.starts_with("lines 5 and 6 contradict each other: \"a\""), "{found}");
    assert!(message("who,at,x\na,3,1\na,3.0,2\n").starts_with("lines 2 and 3"));
    // Two that agree do not hide the third.
    assert!(message("who,at,x\na,3,1\na,3,1\na,3,2\n").starts_with("lines 3 and 4"));
}

#[test]
fn local_times_need_a_zone_and_the_line_is_named() {
    let table = "who,at,x\na,2025-10-26T00:00:00Z,1\na,2025-10-26 02:30:00,2\n";
    let found = message(table);
    assert!(
        found.contains("line 3, column \"at\": \"2025-10-26 02:30:00\" is a local time"),
        "{found}"
    );
    assert!(found.contains("--zone Europe/Berlin"), "{found}");
    assert_eq!(read_at(table, Some("UTC")).unwrap().subjects["a"], [1, 2]);
    let twice = read_at(table, Some("Europe/Berlin")).unwrap_err().to_string();
    assert!(twice.contains("line 3, column \"at\"") && twice.contains("comes twice"), "{twice}");
    let skipped = read_at("who,at,x\na,2025-03-30T02:30,1\n", Some("Europe/Berlin"));
    let skipped = skipped.unwrap_err().to_string();
    assert!(skipped.contains("line 2, column \"at\"") && skipped.contains("never"), "{skipped}");
}

#[test]
fn dates_and_numbers_do_not_mix() {
    for table in [
        "who,at,x\na,1761438600,1\nb,2025-10-26T00:30:00Z,2\n",
        "who,at,x\na,2025-10-26T00:30:00Z,1\nb,1761438600,2\n",
    ] {
        let found = message(table);
        assert!(
            found.contains("line 3, column \"at\"") && found.contains("dates or numbers"),
            "{found}"
        );
    }
}
