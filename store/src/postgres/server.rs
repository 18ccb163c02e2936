//! The server: how it is spoken to, and what it has to be like so that nothing is lost.

use std::time::Duration;

use sqlx::migrate::MigrateError;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{PgPool, Row as _};

/// Open connections: one writes, the others read or wait.
const CONNECTIONS_MAX: u32 = 8;
/// How long somebody waits for a connection.
const PATIENCE: Duration = Duration::from_secs(30);
/// What holds in every session, whatever the server or the address says.
const SESSION: [(&str, &str); 6] = [
    // An answer is given when what it is about is on the disk.
    ("synchronous_commit", "on"),
    // How long a writer waits for another before it gives up.
    ("lock_timeout", "30s"),
    ("statement_timeout", "60s"),
    // An appliance that stands still in the middle of a write does not hold up the others for ever.
    ("idle_in_transaction_session_timeout", "30s"),
    ("default_transaction_isolation", "read committed"),
    ("standard_conforming_strings", "on"),
];
/// What an address may say behind its question mark. The rest would be logged, with what may be secret.
const PARAMETERS: [&str; 12] = [
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];
/// The oldest version of which we know that it does what is asked of it here.
const OLDEST: i32 = 14;

/// Why a database is not used.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// That is no address of a database.
    #[error("PostgreSQL: malformed address: {0}")]
    Address(#[source] sqlx::Error),
    /// The address has a parameter of which nothing is known.
    #[error("PostgreSQL: the address has an unknown parameter; known are {}", PARAMETERS.join(", "))]
    Parameter,
    /// The server cannot be reached, or lets nobody in.
    #[error("PostgreSQL: {0}")]
    Server(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("PostgreSQL: {0}")]
    Migration(#[from] MigrateError),
    /// There is no store, or it is of another version, and was to be left as it is.
    #[error("PostgreSQL: no store of this version of the program")]
    OtherVersion,
    /// The server is too old.
    #[error("PostgreSQL {0} is too old: version {OLDEST} at least is needed")]
    TooOld(i32),
    /// A setting lets the server lose what it said was stored.
    #[error("PostgreSQL: {setting} is {value}: what was stored could be lost; it has to be on")]
    Unsafe {
        /// The setting.
        setting: &'static str,
        /// What it is.
        value: String,
    },
    /// The database does not hold every text.
    #[error("PostgreSQL: the database's encoding is {0}; it has to be UTF8")]
    Encoding(String),
    /// Nothing can be written there.
    #[error("PostgreSQL: the server is a standby: nothing can be written there")]
    Standby,
}

/// Connects to a database whose server loses nothing.
pub async fn connect(url: &str) -> Result<PgPool, OpenError> {
    let options = options(url)?;
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS_MAX)
        .acquire_timeout(PATIENCE)
        .connect_with(options)
        .await?;
    found(&pool).await?.check()?;
    Ok(pool)
}

fn options(url: &str) -> Result<PgConnectOptions, OpenError> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    for parameter in query.split('&').filter(|parameter| !parameter.is_empty()) {
        let name = parameter.split('=').next().unwrap_or_default();
        if !PARAMETERS.contains(&name.split('[').next().unwrap_or_default()) {
            return Err(OpenError::Parameter);
        }
    }
    let options: PgConnectOptions = url.parse().map_err(OpenError::Address)?;
    Ok(options.options(SESSION))
}

/// What a server says of itself and of the session.
struct Found {
    /// Major and minor version, as one number.
    version: i32,
    fsync: String,
    full_page_writes: String,
    synchronous_commit: String,
    encoding: String,
    is_standby: bool,
}

async fn found(pool: &PgPool) -> Result<Found, sqlx::Error> {
    let row = sqlx::query(
        "SELECT current_setting('server_version_num')::int4 AS version,
                current_setting('fsync') AS fsync,
                current_setting('full_page_writes') AS full_page_writes,
                current_setting('synchronous_commit') AS synchronous_commit,
                current_setting('server_encoding') AS encoding,
                pg_is_in_recovery() AS is_standby",
    )
    .fetch_one(pool)
    .await?;
    Ok(Found {
        version: row.try_get("version")?,
        fsync: row.try_get("fsync")?,
        full_page_writes: row.try_get("full_page_writes")?,
        synchronous_commit: row.try_get("synchronous_commit")?,
        encoding: row.try_get("encoding")?,
        is_standby: row.try_get("is_standby")?,
    })
}

impl Found {
    fn check(self) -> Result<(), OpenError> {
        let version = self.version / 10_000;
        if version < OLDEST {
            return Err(OpenError::TooOld(version));
        }
        for (setting, value) in [
            ("fsync", self.fsync),
            ("full_page_writes", self.full_page_writes),
            // Ours, unless something between the server and us takes it out.
            ("synchronous_commit", self.synchronous_commit),
        ] {
            if value != "on" {
                return Err(OpenError::Unsafe { setting, value });
            }
        }
        if self.encoding != "UTF8" {
            return Err(OpenError::Encoding(self.encoding));
        }
        if self.is_standby {
            return Err(OpenError::Standby);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Found {
        let on = "on".to_owned();
        Found {
            version: 140_000,
            fsync: on.clone(),
            full_page_writes: on.clone(),
            synchronous_commit: on,
            encoding: "UTF8".to_owned(),
            is_standby: false,
        }
    }

    /// What no server of the other tests is like.
    #[test]
    fn servers_are_refused_that_are_too_old_or_behind_something_that_changes_sessions() {
        good().check().unwrap();
        let old = Found { version: 130_023, ..good() };
        assert!(matches!(old.check(), Err(OpenError::TooOld(13))));
        let between = Found { synchronous_commit: "off".to_owned(), ..good() };
        let refused = between.check();
        assert!(
            matches!(refused, Err(OpenError::Unsafe { setting: "synchronous_commit", .. })),
            "{refused:?}"
        );
    }
}
