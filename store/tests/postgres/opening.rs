//! Servers that are opened, and those that are not; and what a server that was ended had stored.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pulseproof_sdk::Digest;
use pulseproof_store::postgres::PostgresStore;
use pulseproof_store::{Act, Audit as _, Store, StoreError, SystemClock};
use tokio::time::sleep;

use super::Schema;
use super::server::Server;
use super::together::{add_circuit, appliance, positions, queue};

/// A test of a server of its own.
pub type Test = fn(Arc<Server>) -> Pin<Box<dyn Future<Output = ()>>>;

pub const TESTS: [(&str, Test); 5] = [
    ("a_server_that_could_lose_something_is_refused", |server| Box::pin(unsafe_settings(server))),
    ("a_database_that_is_not_fit_is_refused", |server| Box::pin(unfit(server))),
    ("a_store_is_opened_beside_an_appliance_only_if_it_is_there", |server| {
        Box::pin(beside(server))
    }),
    ("a_password_is_in_no_error", |server| Box::pin(passwords(server))),
    ("what_was_stored_is_there_when_the_server_was_ended", |server| Box::pin(ended(server))),
];

/// The password that must not be seen.
const PASSWORD: &str = "hunter2hunter2";

async fn open(url: &str) -> Result<PostgresStore, StoreError> {
    PostgresStore::open(url, Digest::sha256(b"srs"), Arc::new(SystemClock)).await
}

/// Why a store is not opened.
async fn refusal(url: &str) -> String {
    match open(url).await {
        Err(error @ StoreError::Open(_)) => error.to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("opened"),
    }
}

async fn unsafe_settings(server: Arc<Server>) {
    for setting in ["fsync", "full_page_writes"] {
        for (value, is_refused) in [("off", true), ("on", false)] {
            server.execute(&format!("ALTER SYSTEM SET {setting} = {value}")).await;
            server.execute("SELECT pg_reload_conf()").await;
            // The server hears of it a moment later.
            while server.setting(setting).await != value {
                sleep(Duration::from_millis(10)).await;
            }
            if is_refused {
                let said = refusal(&server.url()).await;
                assert!(said.contains(&format!("{setting} is {value}")), "{said}");
            } else {
                open(&server.url()).await.unwrap().close().await;
            }
        }
    }
    std::fs::write(server.data().join("standby.signal"), "").unwrap();
    server.restart();
    let said = refusal(&server.url()).await;
    assert!(said.contains("standby"), "{said}");
}

async fn unfit(server: Arc<Server>) {
    let make = "CREATE DATABASE other TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'";
    server.execute(make).await;
    let said = refusal(&server.url().replace("/postgres?", "/other?")).await;
    assert!(said.contains("LATIN1"), "{said}");
    let said = refusal(&server.url_of("not_there")).await;
    assert!(said.contains("no schema"), "{said}");
    let said = refusal(&format!("{}&sslmode=require", server.url())).await;
    assert!(said.to_lowercase().contains("tls"), "{said}");
    let said = refusal(&format!("{}&unknown=1", server.url())).await;
    assert!(said.contains("unknown parameter"), "{said}");
}

async fn beside(server: Arc<Server>) {
    let clock = Arc::new(SystemClock);
    let opened = PostgresStore::open_beside(&server.url(), clock.clone()).await.map(drop);
    assert!(opened.unwrap_err().to_string().contains("no store of this version"));
    let store = open(&server.url()).await.unwrap();
    let other = PostgresStore::open_beside(&server.url(), clock.clone()).await.unwrap();
    other.note(&Act::Stopped).await.unwrap();
    let other = PostgresStore::open(&server.url(), Digest::sha256(b"other"), clock.clone()).await;
    assert!(matches!(other.map(drop), Err(StoreError::WrongSrs { .. })));
    // A version that comes after this one.
    let newer =
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
                 VALUES (2, 'newer', true, '', 0)";
    server.execute(newer).await;
    let opened = PostgresStore::open_beside(&server.url(), clock.clone()).await.map(drop);
    assert!(opened.unwrap_err().to_string().contains("no store of this version"));
    assert!(refusal(&server.url()).await.contains('2'));
    // Who was refused holds no lock.
    server.execute("DELETE FROM _sqlx_migrations WHERE version = 2").await;
    open(&server.url()).await.unwrap().close().await;
    store.close().await;
}

async fn passwords(server: Arc<Server>) {
    let set = format!("ALTER USER postgres PASSWORD '{PASSWORD}x'");
    server.execute(&set).await;
    std::fs::write(server.data().join("pg_hba.conf"), "local all all scram-sha-256\n").unwrap();
    let reload = "SELECT pg_reload_conf()";
    server.execute(reload).await;
    let url = server.url();
    let with = |password: &str| url.replace("postgres@", &format!("postgres:{password}@"));
    let right = with(&format!("{PASSWORD}x"));
    let start = Instant::now();
    while open(&url).await.is_ok() {
        assert!(start.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(20)).await;
    }
    open(&right).await.unwrap().close().await;
    for url in [
        with(PASSWORD),
        format!("{url}&password={PASSWORD}"),
        format!("{url}&sslpassword={PASSWORD}"),
        format!("{url}&{PASSWORD}"),
        format!("postgres://user:{PASSWORD}@[::1/database"),
        format!("postgres://user:{PASSWORD}@127.0.0.1:99999/database"),
        format!("postgres://user:{PASSWORD}@not-there.invalid/database"),
        format!("postgres://user:{PASSWORD}@127.0.0.1/database?sslmode=perhaps"),
        format!("postgres://user:1?{PASSWORD}@127.0.0.1/database"),
        format!("postgres://user:a#{PASSWORD}@127.0.0.1/database"),
    ] {
        let error = open(&url).await.map(drop).unwrap_err();
        let said = format!("{error} {error:?}");
        assert!(!said.contains("hunter2"), "{said}");
    }
}

async fn ended(server: Arc<Server>) {
    let schema = Schema::new(&server, "ended");
    let store = appliance(&schema).await;
    add_circuit(&*store).await;
    let writer = Arc::clone(&store);
    let (stored, mut seen) = tokio::sync::watch::channel(0);
    let writing = tokio::spawn(async move {
        let mut stored_ids = Vec::new();
        let mut failures = 0;
        for index in 0.. {
            let id = format!("job-{index}");
            match queue(&*writer, &id).await {
                Ok(_) => stored_ids.push(id),
                Err(StoreError::Database(_)) => failures += 1,
                Err(error) => panic!("{error:?}"),
            }
            stored.send_replace(stored_ids.len());
            // Some before the end, and some after it.
            if failures > 0 && stored_ids.len() >= 60 {
                break;
            }
            if failures > 0 {
                sleep(Duration::from_millis(20)).await;
            }
        }
        stored_ids
    });
    seen.wait_for(|count| *count >= 30).await.unwrap();
    let stopped = Arc::clone(&server);
    tokio::task::spawn_blocking(move || stopped.restart()).await.unwrap();
    let stored = writing.await.unwrap();
    for id in &stored {
        assert!(store.job(id).await.unwrap().is_some(), "{id} was lost");
    }
    let positions = positions(&schema).await;
    assert_eq!(positions, (1..=positions.len() as i64).collect::<Vec<_>>());
    assert!(positions.len() > stored.len());
    assert!(store.queue_length().await.unwrap() >= stored.len() as u64);
}
