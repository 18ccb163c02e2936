//! What came out: figures next to the ones computed in the clear, and how long it took.

use std::time::Duration;

use pulseproof_fhe::Totals;
use pulseproof_kernels::Curve;
use pulseproof_medguard::authority::Decryption;
use pulseproof_medguard::cloud::Query;
use pulseproof_sdk::{Digest, Name};
use reqwest::Method;
use serde::Serialize;

use crate::alerts::{Alert, Alerts};
use crate::parties::Parties;
use crate::rounds::Round;
use crate::statistics::Statistics;
use crate::{DemoError, Tamper};

/// The demo's outcome.
#[derive(Clone, Debug, Serialize)]
pub struct DemoReport {
    /// The curve.
    pub curve: String,
    /// The SRS.
    pub srs: Digest,
    /// True if the SRS is a development one, with which anybody who made it could forge proofs.
    pub insecure_srs: bool,
    /// Devices.
    pub devices: usize,
    /// Regions' epochs proved.
    pub proofs: usize,
    /// Readings encrypted.
    pub readings: u64,
    /// Readings left out because too few devices of their region have any for the epoch, or too few.
    pub withheld_readings: usize,
    /// Readings that the data have more than once; each counts once.
    pub repeated_readings: usize,
    /// Words of a device's vector.
    pub words: usize,
    /// Plaintext bits of each word.
    pub plaintext_bits: u32,
    /// Bytes of one proof.
    pub proof_bytes: usize,
    /// Bytes of the largest result: claim, aggregate, signatures and proof.
    pub result_bytes: usize,
    /// How long a region's epoch took.
    pub latency: Latency,
    /// One row per region, then one for all of them.
    pub rows: Vec<RegionFigures>,
    /// Devices left out of a result.
    pub missing: Vec<Missing>,
    /// Questions that were computed on encrypted sums, if any were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alerts: Option<Alerts>,
    /// Whether every encrypted figure and answer equals the plain one.
    pub equal: bool,
    /// Who cheated, and whether it was caught.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tamper: Option<TamperReport>,
}

/// Milliseconds, over all regions' epochs.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Latency {
    /// Encrypting, committing and signing, all devices of a region on this machine.
    pub seal_ms: Percentiles,
    /// Handing in a region's submissions: parsing, signatures, openings, storing.
    pub intake_ms: Percentiles,
    /// Proving.
    pub prove_ms: Percentiles,
    /// The cloud's verification: signatures, statement and proof.
    pub verify_ms: Percentiles,
    /// From the first device's encryption to the cloud's acceptance.
    pub end_to_end_ms: Percentiles,
    /// Computing a question, from its first bootstrap to its last, with others' in between.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alert_ms: Option<Percentiles>,
}

/// Nearest-rank percentiles.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Percentiles {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
}

/// Figures of a region, or of all.
#[derive(Clone, Debug, Serialize)]
pub struct RegionFigures {
    /// The region, or `all regions`.
    pub region: String,
    /// Decrypted from the proved sum.
    pub decrypted: Statistics,
    /// Computed from the readings in the clear.
    pub plain: Statistics,
    /// Whether the totals behind them are equal, to the last unit.
    pub equal: bool,
}

/// A device that a result does not count.
#[derive(Clone, Debug, Serialize)]
pub struct Missing {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: usize,
    /// The device.
    pub device: Name,
}

/// A tampering and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct TamperReport {
    /// Its kind.
    pub kind: Tamper,
    /// Whether every attempt was caught.
    pub caught: bool,
    /// The attempts.
    pub attempts: Vec<Attempt>,
    /// Submissions that were kept from the sum.
    pub left_out: usize,
}

/// One attempt to cheat.
#[derive(Clone, Debug, Serialize)]
pub struct Attempt {
    /// What was done.
    pub attempt: String,
    /// Who caught it, if anybody did.
    pub by: Option<String>,
    /// How it was noticed, or what happened instead.
    pub how: String,
}

/// Asks the cloud for every region and for all of them, and compares.
pub(crate) async fn compare<C: Curve>(
    parties: &Parties<C>,
    repeats: usize,
    rounds: &[Round<C>],
    alerts: Option<Alerts>,
    tamper: Option<TamperReport>,
) -> Result<DemoReport, DemoError> {
    let asked = alerts.as_ref().map_or(&[][..], |alerts| &alerts.answers);
    let names: Vec<_> = parties.regions.iter().map(|r| r.roster.region.clone()).collect();
    let mut rows = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let query = Query { regions: vec![name.clone()] };
        let mine = rounds.iter().filter(|round| round.region == index);
        rows.push(figures(parties, name.to_string(), &query, mine).await?);
    }
    rows.push(figures(parties, "all regions".into(), &Query::default(), rounds.iter()).await?);

    let layout = &parties.profile.layout;
    let missing = rounds.iter().flat_map(|round| {
        let region = &names[round.region];
        let missing = round.accepted.missing.iter().cloned();
        missing.map(|device| Missing { region: region.clone(), epoch: round.epoch, device })
    });
    Ok(DemoReport {
        curve: C::ID.to_string(),
        srs: Digest(parties.prover.srs().verifying_key.id()),
        insecure_srs: parties.prover.srs().verifying_key.origin.is_insecure(),
        devices: parties.regions.iter().map(|region| region.devices.len()).sum(),
        proofs: rounds.len(),
        readings: rows.last().map_or(0, |row| row.plain.count),
        withheld_readings: parties.withheld(),
        repeated_readings: repeats,
        words: layout.words(),
        plaintext_bits: layout.plaintext_bits(),
        proof_bytes: rounds.iter().map(|r| r.result.proof.to_bytes().len()).max().unwrap_or(0),
        result_bytes: rounds.iter().map(|r| r.result_bytes.len()).max().unwrap_or(0),
        latency: latency(rounds, asked),
        missing: missing.collect(),
        equal: rows.iter().all(|row| row.equal) && asked.iter().all(Alert::holds),
        rows,
        alerts,
        tamper,
    })
}

async fn figures<'a, C: Curve>(
    parties: &Parties<C>,
    region: String,
    query: &Query,
    rounds: impl Iterator<Item = &'a Round<C>>,
) -> Result<RegionFigures, DemoError> {
    let request = parties.cloud.request(Method::POST, "/v1/queries").json(query);
    let decryption: Decryption = parties.cloud.json(request).await?;
    let layout = &parties.profile.layout;
    let plain = Totals::of_readings(layout, rounds.flat_map(|round| counted(parties, round)));
    let scale = &layout.request().scale;
    Ok(RegionFigures {
        region,
        decrypted: Statistics::of(&decryption.totals, scale),
        plain: Statistics::of(&plain, scale),
        equal: decryption.totals == plain,
    })
}

/// The plain readings of the devices that a round's result counts.
fn counted<'a, C: Curve>(
    parties: &'a Parties<C>,
    round: &'a Round<C>,
) -> impl Iterator<Item = i64> + 'a {
    counted_by_device(parties, round).flatten().copied()
}

/// The same, device by device.
pub(crate) fn counted_by_device<'a, C: Curve>(
    parties: &'a Parties<C>,
    round: &'a Round<C>,
) -> impl Iterator<Item = &'a [i64]> + 'a {
    let region = &parties.regions[round.region];
    let devices = region.devices.iter().zip(&region.readings);
    devices
        .filter(|(device, _)| !round.accepted.missing.contains(device.name()))
        .filter_map(|(_, readings)| readings.get(round.epoch).map(Vec::as_slice))
}

fn latency<C: Curve>(rounds: &[Round<C>], asked: &[Alert]) -> Latency {
    let of = |figure: &dyn Fn(&Round<C>) -> Duration| {
        percentiles(rounds.iter().map(|round| figure(round).as_secs_f64() * 1e3).collect())
    };
    let micros = |time: Option<u64>| Duration::from_micros(time.unwrap_or(0));
    Latency {
        seal_ms: of(&|round| round.seal),
        intake_ms: of(&|round| round.intake),
        prove_ms: of(&|round| micros(round.job.prove_us)),
        verify_ms: of(&|round| micros(Some(round.accepted.verify_us))),
        end_to_end_ms: of(&|round| round.end_to_end),
        alert_ms: (!asked.is_empty())
            .then(|| percentiles(asked.iter().map(|alert| alert.compute_ms).collect())),
    }
}

fn percentiles(mut values: Vec<f64>) -> Percentiles {
    values.sort_by(f64::total_cmp);
    let rank = |percent: usize| {
        let rank = (values.len() * percent).div_ceil(100).max(1);
        values.get(rank - 1).copied().unwrap_or(f64::NAN)
    };
    Percentiles { p50: rank(50), p99: rank(99) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_rank() {
        let of = |n: u32| percentiles((1..=n).map(f64::from).collect());
        assert_eq!((of(1).p50, of(1).p99), (1.0, 1.0));
        assert_eq!((of(14).p50, of(14).p99), (7.0, 14.0));
        assert_eq!((of(200).p50, of(200).p99), (100.0, 198.0));
    }
}
