//! Readings of many subjects, from CSV.
//!
//! Values are decimal text and are kept as integers of the finest decimal place that occurs: no
//! reading is ever rounded. Times are instants, and a reading that a table repeats is one reading.

mod columns;
mod readings;
#[cfg(test)]
mod tests;
mod time;

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;

pub use columns::{ChosenColumns, Columns};
pub use pulseproof_packing::decimal::DECIMALS_MAX;
use pulseproof_packing::decimal::Decimal;
pub use readings::{Readings, Row};
pub use time::{TimeError, Zone};

/// Most readings that are accepted.
pub const READINGS_MAX: usize = 50_000_000;

/// Readings by subject, in order of time, each of them once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dataset {
    /// A raw value r stands for r·10^-decimals.
    pub decimals: u32,
    /// The columns that were read.
    pub columns: Columns,
    /// Raw values of each subject.
    pub subjects: BTreeMap<String, Vec<i64>>,
    /// Rows that said again what another one said: same subject, same instant, same value.
    pub repeats: usize,
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
    /// No column has a usual name.
    #[error("no column is known to be the {what}: the columns are {found}; say which one it is")]
    Unnamed {
        /// What is looked for.
        what: &'static str,
        /// The header.
        found: String,
    },
    /// Two columns have one.
    #[error("columns {first:?} and {second:?} may both be the {what}: say which one it is")]
    Ambiguous {
        /// What is looked for.
        what: &'static str,
        /// A column.
        first: String,
        /// Another one.
        second: String,
    },
    /// A time that is no instant.
    #[error("line {line}, column {column:?}: {value:?} {error}")]
    Time {
        /// Line of the file, the header being 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        value: String,
        /// What is wrong with it.
        error: TimeError,
    },
    /// A value that is no number.
    #[error(
        "line {line}, column {column:?}: {value:?} is not a decimal number with at most \
         {DECIMALS_MAX} decimals"
    )]
    Value {
        /// Line of the file, the header being 1.
        line: u64,
        /// The column.
        column: String,
        /// The cell.
        value: String,
    },
    /// Two values of a subject at one instant.
    #[error(
        "lines {} and {} contradict each other: {subject:?} has two values at one instant; remove the \
         wrong one",
        lines.0, lines.1
    )]
    Contradiction {
        /// Who was measured.
        subject: String,
        /// Where.
        lines: (u64, u64),
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
        // The sensors' clocks ran through: any zone that never changes gives the same order.
        Self::read(table, &ChosenColumns::default(), Some(&Zone::UTC))
            .expect("the table that comes with the program can be read")
    }

    /// Reads a CSV table with a header. Lines may come in any order; the zone is the one of times without an
    /// offset.
    ///
    /// # Errors
    /// A column is missing or it is not clear which one is meant, a cell is not what its column should hold, or
    /// lines contradict each other.
    pub fn read(
        table: impl Read,
        columns: &ChosenColumns,
        zone: Option<&Zone>,
    ) -> Result<Self, DatasetError> {
        let mut rows = csv::Reader::from_reader(table);
        let header = rows.headers()?.clone();
        let (columns, [subject, time, value]) = columns.find(&header)?;
        let mut readings = Readings::new(columns, zone);
        for row in rows.records() {
            let row = row?;
            let line = row.position().map_or(0, csv::Position::line);
            let row = Row { line, subject: &row[subject], time: &row[time], value: &row[value] };
            readings.add(row)?;
        }
        readings.finish()
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
