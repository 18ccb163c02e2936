//! Which columns of a table are read: those that were named, or those with the usual names. Touches nothing.

use super::DatasetError;

/// What a table's columns are called, where no name is given.
const SUBJECTS: &[&str] = &[
    "subject",
    "subject_id",
    "subjectid",
    "id",
    "patient",
    "patient_id",
    "patientid",
    "participant",
    "participant_id",
    "user",
    "user_id",
    "device",
    "device_id",
    "deidentid",
    "ptid",
];
const TIMES: &[&str] = &[
    "time",
    "timestamp",
    "datetime",
    "date_time",
    "date",
    "device_timestamp",
    "recorded_at",
    "devicedttm",
    "datadttm",
];
const VALUES: &[&str] = &[
    "value",
    "gl",
    "glucose",
    "glucose_value",
    "bg",
    "sgv",
    "cgm",
    "reading",
    "measurement",
    "glucose_mg_dl",
    "glucose_value_mg_dl",
    "historic_glucose_mg_dl",
];

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

/// Columns that somebody named; whatever was not named is found by its usual names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChosenColumns {
    /// Who was measured.
    pub subject: Option<String>,
    /// When.
    pub time: Option<String>,
    /// What was measured.
    pub value: Option<String>,
}

impl ChosenColumns {
    /// The columns of a header, and where they are: subject, time, value.
    pub(super) fn find(
        &self,
        header: &csv::StringRecord,
    ) -> Result<(Columns, [usize; 3]), DatasetError> {
        let subject = find(header, "subject", self.subject.as_deref(), SUBJECTS)?;
        let time = find(header, "time", self.time.as_deref(), TIMES)?;
        let value = find(header, "value", self.value.as_deref(), VALUES)?;
        let name = |place: usize| header[place].to_owned();
        let columns = Columns { subject: name(subject), time: name(time), value: name(value) };
        Ok((columns, [subject, time, value]))
    }
}

fn find(
    header: &csv::StringRecord,
    what: &'static str,
    given: Option<&str>,
    usual: &[&str],
) -> Result<usize, DatasetError> {
    let is_meant = |cell: &str| match given {
        Some(name) => cell == name,
        None => usual.contains(&plain(cell).as_str()),
    };
    let mut places = (0..header.len()).filter(|&place| is_meant(&header[place]));
    let found = || header.iter().collect::<Vec<_>>().join(", ");
    let first = places.next().ok_or_else(|| match given {
        Some(name) => DatasetError::NoColumn { name: name.to_owned(), found: found() },
        None => DatasetError::Unnamed { what, found: found() },
    })?;
    match places.next() {
        None => Ok(first),
        Some(second) => Err(DatasetError::Ambiguous {
            what,
            first: header[first].to_owned(),
            second: header[second].to_owned(),
        }),
    }
}

/// A column's name in small letters, whatever else it has in it as one `_` between them.
fn plain(cell: &str) -> String {
    let mut plain = String::new();
    for letter in cell.chars() {
        if letter.is_alphanumeric() {
            plain.extend(letter.to_lowercase());
        } else if !plain.is_empty() && !plain.ends_with('_') {
            plain.push('_');
        }
    }
    plain.trim_end_matches('_').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(given: &ChosenColumns, header: &[&str]) -> Result<[usize; 3], String> {
        let header = csv::StringRecord::from(header);
        given.find(&header).map(|(_, places)| places).map_err(|error| error.to_string())
    }

    #[test]
    fn usual_names_are_recognised() {
        let usual = |header: &[&str]| find(&ChosenColumns::default(), header);
        assert_eq!(usual(&["id", "time", "gl"]).unwrap(), [0, 1, 2]);
        assert_eq!(usual(&["subject", "time", "value"]).unwrap(), [0, 1, 2]);
        let dexcom = ["Index", "Timestamp", "Glucose Value (mg/dL)", "Patient ID"];
        assert_eq!(usual(&dexcom).unwrap(), [3, 1, 2]);
    }

    #[test]
    fn what_is_not_clear_is_asked() {
        let error = find(&ChosenColumns::default(), &["id", "at", "gl"]).unwrap_err();
        assert!(error.contains("time") && error.contains("id, at, gl"), "{error}");
        let error = find(&ChosenColumns::default(), &["id", "date", "time", "gl"]).unwrap_err();
        assert!(error.contains("\"date\" and \"time\""), "{error}");
        let given = ChosenColumns { time: Some("time".to_owned()), ..ChosenColumns::default() };
        assert_eq!(find(&given, &["id", "date", "time", "gl"]).unwrap(), [0, 2, 3]);
        let error = find(&given, &["id", "Time", "gl"]).unwrap_err();
        assert!(error.contains("no column \"time\""), "{error}");
        let error = find(&given, &["id", "time", "time", "gl"]).unwrap_err();
        assert!(error.contains("\"time\" and \"time\""), "{error}");
    }
}
