use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use tempfile::TempDir;

use super::*;

const SCHEMA: [SchemaChange; 2] = [
    (1, "one", "CREATE TABLE one (value INTEGER) STRICT"),
    (2, "two", "ALTER TABLE one ADD COLUMN other INTEGER"),
];

fn place() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.sqlite");
    (folder, file)
}

#[tokio::test]
async fn what_is_committed_is_on_the_disk_and_rows_refer_to_rows_that_are_there() {
    let (_folder, file) = place();
    let pool = open(&file, &SCHEMA, 1).await.unwrap();
    let pragma = async |name: &'static str| -> i64 {
        let sql = AssertSqlSafe(format!("SELECT {name} FROM pragma_{name}"));
        sqlx::query_scalar(sql).fetch_one(&pool).await.unwrap()
    };
    // FULL.
    assert_eq!(pragma("synchronous").await, 2);
    assert_eq!(pragma("foreign_keys").await, 1);
}

/// A process that was killed leaves more than the file.
#[tokio::test]
async fn what_earlier_versions_left_is_closed_to_others() {
    let (old, file) = place();
    let killed = open(&file, &SCHEMA[..1], 1).await.unwrap();
    sqlx::query("INSERT INTO one VALUES (7)").execute(&killed).await.unwrap();
    let (folder, copy) = place();
    for left in fs::read_dir(old.path()).unwrap() {
        let left = left.unwrap();
        let copy = folder.path().join(left.file_name());
        fs::copy(left.path(), &copy).unwrap();
        fs::set_permissions(copy, Permissions::from_mode(0o644)).unwrap();
    }
    killed.close().await;
    let pool = open(&copy, &SCHEMA, 1).await.unwrap();
    let row: (i64, Option<i64>) =
        sqlx::query_as("SELECT value, other FROM one").fetch_one(&pool).await.unwrap();
    assert_eq!(row, (7, None));
    let mut modes = Vec::new();
    for entry in fs::read_dir(folder.path()).unwrap() {
        modes.push(entry.unwrap().metadata().unwrap().permissions().mode() & 0o777);
    }
    assert_eq!(modes, [0o600; 3]);
}

#[tokio::test]
async fn a_schema_that_was_changed_afterwards_is_refused() {
    let (_folder, file) = place();
    open(&file, &SCHEMA, 1).await.unwrap().close().await;
    let edited = [SCHEMA[0], (2, "two", "ALTER TABLE one ADD COLUMN another INTEGER")];
    for other in [&edited[..], &SCHEMA[..1]] {
        let refused = open(&file, other, 1).await.map(drop);
        assert!(matches!(refused, Err(OpenError::Migration(_))), "{refused:?}");
    }
    open(&file, &SCHEMA, 1).await.unwrap();
}

#[tokio::test]
async fn who_writes_holds_the_lock_before_it_has_written() {
    let (_folder, file) = place();
    let pool = open(&file, &SCHEMA, 2).await.unwrap();
    let first = write(&pool).await.unwrap();
    // Somebody who does not wait.
    let mut other = pool.acquire().await.unwrap();
    sqlx::query("PRAGMA busy_timeout = 0").execute(&mut *other).await.unwrap();
    let insert = "INSERT INTO one VALUES (1, 2)";
    let locked = sqlx::query(insert).execute(&mut *other).await.unwrap_err();
    assert!(locked.to_string().contains("locked"), "{locked}");
    first.rollback().await.unwrap();
    sqlx::query(insert).execute(&mut *other).await.unwrap();
}
