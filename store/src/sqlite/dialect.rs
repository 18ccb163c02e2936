//! What only SQLite says so.

use sqlx::{Pool, Sqlite, Transaction};

pub type Db = Sqlite;

/// Begins a transaction that holds the write lock.
pub async fn write(pool: &Pool<Db>) -> Result<Transaction<'static, Db>, sqlx::Error> {
    pulseproof_sqlite::write(pool).await
}

/// Puts an entry behind the last one of the log: when, who, what. A position is given once, also if its entry is gone.
pub const NOTE: &str = "INSERT INTO audit (at_ms, who, act) VALUES ($1, $2, $3)";

/// The regions of a job, as a JSON array.
macro_rules! regions {
    () => {
        "CASE kind WHEN 'aggregate' THEN json_array(json_extract(request, '$.region'))
                   WHEN 'fhe' THEN (SELECT json_group_array(json_extract(value, '$.region'))
                                    FROM json_each(request, '$.sums'))
                   ELSE '[]' END"
    };
}
pub(crate) use regions;

/// The epoch that a job sums, as it is written: there are more of them than SQLite has whole numbers.
macro_rules! epoch {
    () => {
        "CASE kind WHEN 'aggregate' THEN request -> '$.epoch' END"
    };
}
pub(crate) use epoch;

/// The circuit that a job proves.
macro_rules! circuit {
    () => {
        "CASE kind WHEN 'groth16' THEN request ->> '$.circuit' END"
    };
}
pub(crate) use circuit;
