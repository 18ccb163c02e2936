//! The laws, on the store in PostgreSQL, and what only it has.
//!
//! Each process starts a server of its own, without a port: it is reached in a folder that goes with it. Where there is
//! no PostgreSQL tests are ignored, and say so; with `PULSEPROOF_REQUIRE_POSTGRES=1` they fail instead.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod faults;
mod opening;
mod server;
mod together;

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use libtest_mimic::{Arguments, Failed, Trial};
use pulseproof_sdk::Digest;
use pulseproof_store::laws::{LAWS, Place};
use pulseproof_store::postgres::PostgresStore;
use pulseproof_store::{Clock, Store, StoreError};
use server::{Programs, Server};

/// A schema of a server's database, which is made when a store is opened in it.
struct Schema {
    server: Arc<Server>,
    name: String,
}

impl Schema {
    fn new(server: &Arc<Server>, name: &str) -> Self {
        Self { server: Arc::clone(server), name: name.to_owned() }
    }

    fn url(&self) -> String {
        self.server.url_of(&self.name)
    }

    /// Makes it.
    async fn make(&self) {
        let sql = format!("CREATE SCHEMA IF NOT EXISTS {}", self.name);
        self.server.execute(&sql).await;
    }
}

#[async_trait]
impl Place for Schema {
    async fn open(&self, srs: Digest, clock: Arc<dyn Clock>) -> Result<Arc<dyn Store>, StoreError> {
        self.make().await;
        Ok(Arc::new(PostgresStore::open(&self.url(), srs, clock).await?))
    }
}

/// The server of most tests, once one of them needs it.
struct Shared {
    programs: Result<Programs, String>,
    server: OnceLock<Arc<Server>>,
}

impl Shared {
    fn programs(&self) -> Result<&Programs, Failed> {
        self.programs.as_ref().map_err(Failed::from)
    }

    fn server(&self) -> Result<&Arc<Server>, Failed> {
        let programs = self.programs()?;
        Ok(self.server.get_or_init(|| Arc::new(Server::start(programs))))
    }
}

/// Runs a test on several threads.
fn run(test: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(test);
}

fn trials(shared: &Arc<Shared>) -> Vec<Trial> {
    let mut trials = Vec::new();
    for &(name, law) in LAWS {
        let shared = Arc::clone(shared);
        trials.push(Trial::test(name, move || {
            let place = Schema::new(shared.server()?, name);
            run(law(&place));
            Ok(())
        }));
    }
    for &(name, test) in together::TESTS.iter().chain(&faults::TESTS) {
        let shared = Arc::clone(shared);
        trials.push(Trial::test(name, move || {
            let schema = Schema::new(shared.server()?, name);
            run(test(schema));
            Ok(())
        }));
    }
    for &(name, test) in &opening::TESTS {
        let shared = Arc::clone(shared);
        trials.push(Trial::test(name, move || {
            let server = Arc::new(Server::start(shared.programs()?));
            run(test(server));
            Ok(())
        }));
    }
    trials
}

fn main() {
    let arguments = Arguments::from_args();
    let shared = Arc::new(Shared { programs: Programs::find(), server: OnceLock::new() });
    let required =
        std::env::var_os("PULSEPROOF_REQUIRE_POSTGRES").is_some_and(|value| value == "1");
    let ignored = shared.programs.is_err() && !required;
    if let (Err(reason), true) = (&shared.programs, ignored) {
        eprintln!("SKIPPED: nothing is tested in PostgreSQL: {reason}");
    }
    let trials = trials(&shared).into_iter().map(|trial| trial.with_ignored_flag(ignored));
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    // The process ends without dropping anything; the server has to go before.
    drop(shared);
    conclusion.exit();
}
