//! SQLite files of what must not be forgotten: synced to disk at the end of each writing transaction, closed to all but
//! their owner, and brought up to date when they are opened.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use pulseproof_files::{close_to_others, private_file};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, SqlSafeStr, Sqlite, SqlitePool, Transaction};

/// What SQLite has beside a file, for as long as it is open.
const BESIDE: [&str; 2] = ["-wal", "-shm"];
/// How long a writer waits for another before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A change of the schema: its number, its name, and what it does. One that was released stays as it is.
pub type SchemaChange = (i64, &'static str, &'static str);

/// Why a file was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be made, or not be closed to others.
    #[error("{}: {source}", path.display())]
    File {
        /// Which one.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// SQLite failed.
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error(transparent)]
    Migration(#[from] MigrateError),
    /// The schema is of another version, and was to be left as it is.
    #[error("{}: of another version of this program", .0.display())]
    OtherVersion(PathBuf),
}

/// Opens or makes a file, for so many connections, and makes those changes of the schema that it has not seen yet, the
/// first ones first.
///
/// # Errors
/// The file cannot be used, or its schema is another.
pub async fn open(
    file: &Path,
    schema: &[SchemaChange],
    connections_max: u32,
) -> Result<SqlitePool, OpenError> {
    make(file).map_err(|source| OpenError::File { path: file.to_owned(), source })?;
    let pool = connect(file, connections_max).await?;
    migrator(schema).run(&pool).await?;
    Ok(pool)
}

/// Opens a file that others may have open, and changes nothing of its schema.
///
/// # Errors
/// There is no such file, or its schema is another.
pub async fn open_as_it_is(
    file: &Path,
    schema: &[SchemaChange],
    connections_max: u32,
) -> Result<SqlitePool, OpenError> {
    let there = file.metadata();
    there.map_err(|source| OpenError::File { path: file.to_owned(), source })?;
    let pool = connect(file, connections_max).await?;
    let newest = "SELECT max(version) FROM _sqlx_migrations WHERE success";
    // Without that table there is no schema at all.
    let found: Option<i64> = sqlx::query_scalar(newest).fetch_one(&pool).await.unwrap_or(None);
    if found == schema.last().map(|change| change.0) {
        return Ok(pool);
    }
    pool.close().await;
    Err(OpenError::OtherVersion(file.to_owned()))
}

async fn connect(file: &Path, connections_max: u32) -> Result<SqlitePool, OpenError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT);
    Ok(SqlitePoolOptions::new().max_connections(connections_max).connect_with(options).await?)
}

/// A transaction that holds the write lock from its start: what is checked in it is so when it writes.
///
/// # Errors
/// SQLite's.
pub async fn write(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, sqlx::Error> {
    pool.begin_with("BEGIN IMMEDIATE").await
}

/// Makes the file: SQLite would make it for everybody whom the process's mask lets.
fn make(file: &Path) -> io::Result<()> {
    private_file(file)?;
    for end in BESIDE {
        let mut beside = file.as_os_str().to_owned();
        beside.push(end);
        close_to_others(Path::new(&beside))?;
    }
    Ok(())
}

/// What makes changes of a schema, the first ones first, and each once, in whichever database.
pub fn migrator(schema: &[SchemaChange]) -> Migrator {
    let migration = |&(version, name, sql): &SchemaChange| {
        let sql = AssertSqlSafe(sql).into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, sql, false)
    };
    Migrator::with_migrations(schema.iter().map(migration).collect())
}

#[cfg(test)]
mod tests;
