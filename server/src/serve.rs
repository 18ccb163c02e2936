//! Starting and stopping an appliance. What stopping must not do is lose anything accepted.

use std::fs::{File, TryLockError};
use std::future::Future;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pulseproof_access::{Policy, PolicyError};
use pulseproof_fhe::bootstrap::engines::Engines;
use pulseproof_files::private_folder;
use pulseproof_kernels::Curve;
use pulseproof_service::{Boxed, serve_routes};
use pulseproof_store::sqlite::SqliteStore;
use pulseproof_store::{StoreError, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::{App, Computers, Opened};
use crate::blobs::Blobs;
use crate::config::{Access, Config};
use crate::fhe::keys::{OLD_FOLDER, OLD_SUFFIX};
use crate::fhe::lookups::LookupStore;
use crate::groth16::prover::Groth16;
use crate::guard::Guard;
use crate::http;
use crate::http::routes::routes;
use crate::identity;
use crate::jobs::aggregate::AggregateJobs;
use crate::jobs::driver;
use crate::jobs::fhe::ProgramJobs;
use crate::jobs::groth16::ProofJobs;
use crate::jobs::late;
use crate::log;
use crate::pinned;
use crate::stopping::stopped;
use crate::sums::{OnCurve, Prover, ProverRole};
use crate::telemetry::{self, Telemetry};
use crate::upkeep;

/// How long what was begun for requests is waited for, once nobody waits for its answer any more.
const BEGUN_MAX: Duration = Duration::from_secs(30);
/// Whoever holds this file's lock owns the folder.
const LOCK_FILE: &str = "appliance.lock";

/// Why an appliance did not start, or stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The data folder or the listener failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// What happened.
        source: io::Error,
    },
    /// Two appliances must not share a folder: each would take the other's jobs for interrupted.
    #[error("{0}: in use by another appliance")]
    InUse(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rules on who may do what are none.
    #[error(transparent)]
    Rules(#[from] PolicyError),
    /// The process has a metrics recorder that is not ours.
    #[error("metrics: the process has a recorder already")]
    Metrics,
}

/// What computes for an appliance.
#[derive(Clone)]
pub struct Machine<C: Curve> {
    /// What proves sums.
    pub prover: Arc<dyn Prover<C>>,
    /// The CPU: proves sums when `prover` fails. May be the same.
    pub cpu: Arc<dyn Prover<C>>,
    /// What bootstraps.
    pub engines: Arc<dyn Engines>,
    /// What proves circuits.
    pub groth16: Groth16,
}

/// Opens an appliance and serves: [`Appliance::open`], [`Appliance::serve`].
///
/// # Errors
/// The data folder, the store or the listener cannot be used.
pub async fn serve<C: Curve>(
    listener: TcpListener,
    machine: Machine<C>,
    config: Config,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    Appliance::open(machine, config).await?.serve(listener, shutdown).await
}

/// An appliance that owns its folder and is ready to serve.
pub struct Appliance {
    app: Arc<App>,
    lock: File,
}

impl Appliance {
    /// Takes a folder, and opens everything in it.
    ///
    /// # Errors
    /// The folder or the store cannot be used, or another appliance has them.
    pub async fn open<C: Curve>(machine: Machine<C>, config: Config) -> Result<Self, ServeError> {
        let Machine { prover, cpu, engines, groth16 } = machine;
        let sums = Arc::new(OnCurve::new(prover, cpu));
        Self::open_with(Computers { sums, engines, groth16 }, config).await
    }

    fn open_with(computers: Computers, config: Config) -> Boxed<Result<Self, ServeError>> {
        Box::pin(Self::open_here(computers, config))
    }

    async fn open_here(computers: Computers, config: Config) -> Result<Self, ServeError> {
        let guard = guard(&config.access)?;
        let lock = lock(&config.data_dir)?;
        let telemetry = Telemetry::install().ok_or(ServeError::Metrics)?;
        let srs = computers.sums.srs();
        let store = SqliteStore::open(&config.data_dir, srs, Arc::new(SystemClock)).await?;
        let store = Arc::new(store);
        let blobs = open_blobs(&config).map_err(|source| io_error("files", source))?;
        let identity = identity::open(&config.data_dir).map_err(|source| {
            io_error(config.data_dir.join(identity::FILE).display().to_string(), source)
        })?;
        let earlier = identity::earlier(&config.data_dir)
            .map_err(|source| io_error("the keys that the appliance had before", source))?;
        let lookups = LookupStore::open(&config.data_dir, config.lookups_bytes_max)
            .map_err(|source| io_error("lookups", source))?;
        let app = App::new(
            computers,
            Opened { identity, earlier, store, blobs, lookups, guard },
            config,
            telemetry,
        );
        Ok(Self { app: Arc::new(app), lock })
    }

    /// Serves until `shutdown` completes. Then no connection is accepted any more, requests in flight
    /// and the sum at work finish, programs and proofs of circuits at work are aborted and stay queued,
    /// and the store is closed.
    ///
    /// # Errors
    /// The listener cannot be used.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServeError> {
        self.serve_until(listener, Box::pin(shutdown)).await
    }

    fn serve_until(
        self,
        listener: TcpListener,
        shutdown: Boxed<()>,
    ) -> Boxed<Result<(), ServeError>> {
        Box::pin(self.serve_here(listener, shutdown))
    }

    async fn serve_here(
        self,
        listener: TcpListener,
        shutdown: Boxed<()>,
    ) -> Result<(), ServeError> {
        let Self { app, lock } = self;
        log::begin(&app).await?;
        routes().iter().for_each(|route| telemetry::route(route.method, &route.path));
        announce(&app);
        let (stop, stopping) = watch::channel(false);
        let requests = async {
            let (routes, doors) = (http::router(Arc::clone(&app)), app.config.doors.clone());
            serve_routes(routes, listener, doors, stopped(stopping.clone())).await;
            stop.send_replace(true);
        };
        let signal = async {
            tokio::select! {
                () = shutdown => { stop.send_replace(true); }
                () = stopped(stopping.clone()) => {}
            }
        };
        let ((), (), (), (), (), (), (), (), (), ()) = tokio::join!(
            requests,
            signal,
            driver::run::<AggregateJobs>(&app, stopping.clone()),
            driver::run::<ProgramJobs>(&app, stopping.clone()),
            driver::run::<ProofJobs>(&app, stopping.clone()),
            late::run(&app, stopping.clone()),
            pinned::run(&app, stopping.clone()),
            upkeep::run(&app, stopping.clone()),
            log::run(&app, stopping.clone()),
            telemetry::upkeep(&app.telemetry, stopping.clone()),
        );
        app.begun.close();
        if timeout(BEGUN_MAX, app.begun.wait()).await.is_err() {
            tracing::warn!("what was begun for requests does not end: it is left");
        }
        log::end(&app).await;
        app.store.close().await;
        drop(lock);
        tracing::info!("stopped");
        Ok(())
    }
}

fn guard(access: &Access) -> Result<Guard, ServeError> {
    Ok(Guard::new(match access {
        Access::Open => None,
        Access::Rules(text) => Some(Policy::read(text)?),
    }))
}

fn open_blobs(config: &Config) -> io::Result<Blobs> {
    let blobs = Blobs::open(&config.data_dir, &config.uploads)?;
    blobs.adopt(&config.data_dir.join(OLD_FOLDER), OLD_SUFFIX)?;
    Ok(blobs)
}

/// Takes a folder for as long as the file lives, so that no appliance does.
///
/// # Errors
/// Another process has it, or it cannot be used.
pub fn lock(directory: &Path) -> Result<File, ServeError> {
    let path = directory.join(LOCK_FILE);
    let failed = |source| io_error(path.display().to_string(), source);
    private_folder(directory).map_err(failed)?;
    let file = File::create(&path).map_err(failed)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ServeError::InUse(directory.display().to_string())),
        Err(TryLockError::Error(source)) => Err(failed(source)),
    }
}

fn io_error(what: impl Into<String>, source: io::Error) -> ServeError {
    ServeError::Io { what: what.into(), source }
}

fn announce(app: &App) {
    let sums = &app.sums;
    telemetry::insecure_srs(sums.is_insecure());
    let (curve, srs, words) = (sums.curve(), sums.srs(), sums.words_max());
    let (backend, identity) = (sums.backend(ProverRole::Primary), app.identity.public());
    tracing::info!(%curve, %srs, words, %backend, %identity, "serving");
    if sums.is_insecure() {
        tracing::warn!("development SRS: whoever made it can forge proofs");
    }
}
