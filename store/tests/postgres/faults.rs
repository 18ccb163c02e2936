//! What is left when something fails in the middle, and what is said of it.

use std::sync::Arc;
use std::time::Duration;

use pulseproof_sdk::Digest;
use pulseproof_store::jobs::JobKind;
use pulseproof_store::postgres::PostgresStore;
use pulseproof_store::{Regions as _, StoreError, SystemClock};
use sqlx::Connection as _;
use tokio::time::sleep;

use super::Schema;
use super::together::{TERM, Test, add_circuit, appliance, lock, name, positions, queue, roster};

pub const TESTS: [(&str, Test); 5] = [
    ("a_write_that_is_cut_off_leaves_nothing", |schema| Box::pin(cut_off(schema))),
    ("a_writer_that_is_given_up_lets_the_others_write", |schema| Box::pin(given_up(schema))),
    ("a_full_disk_is_told_from_other_failures", |schema| Box::pin(full(schema))),
    ("failures_quote_no_row", |schema| Box::pin(quoting(schema))),
    ("what_is_committed_is_on_the_disk_whatever_the_server_s_settings", |schema| {
        Box::pin(durable(schema))
    }),
];

/// Somebody ends the connection in the middle of a write, which is held up there.
async fn cut_off(schema: Schema) {
    let store = appliance(&schema).await;
    add_circuit(&*store).await;
    let before = positions(&schema).await;
    let held = lock(&schema, "job_secrets", "ACCESS EXCLUSIVE").await;
    let writer = Arc::clone(&store);
    let write = tokio::spawn(async move { queue(&*writer, "a").await });
    let mut beside = schema.server.connect().await;
    let cut = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
               WHERE wait_event_type = 'Lock' AND query LIKE 'INSERT INTO job_secrets%'";
    while sqlx::query_scalar::<_, i64>(cut).fetch_one(&mut beside).await.unwrap() == 0 {
        sleep(Duration::from_millis(10)).await;
    }
    let failed = write.await.unwrap().unwrap_err();
    assert!(matches!(failed, StoreError::Database(_)), "{failed:?}");
    held.close().await.unwrap();
    assert!(store.job("a").await.unwrap().is_none());
    assert_eq!(store.queue_length().await.unwrap(), 0);
    assert_eq!(positions(&schema).await, before);
    // The next one waits for nobody, and has the next position.
    assert_eq!(queue(&*store, "a").await.unwrap(), "a");
    assert_eq!(positions(&schema).await.last(), Some(&(before.len() as i64 + 1)));
    assert_eq!(store.take(JobKind::Groth16, TERM).await.unwrap().unwrap().lease.id, "a");
}

/// Whoever asked went away while it was being written.
async fn given_up(schema: Schema) {
    let store = appliance(&schema).await;
    add_circuit(&*store).await;
    let held = lock(&schema, "job_secrets", "ACCESS EXCLUSIVE").await;
    for index in 0..4_u64 {
        let writer = Arc::clone(&store);
        let id = format!("given-up-{index}");
        let write = tokio::spawn(async move { queue(&*writer, &id).await });
        sleep(Duration::from_millis(20 * index)).await;
        write.abort();
    }
    held.close().await.unwrap();
    // Ten, so that every connection has its turn.
    for index in 0..10 {
        let id = format!("{index}");
        assert_eq!(queue(&*store, &id).await.unwrap(), id);
        assert!(store.job(&id).await.unwrap().is_some());
    }
    for index in 0..4 {
        assert!(store.job(&format!("given-up-{index}")).await.unwrap().is_none());
    }
}

/// Makes a failure of every region that is stored.
async fn fail(schema: &Schema, how: &str) {
    let name = &schema.name;
    let sql = format!(
        "CREATE FUNCTION {name}.fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {how} END $$;
         CREATE TRIGGER fail BEFORE INSERT ON {name}.regions
             FOR EACH ROW EXECUTE FUNCTION {name}.fail()"
    );
    schema.server.execute(&sql).await;
}

async fn full(schema: Schema) {
    let store = appliance(&schema).await;
    fail(&schema, "RAISE 'could not extend file' USING ERRCODE = 'disk_full';").await;
    let failed = store.register(&roster("north")).await.unwrap_err();
    assert!(matches!(failed, StoreError::Full), "{failed:?}");
    assert!(store.roster(&name("north")).await.unwrap().is_none());
}

async fn quoting(schema: Schema) {
    let store = appliance(&schema).await;
    fail(&schema, "RAISE 'no' USING DETAIL = 'Failing row contains ' || NEW.roster;").await;
    let failed = store.register(&roster("north")).await.unwrap_err();
    let said = format!("{failed} {failed:?}");
    assert!(said.contains("no (code P0001)") && !said.contains("north"), "{said}");
}

async fn durable(schema: Schema) {
    appliance(&schema).await.close().await;
    let how =
        "IF current_setting('synchronous_commit') <> 'on' THEN RAISE 'not on the disk'; END IF;
               RETURN NEW;";
    fail(&schema, how).await;
    for setting in ["off", "local", "remote_write"] {
        let url = format!("{}&options=-c%20synchronous_commit%3D{setting}", schema.url());
        let (srs, clock) = (Digest::sha256(b"srs"), Arc::new(SystemClock));
        let store = PostgresStore::open(&url, srs, clock).await.unwrap();
        store.register(&roster(setting)).await.unwrap();
    }
}
