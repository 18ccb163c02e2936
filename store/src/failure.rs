//! What the errors of databases mean.

use crate::{StoreError, postgres, sqlite};

/// What a database said, without the rows that PostgreSQL's errors quote.
#[derive(Debug, thiserror::Error)]
#[error("error returned from database: {message} (code {code})")]
struct Failure {
    message: String,
    code: String,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let Some(failed) = error.as_database_error() else {
            return Self::Database(Box::new(error));
        };
        let code = failed.code().unwrap_or_default().into_owned();
        if [sqlite::FULL, postgres::FULL].contains(&&*code) {
            return Self::Full;
        }
        Self::Database(Box::new(Failure { message: failed.message().to_owned(), code }))
    }
}
