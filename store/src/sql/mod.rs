//! What both databases do, in the SQL that both of them read: a file for each topic.
//!
//! [`sqlite`](crate::sqlite) and [`postgres`](crate::postgres) each have this folder as a module of their own, compiled
//! against their own `dialect`: the few things that are not the same in both. Rules are thus written once, and nothing
//! is generic over databases, which in sqlx takes longer to say than the queries themselves.
//!
//! Every write, of one statement or of many, is a transaction that begins with the store's write lock: rules are checked
//! in what is then written, the log is in the order of what was done, and no two wait for each other.

pub(super) mod audit;
mod blobs;
mod circuits;
mod epochs;
pub(super) mod jobs;
mod keys;
mod profiles;
mod programs;
mod proofs;
pub(super) mod queue;
mod regions;
mod results;
mod submissions;
mod tokens;

use std::sync::Arc;

use async_trait::async_trait;
use audit::Write;
use pulseproof_sdk::Digest;
use sqlx::{Database, Pool};

use super::dialect::{self, Db};
use crate::audit::APPLIANCE;
use crate::clock::{Clock, Timestamp};
use crate::{Store, StoreError, corrupt};

type SqlRow = <Db as Database>::Row;

/// A store in a database.
pub struct SqlStore {
    pub(super) pool: Pool<Db>,
    clock: Arc<dyn Clock>,
    /// Who acts.
    who: Arc<str>,
}

impl SqlStore {
    /// The store in a database whose schema is up to date.
    pub(super) fn new(pool: Pool<Db>, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock, who: APPLIANCE.into() }
    }

    /// Makes the store one of this SRS, if it is of none.
    pub(super) async fn claim(&self, srs: Digest) -> Result<(), StoreError> {
        let mut transaction = self.write().await?;
        sqlx::query(r#"INSERT INTO appliance ("only", srs) VALUES (1, $1) ON CONFLICT DO NOTHING"#)
            .bind(srs.to_string())
            .execute(&mut **transaction)
            .await?;
        let stored: String =
            sqlx::query_scalar("SELECT srs FROM appliance").fetch_one(&mut **transaction).await?;
        transaction.commit().await?;
        if stored == srs.to_string() {
            Ok(())
        } else {
            Err(StoreError::WrongSrs { stored, given: srs })
        }
    }

    /// A transaction that holds the write lock from its start.
    async fn write(&self) -> Result<Write, StoreError> {
        let transaction = dialect::write(&self.pool).await?;
        Ok(Write::new(transaction, &self.who, self.clock.now()))
    }
}

#[async_trait]
impl Store for SqlStore {
    fn by(&self, who: &str) -> Arc<dyn Store> {
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        Arc::new(Self { pool, clock, who: who.into() })
    }

    async fn close(&self) {
        self.pool.close().await;
    }
}

/// A number in a form whose order in a database is the numbers' order, over all 64 bits.
pub(super) fn ordered(number: u64) -> Vec<u8> {
    number.to_be_bytes().to_vec()
}

pub(super) fn from_ordered(field: &'static str, bytes: &[u8]) -> Result<u64, StoreError> {
    match bytes.try_into() {
        Ok(bytes) => Ok(u64::from_be_bytes(bytes)),
        Err(_) => Err(corrupt(field, &format!("{} bytes instead of 8", bytes.len()))),
    }
}

/// A number as databases keep it.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn millis(Timestamp(millis): Timestamp) -> i64 {
    signed(millis)
}

/// A job's id that somebody asks for. No text in PostgreSQL has a zero byte, and no job has an empty id.
fn asked(id: &str) -> &str {
    if id.contains('\0') { "" } else { id }
}
