//! Readings of many subjects, from CSV.
//!
//! Values are decimal text and are kept as integers of the finest decimal place that occurs: no
//! reading is ever rounded.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use jiff::civil::DateTime;

/// Most decimals a value may have.
pub const DECIMALS_MAX: u32 = 9;
/// Most readings that are taken in.
pub const READINGS_MAX: usize = 50_000_000;

/// Names of the columns to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Columns {
    /// Who was measured.
    pub subject: String,
    /// When: a date and time, or a number.
    pub time: String,
    /// What was measured.
    pub value: String,
}

/// Readings by subject, in order of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// A raw value r stands for r·10^-decimals.
    pub decimals: u32,
    /// Raw values of each subject.
    pub subjects: BTreeMap<String, Vec<i64>>,
}

/// Why a table cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// The file cannot be read, or is no CSV.
    #[error("{0}")]
    Csv(#[from] csv::Error),
    /// A named column is not there.
    #[error("no column {name:?}: the columns are {found}")]
    NoColumn {
        /// The name asked for.
        name: String,
        /// The header.
        found: String,
    },
    /// A cell cannot be understood.
    #[error("line {line}, column {column:?}: {value:?} is not {expected}")]
    Cell {
        /// Line of the file, the header being 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        value: String,
        /// What was expected.
        expected: &'static str,
    },
    /// Too many rows.
    #[error("more than {READINGS_MAX} readings")]
    TooLong,
    /// No row at all.
    #[error("the table has no readings")]
    Empty,
}

impl Dataset {
    /// The readings of Hall et al. 2018 that come with Pulseproof; see `data/README.md`.
    ///
    /// # Panics
    /// Never: the table is part of the program.
    pub fn hall_2018() -> Self {
        let table = GzDecoder::new(include_bytes!("../data/hall2018.csv.gz").as_slice());
        let name = |text: &str| text.to_owned();
        let columns = Columns { subject: name("id"), time: name("time"), value: name("gl") };
        Self::read(table, &columns).expect("the table that comes with the program can be read")
    }

    /// Reads a CSV table with a header. Lines may come in any order.
    ///
    /// # Errors
    /// A column is missing, or a cell is not what its column should hold.
    pub fn read(table: impl Read, columns: &Columns) -> Result<Self, DatasetError> {
        let mut rows = csv::Reader::from_reader(table);
        let header = rows.headers()?.clone();
        let position = |name: &String| {
            header.iter().position(|cell| cell == name).ok_or_else(|| DatasetError::NoColumn {
                name: name.clone(),
                found: header.iter().collect::<Vec<_>>().join(", "),
            })
        };
        let [subject, time, value] =
            [position(&columns.subject)?, position(&columns.time)?, position(&columns.value)?];
        let mut readings: BTreeMap<String, Vec<(Moment, Decimal)>> = BTreeMap::new();
        let mut count = 0;
        for row in rows.records() {
            let row = row?;
            let line = row.position().map_or(0, csv::Position::line);
            let bad = |column: usize, expected| DatasetError::Cell {
                line,
                column: header[column].to_owned(),
                value: row[column].chars().take(40).collect(),
                expected,
            };
            let moment = Moment::parse(&row[time])
                .ok_or_else(|| bad(time, "a date and time or a number"))?;
            let decimal = Decimal::parse(&row[value])
                .ok_or_else(|| bad(value, "a decimal number with at most 9 decimals"))?;
            readings.entry(row[subject].to_owned()).or_default().push((moment, decimal));
            count += 1;
            if count > READINGS_MAX {
                return Err(DatasetError::TooLong);
            }
        }
        if readings.is_empty() { Err(DatasetError::Empty) } else { Ok(Self::align(readings)) }
    }

    /// Brings all values to the finest decimal place and every subject's into order of time.
    fn align(readings: BTreeMap<String, Vec<(Moment, Decimal)>>) -> Self {
        let all = readings.values().flatten();
        let decimals = all.map(|(_, value)| value.decimals).max().unwrap_or(0);
        let in_order = |mut readings: Vec<(Moment, Decimal)>| {
            readings.sort_by_key(|&(moment, _)| moment);
            readings.into_iter().map(|(_, value)| value.at(decimals)).collect()
        };
        let subjects =
            readings.into_iter().map(|(name, values)| (name, in_order(values))).collect();
        Self { decimals, subjects }
    }

    /// The raw value that stands for a number, if it has no more decimals than the readings.
    pub fn raw(&self, text: &str) -> Option<i64> {
        let value = Decimal::parse(text)?;
        (value.decimals <= self.decimals).then(|| value.at(self.decimals))
    }

    /// The smallest and the largest raw value.
    pub fn range(&self) -> (i64, i64) {
        let all = || self.subjects.values().flatten().copied();
        (all().min().unwrap_or(0), all().max().unwrap_or(0))
    }
}

/// A point in time, only ever compared with others of the same table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Moment {
    Civil(DateTime),
    Number(i64, u32),
}

impl Moment {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(moment) = text.parse() {
            return Some(Self::Civil(moment));
        }
        let number = Decimal::parse(text)?;
        let scale = 10i64.pow(DECIMALS_MAX - number.decimals);
        let below = number.raw.checked_mul(scale);
        // Beyond nine digits before the point (milliseconds since 1970) no fraction is kept.
        match below {
            Some(nanos) => Some(Self::Number(nanos.div_euclid(1_000_000_000), subsecond(nanos))),
            None => Some(Self::Number(number.raw / 10i64.pow(number.decimals), 0)),
        }
    }
}

fn subsecond(nanos: i64) -> u32 {
    u32::try_from(nanos.rem_euclid(1_000_000_000)).expect("a remainder below 10^9")
}

/// `raw`·10^-`decimals`, with no trailing zero in `raw` if `decimals` > 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Decimal {
    raw: i64,
    decimals: u32,
}

impl Decimal {
    /// Reads plain decimal text; magnitudes stay below 2^52, so that nine decimals still fit.
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = u32::try_from(fraction.len()).ok()?;
        if whole.is_empty() || !plain(whole) || !plain(fraction) || decimals > DECIMALS_MAX {
            return None;
        }
        let magnitude: i64 = format!("{whole}{fraction}").parse().ok()?;
        let raw = if text.starts_with('-') { -magnitude } else { magnitude };
        Some(Self { raw, decimals }).filter(|value| value.raw.unsigned_abs() < 1 << 52)
    }

    /// The raw value at a finer place; saturates where it would not fit, and the scale then refuses it.
    fn at(self, decimals: u32) -> i64 {
        self.raw.saturating_mul(10i64.pow(decimals - self.decimals))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Dataset, DatasetError> {
        let name = |text: &str| text.to_owned();
        let columns = Columns { subject: name("who"), time: name("at"), value: name("x") };
        Dataset::read(text.as_bytes(), &columns)
    }

    #[test]
    fn the_hall_table_is_whole() {
        let data = Dataset::hall_2018();
        assert_eq!(data.subjects.len(), 19);
        assert_eq!(data.subjects.values().map(Vec::len).sum::<usize>(), 34_890);
        assert_eq!(data.decimals, 0);
        assert_eq!(data.range(), (41, 303));
        assert_eq!(data.subjects["1636-69-001"][..5], [93, 93, 93, 95, 96]);
    }

    #[test]
    fn decimals_are_exact_and_lines_may_come_in_any_order() {
        let data =
            read("at,x,who\n2,5.25,b\n1,-4,b\n10,7.10,b\n2020-01-02T03:04:05,0.5,a\n").unwrap();
        assert_eq!(data.decimals, 2);
        assert_eq!(data.subjects["b"], [-400, 525, 710]);
        assert_eq!(data.subjects["a"], [50]);
        assert_eq!(data.range(), (-400, 710));
    }

    #[test]
    fn bad_tables_name_the_place() {
        let message = |text| read(text).unwrap_err().to_string();
        assert!(message("who,at,y\n").contains("no column \"x\": the columns are who, at, y"));
        assert!(message("who,at,x\na,1,high\n").contains("line 2, column \"x\": \"high\""));
        assert!(message("who,at,x\na,yesterday,1\n").contains("column \"at\""));
        assert!(message("who,at,x\na,1,1.0123456789\n").contains("9 decimals"));
        assert!(message("who,at,x\na,1,99999999999999999999\n").contains("column \"x\""));
        assert!(message("who,at,x\n").contains("no readings"));
        assert!(message("who,at,x\na,1\n").contains("record 1"));
        for not_a_number in ["", "-", ".", "1e5", "NaN", "--1", "1.2.3", "0x1"] {
            assert_eq!(Decimal::parse(not_a_number), None, "{not_a_number:?}");
        }
    }
}
