//! `pulseproof serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::DEFAULT_LOG_SIZE;
use pulseproof_sdk::Name;
use pulseproof_server::{Appliance, Config, Groth16Limits, Programs};
use sd_notify::NotifyState;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::Outcome;
use super::doors::DoorArgs;
use crate::backend::BackendArgs;
use crate::files::Input;
use crate::home::Home;
use crate::output::{complain, say};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Run an appliance
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof setup --ptau ceremony.ptau && pulseproof serve
  pulseproof serve --config /etc/pulseproof/pulseproof.toml
  pulseproof serve --insecure-key              with a development SRS, for tests
  pulseproof tokens create gateway-7 --role gateway --region north --store /var/lib/pulseproof
  pulseproof serve --listen 0.0.0.0:8750 --store /var/lib/pulseproof --tls-certificate edge.pem --tls-key edge.key
  curl http://127.0.0.1:8750/healthz
  pulseproof serve --pin merkle --host-keys 16384
  curl -H \"Authorization: Bearer $TOKEN\" -T authority.evaluation http://127.0.0.1:8750/v1/evaluation-keys/$ID

Whoever has a token may do what `pulseproof policy test` shows. Until a token is made, whoever is on this machine may
do everything; off this machine an appliance does not start without tokens and TLS.

A development SRS, or a missing one, is refused unless --insecure-key is given: whoever makes an SRS can forge
proofs. Stops gracefully on SIGTERM or Ctrl-C. What was accepted is on disk: after a crash the appliance resumes
where it was.")]
pub struct Args {
    /// A file with options, in TOML: `pulseproof config example` prints one
    #[arg(long, value_name = "FILE")]
    config: Option<Input>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8750", value_name = "ADDRESS")]
    listen: SocketAddr,
    /// Folder of the store [default: appliance, in the home folder]
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Curve that proofs are made on
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// log2 of the longest vector
    #[arg(long, default_value_t = DEFAULT_LOG_SIZE)]
    log_size: u32,
    #[command(flatten)]
    backend: BackendArgs,
    /// After how many failed jobs the GPU is no longer used
    #[arg(long, value_name = "COUNT", default_value_t = 3)]
    device_failures: u32,
    /// For how many days jobs that have ended are kept, with their results; sums are kept for ever, as is everything
    /// if nobody says
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    keep_jobs: Option<u32>,
    /// Prove with a development SRS, which is made if there is none, and accept circuits' keys that are
    /// recognisably insecure: for tests
    #[arg(long)]
    insecure_key: bool,
    #[command(flatten)]
    circuits: CircuitArgs,
    #[command(flatten)]
    doors: DoorArgs,
}

impl Args {
    /// The file with more options, if there is one.
    pub fn config(&self) -> Option<&Input> {
        self.config.as_ref()
    }

    /// Looks at the certificates and rules that options name, and whether the options fit together.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check(&self) -> Result<(), Box<dyn std::error::Error>> {
        self.doors.check(self.listen)
    }
}

/// Circuits that gateways upload.
#[derive(Debug, clap::Args)]
struct CircuitArgs {
    /// A circuit whose key stays in memory once it is there; may be given again
    #[arg(long = "pin", value_name = "CIRCUIT")]
    pinned: Vec<Name>,
    /// Host memory for circuits' keys, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 8192)]
    host_keys: u64,
    /// GPU memory for circuits' keys, in MiB
    #[arg(long, value_name = "MIB", default_value_t = 8192)]
    device_keys: u64,
    /// Memory for circuits' compiled witness generators (WebAssembly), in MiB; those that do not fit are read from
    /// disk again
    #[arg(long, value_name = "MIB", default_value_t = 1024)]
    host_programs: u64,
}

impl CircuitArgs {
    fn programs(&self, home: &Home) -> Programs {
        Programs::new(self.host_programs.saturating_mul(1 << 20), home.modules())
    }

    fn limits(self, insecure_keys: bool) -> Groth16Limits {
        Groth16Limits {
            insecure_keys,
            pinned: self.pinned.into_iter().collect(),
            host_key_bytes_max: self.host_keys.saturating_mul(1 << 20),
            device_key_bytes_max: self.device_keys.saturating_mul(1 << 20),
            ..Groth16Limits::default()
        }
    }
}

pub(super) fn run(args: Args, home: &Home) -> Outcome {
    with_curve!(args.curve, C => serve::<C>(args, home))
}

fn serve<C: Curve>(args: Args, home: &Home) -> Outcome {
    if !args.insecure_key {
        home.require_ceremony::<C>(args.log_size)?;
    }
    let programs = args.circuits.programs(home);
    let machine = home.machine::<C>(args.log_size, args.backend.backend, programs)?;
    complain(&format!("proving on {}", machine.prover.backend()));
    let store = args.store.unwrap_or_else(|| home.store_dir());
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let (access, doors, hosts) = args.doors.open(args.listen, &store).await?;
        let scheme = if doors.tls.is_some() { "https" } else { "http" };
        let config = Config {
            access,
            doors,
            hosts,
            groth16: args.circuits.limits(args.insecure_key),
            backend_failures_max: args.device_failures,
            jobs_kept: args.keep_jobs.map(|days| DAY * days),
            ..Config::new(store)
        };
        let appliance = Appliance::open(machine, config).await?;
        let listener = TcpListener::bind(args.listen)
            .await
            .map_err(|e| format!("cannot listen on {}: {e}", args.listen))?;
        // Whoever reads that it listens may tell it to stop.
        let stopped = stopped()?;
        say(&format!("listening on {scheme}://{}", listener.local_addr()?));
        tell(NotifyState::Ready);
        let watched = tokio::spawn(watched());
        let stopped = async {
            stopped.await;
            tell(NotifyState::Stopping);
        };
        appliance.serve(listener, stopped).await?;
        watched.abort();
        complain("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// Tells systemd, if that started us and wants to know.
fn tell(state: NotifyState<'_>) {
    if let Err(error) = sd_notify::notify(&[state]) {
        complain(&format!("systemd was not told: {error}"));
    }
}

/// Tells systemd that tasks are still worked on, twice as often as it wants to hear it.
async fn watched() {
    let Some(patience) = sd_notify::watchdog_enabled() else { return };
    let mut interval = tokio::time::interval(patience / 2);
    loop {
        interval.tick().await;
        tell(NotifyState::Watchdog);
    }
}

/// Ready when the process is asked to stop.
fn stopped() -> std::io::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}
