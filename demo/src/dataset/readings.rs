//! Readings as they come, made a [`Dataset`]: in order of time, each of them once.

use std::collections::BTreeMap;

use super::time::{self, TimeError, TimeFormat};
use super::{Columns, Dataset, DatasetError, READINGS_MAX, Zone};
use pulseproof_packing::decimal::Decimal;

/// One row, as text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Where it was found.
    pub line: u64,
    /// Who was measured.
    pub subject: &'a str,
    /// When.
    pub time: &'a str,
    /// What was measured.
    pub value: &'a str,
}

/// Takes in rows in any order. Whatever the file they come from, this is what its rows go through.
#[derive(Debug)]
pub struct Readings<'a> {
    columns: Columns,
    zone: Option<&'a Zone>,
    kind: Option<TimeFormat>,
    count: usize,
    subjects: BTreeMap<String, Vec<Reading>>,
}

#[derive(Clone, Copy, Debug)]
struct Reading {
    time: i128,
    line: u64,
    value: Decimal,
}

impl<'a> Readings<'a> {
    /// No readings yet. Columns are named in errors, the zone is the one of times that have no offset.
    pub fn new(columns: Columns, zone: Option<&'a Zone>) -> Self {
        Self { columns, zone, kind: None, count: 0, subjects: BTreeMap::new() }
    }

    /// Takes in a row.
    ///
    /// # Errors
    /// A cell is not what its column should hold, or there are too many.
    pub fn add(&mut self, row: Row<'_>) -> Result<(), DatasetError> {
        if self.count == READINGS_MAX {
            return Err(DatasetError::TooLong);
        }
        let time = self.time(row.time).map_err(|error| DatasetError::Time {
            line: row.line,
            column: self.columns.time.clone(),
            value: beginning(row.time),
            error,
        })?;
        let value = Decimal::parse(row.value).ok_or_else(|| DatasetError::Value {
            line: row.line,
            column: self.columns.value.clone(),
            value: beginning(row.value),
        })?;
        let reading = Reading { time, line: row.line, value };
        // Most rows are of a subject that is known: a name is copied only once.
        match self.subjects.get_mut(row.subject) {
            Some(known) => known.push(reading),
            None => drop(self.subjects.insert(row.subject.to_owned(), vec![reading])),
        }
        self.count += 1;
        Ok(())
    }

    fn time(&mut self, text: &str) -> Result<i128, TimeError> {
        let (kind, time) = time::parse(text, self.zone)?;
        if *self.kind.get_or_insert(kind) == kind { Ok(time) } else { Err(TimeError::OtherKind) }
    }

    /// Brings every subject's readings into order of time, leaves out those that say again what was said,
    /// and brings all values to the finest decimal place.
    ///
    /// # Errors
    /// There are none, or two of them contradict each other.
    pub fn finish(mut self) -> Result<Dataset, DatasetError> {
        if self.subjects.is_empty() {
            return Err(DatasetError::Empty);
        }
        for (subject, readings) in &mut self.subjects {
            readings.sort_by_key(|reading| (reading.time, reading.line));
            consistent(subject, readings)?;
            readings.dedup_by_key(|reading| reading.time);
        }
        let all = self.subjects.values().flatten();
        let decimals = all.clone().map(|reading| reading.value.decimals).max().unwrap_or(0);
        let repeats = self.count - all.count();
        let raw = |readings: Vec<Reading>| readings.iter().map(|r| r.value.at(decimals)).collect();
        let subjects =
            self.subjects.into_iter().map(|(name, values)| (name, raw(values))).collect();
        Ok(Dataset { decimals, columns: self.columns, subjects, repeats })
    }
}

/// At one instant a subject has one value.
fn consistent(subject: &str, in_order: &[Reading]) -> Result<(), DatasetError> {
    let contradicts =
        |pair: &&[Reading]| pair[0].time == pair[1].time && pair[0].value != pair[1].value;
    match in_order.windows(2).find(contradicts) {
        None => Ok(()),
        Some(pair) => Err(DatasetError::Contradiction {
            subject: beginning(subject),
            lines: (pair[0].line, pair[1].line),
        }),
    }
}

/// As much of a cell as an error shows.
fn beginning(cell: &str) -> String {
    cell.chars().take(40).collect()
}
