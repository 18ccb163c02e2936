//! The whole path on one machine: devices, gateways, appliance, cloud and authority on loopback
//! ports, driven over HTTP, with every figure compared to the one computed in the clear. On request
//! somebody cheats, and must be caught.
//!
//! It touches loopback ports, the folders that it is told, and nothing else. It stands above the parties:
//! no party knows of it.
//!
//! - [`dataset`]: readings from CSV. [`cohort`]: they become devices, regions, epochs. [`statistics`]: the figures
//!   people read.
//! - `parties`: everybody. `launch`: starts them. `doors`: the appliance's certificate, and everybody's tokens. `rounds`: what happens among them in an epoch.
//!   `artifacts`: what is left for `pulseproof verify`.
//! - `alerts`: questions of medicine, asked of encrypted sums. `report`: what came out.
//! - `tamper`: cheats, and who catches them.

mod alerts;
mod artifacts;
pub mod cohort;
pub mod dataset;
mod doors;
mod launch;
mod parties;
mod report;
mod rounds;
pub mod statistics;
mod tamper;

use std::path::PathBuf;

use pulseproof_fhe::LayoutError;
use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::AuthorityError;
use pulseproof_medguard::device::{ProfileError, SubmitError};
use pulseproof_prover::wsa::modular::ProveError;
use pulseproof_sdk::client::ClientError;
use pulseproof_server::Machine;
use serde::Serialize;

pub use alerts::{Alert, Alerts, Bit, Question, Skipped};
use cohort::{CohortError, Shape};
use dataset::Dataset;
use parties::Parties;
pub use report::{Attempt, DemoReport, Latency, Missing, Percentiles, RegionFigures, TamperReport};
use rounds::Round;
pub use tamper::Tamper;

/// What to run.
#[derive(Clone, Debug)]
pub struct Options {
    /// The readings.
    pub data: Dataset,
    /// How they become devices.
    pub shape: Shape,
    /// Smallest and largest raw value that a reading may have: public, and part of the packing.
    pub range: (i64, i64),
    /// The raw values that count as inside.
    pub inside: (i64, i64),
    /// What is asked of the sums.
    pub alerts: AlertOptions,
    /// Who cheats, if anybody.
    pub tamper: Option<Tamper>,
    /// Where appliance and authority keep what they must not forget; must be empty.
    pub folder: PathBuf,
    /// Where to leave results and what verifies them, if anywhere.
    pub artifacts: Option<PathBuf>,
}

/// What is asked of the sums, under encryption.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct AlertOptions {
    /// The raw value that means are compared with.
    pub above: i64,
    /// Of how many epochs of a region, the newest ones; of none at all, nothing is asked.
    pub epochs: usize,
}

/// How far the demo is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// With what.
    pub stage: Stage,
    /// How many are done.
    pub done: usize,
    /// How many there are.
    pub total: usize,
}

/// What the demo is at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Regions' epochs are proved and accepted.
    Proving,
    /// Questions are computed and answered.
    Asking,
}

/// Why the demo could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The numbers of devices and regions.
    #[error(transparent)]
    Cohort(#[from] CohortError),
    /// A region that the authority would never decrypt.
    #[error("{region} has {devices} devices; the authority decrypts nothing of fewer than {least}")]
    ThinRegion {
        /// The region.
        region: pulseproof_sdk::Name,
        /// Its devices.
        devices: usize,
        /// The fewest.
        least: usize,
    },
    /// The packing.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// The packing is larger than what devices can prove.
    #[error(transparent)]
    Profile(#[from] ProfileError),
    /// A reading outside the range, or a device that could not prove.
    #[error(transparent)]
    Submit(#[from] SubmitError),
    /// A party could not be reached, or refused honest work.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The appliance refused an honest submission.
    #[error("the appliance refused an honest submission: {0}")]
    Refused(String),
    /// A result could not be read or did not hold, with nobody cheating.
    #[error("an honest result did not hold: {0}")]
    BadResult(String),
    /// An appliance that cheats could not prove what is true.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// A program was to be computed by the appliance, and there is no key to compute it with.
    #[error("the authority has no evaluation key")]
    NoEvaluationKey,
    /// The authority did not start.
    #[error(transparent)]
    Authority(#[from] AuthorityError),
    /// The appliance's tokens.
    #[error(transparent)]
    Store(#[from] pulseproof_store::StoreError),
    /// A port or a file.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

/// Runs the demo, on a runtime with several threads.
///
/// # Errors
/// Something that has nothing to do with cheating went wrong. Cheating, caught or not, is in the report.
pub async fn run<C: Curve>(
    machine: Machine<C>,
    options: Options,
    mut progress: impl FnMut(Progress),
) -> Result<DemoReport, DemoError> {
    let mut parties = Parties::start(machine, &options).await?;
    let total = parties.rounds();
    let mut rounds: Vec<Round<C>> = Vec::with_capacity(total);
    let mut tampered = None;
    if let Some(kind) = options.tamper {
        let (round, report) = tamper::play(kind, &mut parties).await?;
        rounds.push(round);
        tampered = Some(report);
    }
    for epoch in 0..parties.epochs() {
        for region in 0..parties.regions.len() {
            if !parties.is_summed(region, epoch) {
                continue;
            }
            let concluded = rounds.iter().any(|r| (r.region, r.epoch) == (region, epoch));
            if !concluded {
                rounds.push(parties.round(region, epoch).await?);
            }
            progress(Progress { stage: Stage::Proving, done: rounds.len(), total });
        }
    }
    parties.audit(&rounds, tampered.as_ref())?;
    let alerts = match options.alerts.epochs {
        0 => None,
        _ => Some(alerts::ask(&parties, &rounds, options.alerts, progress).await?),
    };
    let report = report::compare(&parties, options.data.repeats, &rounds, alerts, tampered).await?;
    if let Some(folder) = &options.artifacts {
        artifacts::leave(folder, &parties, &rounds)?;
    }
    parties.stop().await?;
    Ok(report)
}
