//! `pulseproof bench ntt`, `msm` and `field`.

use std::process::ExitCode;

use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::field::FieldId;
use pulseproof_kernels::group::GroupId;
use pulseproof_kernels::msm::{BITS_MAX, LEVELS_MAX};
use pulseproof_kernels::select::BackendChoice;
use pulseproof_kernels::traits::PrimeField;
use pulseproof_kernels::{CurveId, Scalar, with_curve, with_field, with_group};

use crate::backend::open_or_say;
use crate::bench::limits::Machine;
use crate::bench::measure::{BenchError, Subject};
use crate::bench::peers::{Peer, UnknownPeer};
use crate::bench::plot::plot;
use crate::bench::report::{Failure, Report, Row};
use crate::bench::{field, msm, ntt};
use crate::commands::{NO_ANSWER, Outcome};
use crate::files::{Output, Paths};
use crate::output::{complain, say_json, table};

/// Largest log2 of a size.
const LOG_N_MAX: i64 = 26;

/// What all benches of kernels have in common.
#[derive(Debug, clap::Args)]
struct Common {
    /// log2 of the sizes, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "16",
          value_parser = clap::value_parser!(u32).range(0..=LOG_N_MAX))]
    log_n: Vec<u32>,
    /// Backends, with commas between them
    #[arg(long, value_delimiter = ',', default_value = "auto", env = "PULSEPROOF_BACKEND")]
    backend: Vec<BackendChoice>,
    /// Peers, with commas between them: arkworks; for msm also blst, halo2curves; or none
    #[arg(long, value_delimiter = ',', default_value = "arkworks", value_parser = peer)]
    vs: Vec<Option<Peer>>,
    /// Repetitions, interleaved
    #[arg(long, default_value_t = 10)]
    runs: usize,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Draw time over size
    #[arg(long, value_name = "FILE.svg")]
    plot: Option<Output>,
}

impl Common {
    fn peers(&self) -> impl Iterator<Item = Peer> {
        self.vs.iter().flatten().copied()
    }
}

/// A peer, or none.
fn peer(name: &str) -> Result<Option<Peer>, UnknownPeer> {
    if name == "none" { Ok(None) } else { name.parse().map(Some) }
}

pub(super) const JSON_HELP: &str = "\
All subjects run in turn after a round to warm up; times are medians. Warm runs start from data that is
where the backend computes; the cold one includes compilation, tables and transfers. Peers get the same
inputs, and nothing is timed unless all results are equal.

JSON: kernel, over, unit, runs, processor, simd, threads, version, rows; a row: log_n, batch, subject,
is_peer, cold_ms, median_ms, min_ms, max_ms, per_second, to_peer (this median over the peer's), limit (limit_ms,
share, derivation); failures: log_n, reason, of sizes that were not measured, if there are any: the program then
ends with 2.";

/// Transforms, against arkworks's
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  pulseproof bench ntt
  pulseproof bench ntt --field goldilocks --log-n 16,18,20 --plot ntt.svg
  pulseproof bench ntt --field prime50 --log-n 11 --batch 1000 --backend cpu,wgpu

{JSON_HELP}"))]
pub struct NttArgs {
    /// Field: bls12-381, bn254, goldilocks or prime50
    #[arg(long, default_value_t = FieldId::Bls12_381)]
    field: FieldId,
    /// Transforms at once
    #[arg(long, default_value_t = 1)]
    batch: usize,
    #[command(flatten)]
    common: Common,
}

/// Multi-scalar multiplications, against other libraries'
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  pulseproof bench msm
  pulseproof bench msm --curve bn254 --log-n 14,16,18 --vs arkworks,halo2curves --plot msm.svg
  pulseproof bench msm --bits 64 --levels 4 --batch 8 --json

Peers other than arkworks need a build with the feature peers. blst brings a thread pool of its own: to
compare one thread with one, run under `taskset -c 0`.

{JSON_HELP}"))]
pub struct MsmArgs {
    /// Curve: bls12-381 or bn254
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// In G2 instead of G1
    #[arg(long)]
    g2: bool,
    /// Vectors of integers at once
    #[arg(long, default_value_t = 1)]
    batch: usize,
    /// Bits of an integer [default: those of the scalar field]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=i64::from(BITS_MAX)))]
    bits: Option<u32>,
    /// Levels of stored multiples of the bases
    #[arg(long, default_value_t = 1,
          value_parser = clap::value_parser!(u32).range(1..=i64::from(LEVELS_MAX)))]
    levels: u32,
    #[command(flatten)]
    common: Common,
}

/// Products of field elements, against arkworks's
#[derive(Debug, clap::Args)]
#[command(after_help = format!("\
Examples:
  pulseproof bench field
  pulseproof bench field --field goldilocks --log-n 12,16,20 --json

{JSON_HELP}"))]
pub struct FieldArgs {
    /// Field: bls12-381, bn254, goldilocks or prime50
    #[arg(long, default_value_t = FieldId::Bls12_381)]
    field: FieldId,
    #[command(flatten)]
    common: Common,
}

pub(super) fn ntt(args: &NttArgs) -> Outcome {
    let over = format!("{}, {} at once", args.field, args.batch);
    let report = Report::new("ntt", over, "elements transformed", args.common.runs);
    only_arkworks(&args.common)?;
    measured(&args.common, report, |report, machine, log_n, backends| {
        with_field!(args.field, F => {
            let fixture = ntt::Fixture::<F>::new(log_n, args.batch)?;
            let mut subjects = ours(backends, |backend| fixture.ours(backend))?;
            subjects.extend(args.common.peers().map(|_| fixture.arkworks()));
            Ok(report.measure(machine, &fixture.shape(), &mut subjects)?)
        })
    })
}

pub(super) fn field(args: &FieldArgs) -> Outcome {
    let report = Report::new("field", args.field.to_string(), "products", args.common.runs);
    only_arkworks(&args.common)?;
    measured(&args.common, report, |report, machine, log_n, backends| {
        with_field!(args.field, F => {
            let fixture = field::Fixture::<F>::new(log_n);
            let mut subjects = ours(backends, |backend| fixture.ours(backend))?;
            subjects.extend(args.common.peers().map(|_| fixture.arkworks()));
            Ok(report.measure(machine, &fixture.shape(), &mut subjects)?)
        })
    })
}

pub(super) fn msm(args: &MsmArgs) -> Outcome {
    let bits = args.bits.unwrap_or_else(
        || with_curve!(args.curve, C => <Scalar<C> as PrimeField>::MODULUS_BIT_SIZE),
    );
    let group = group(args);
    let over = format!(
        "{group}, {bits} bits, {} at once, levels of multiples: {}",
        args.batch, args.levels
    );
    let report = Report::new("msm", over, "points multiplied", args.common.runs);
    measured(&args.common, report, |report, machine, log_n, backends| {
        let options = msm::Options { log_n, batch: args.batch, bits, levels: args.levels };
        with_group!(group, G => {
            let fixture = msm::Fixture::<G>::new(options);
            let mut subjects = ours(backends, |backend| fixture.ours(backend))?;
            for peer in args.common.peers() {
                let subject = fixture.peer(peer)?;
                subjects.push(subject.ok_or_else(|| format!("{peer} has no {group}"))?);
            }
            Ok(report.measure(machine, &fixture.shape(), &mut subjects)?)
        })
    })
}

fn group(args: &MsmArgs) -> GroupId {
    match (args.curve, args.g2) {
        (CurveId::Bls12_381, false) => GroupId::Bls12_381G1,
        (CurveId::Bls12_381, true) => GroupId::Bls12_381G2,
        (CurveId::Bn254, false) => GroupId::Bn254G1,
        (CurveId::Bn254, true) => GroupId::Bn254G2,
    }
}

fn only_arkworks(common: &Common) -> Result<(), String> {
    match common.peers().find(|&peer| peer != Peer::Arkworks) {
        Some(peer) => Err(format!("{peer} is a peer of msm only")),
        None => Ok(()),
    }
}

/// Every backend as a subject.
fn ours<'a>(
    backends: &'a [AnyBackend],
    subject: impl Fn(&'a AnyBackend) -> Result<Subject<'a>, BenchError>,
) -> Result<Vec<Subject<'a>>, BenchError> {
    backends.iter().map(subject).collect()
}

/// Opens the backends, measures each size, and says what came out.
fn measured(
    common: &Common,
    mut report: Report,
    measure: impl Fn(
        &mut Report,
        &Machine,
        u32,
        &[AnyBackend],
    ) -> Result<(), Box<dyn std::error::Error>>,
) -> Outcome {
    Paths::default().writes("--plot", &common.plot).prints(common.json).check()?;
    let mut backends = Vec::new();
    for &choice in &common.backend {
        match open_or_say(choice) {
            Ok(backend) => backends.push(backend),
            Err(code) => return Ok(code),
        }
    }
    if cfg!(debug_assertions) {
        complain("this program checks itself and is slow: build with --release to measure");
    }
    let machine = Machine::measure();
    for &log_n in &common.log_n {
        let measured = measure(&mut report, &machine, log_n, &backends);
        report.outcome(log_n, measured);
    }
    present(&report, common.json, common.plot.as_ref())
}

/// Says what was measured, and draws it if asked to.
pub(super) fn present(report: &Report, json: bool, file: Option<&Output>) -> Outcome {
    draw(report, file)?;
    if json {
        say_json(report)?;
    } else {
        print(report, Output::beside(file));
    }
    Ok(code(report))
}

/// Complains of sizes that were not measured, and ends with a code that says so.
pub(super) fn code(report: &Report) -> ExitCode {
    for Failure { log_n, reason } in &report.failures {
        complain(&format!("error: 2^{log_n}: {reason}"));
    }
    if report.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(NO_ANSWER) }
}

/// Draws what was measured, if there is a file for it.
pub(super) fn draw(report: &Report, file: Option<&Output>) -> Result<(), String> {
    let Some(file) = file else { return Ok(()) };
    file.write_text(&plot(report))
}

/// Says what was measured.
pub(super) fn print(report: &Report, tell: fn(&str)) {
    tell(&format!(
        "{} over {}; {} threads of {}, simd: {}, {} runs",
        report.kernel, report.over, report.threads, report.processor, report.simd, report.runs
    ));
    let header = [
        "size",
        "",
        "cold ms",
        "median ms",
        "min – max ms",
        "per second",
        "× peer",
        "share of limit",
    ];
    tell(&table(header, report.rows.iter().map(cells)));
    tell(&format!("per second: {}", report.unit));
    for row in &report.rows {
        if let Some(limit) = &row.limit {
            tell(&format!("limit of {} at 2^{}: {}", row.subject, row.log_n, limit.derivation));
        }
    }
}

/// A rate, in millions where it has them.
fn quantity(per_second: f64) -> String {
    if per_second < 1e5 { format!("{per_second:.1}") } else { format!("{:.2} M", per_second / 1e6) }
}

fn cells(row: &Row) -> [String; 8] {
    let ratios = row.to_peer.iter().filter(|_| !row.is_peer);
    let ratios: Vec<String> = ratios.map(|(peer, ratio)| format!("{ratio:.2} {peer}")).collect();
    [
        format!("2^{}", row.log_n),
        row.subject.clone(),
        row.cold_ms.map_or_else(String::new, |ms| format!("{ms:.2}")),
        format!("{:.3}", row.times.median_ms),
        format!("{:.3} – {:.3}", row.times.min_ms, row.times.max_ms),
        quantity(row.per_second),
        ratios.join(", "),
        row.limit.as_ref().map_or_else(String::new, |limit| format!("{:.0}%", 100.0 * limit.share)),
    ]
}
