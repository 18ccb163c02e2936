//! What only PostgreSQL says so.

use sqlx::{Pool, Postgres, Transaction};

pub type Db = Postgres;

/// Begins a transaction that holds the write lock: that of a table of the store, so that stores in other schemas do not
/// wait for it. Who reads does not wait either. Each later statement sees all that was committed before it, and so
/// everything that was there when the lock was given.
pub async fn write(pool: &Pool<Db>) -> Result<Transaction<'static, Db>, sqlx::Error> {
    let mut transaction =
        pool.begin_with("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE").await?;
    sqlx::query("LOCK TABLE appliance IN EXCLUSIVE MODE").execute(&mut *transaction).await?;
    Ok(transaction)
}

/// Puts an entry behind the last one of the log: when, who, what. A position is given once, also if its entry is gone;
/// a sequence would also leave out those of transactions that came to nothing.
pub const NOTE: &str =
    "WITH next AS (UPDATE audit_end SET position = position + 1 RETURNING position)
     INSERT INTO audit (position, at_ms, who, act) SELECT position, $1, $2, $3 FROM next";

/// The regions of a job, as a JSON array. PostgreSQL reads no JSON in which a zero byte is escaped: any other character
/// does as well for what is looked for.
macro_rules! regions {
    () => {
        r"CASE kind
              WHEN 'aggregate' THEN json_build_array(request::json -> 'region')::text
              WHEN 'fhe' THEN (SELECT coalesce(json_agg(value -> 'region'), '[]')::text FROM
                   json_array_elements(replace(request, '\u0000', '\u0001')::json -> 'sums'))
              ELSE '[]' END"
    };
}
pub(crate) use regions;

/// The epoch that a job sums, as it is written: there are more of them than PostgreSQL has whole numbers.
macro_rules! epoch {
    () => {
        "CASE kind WHEN 'aggregate' THEN request::json ->> 'epoch' END"
    };
}
pub(crate) use epoch;

/// The circuit that a job proves.
macro_rules! circuit {
    () => {
        "CASE kind WHEN 'groth16' THEN request::json ->> 'circuit' END"
    };
}
pub(crate) use circuit;
