//! `pulseproof demo`.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::ExitCode;

use pulseproof_demo::cohort::Shape;
use pulseproof_demo::dataset::{ChosenColumns, Columns, Dataset, DatasetError, Zone};
use pulseproof_demo::statistics::Statistics;
use pulseproof_demo::{
    AlertOptions, DemoReport, Options, Percentiles, RegionFigures, Stage, Tamper, TamperReport,
};
use pulseproof_groth16::text::unmarked;
use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_prover::srs::DEFAULT_LOG_SIZE;
use pulseproof_server::Programs;

use super::{Outcome, alerts};
use crate::backend::BackendArgs;
use crate::files::Input;
use crate::home::Home;
use crate::output::{complain, progress_bar, say, say_json, table};

/// The sensor's range and the consensus target range, in mg/dL, of the readings that come along.
const HALL_RANGE: (&str, &str) = ("40", "400");
const HALL_INSIDE: &str = "70:180";
/// A mean that calls for attention, in mg/dL.
const HALL_ABOVE: &str = "140";

/// Run the whole path: devices, gateways, appliance, cloud and authority
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof demo
  pulseproof demo --devices 200 --regions 20 --epochs 2 --json
  pulseproof demo --tamper forge-proof
  pulseproof demo --alert-above 110 --alert-epochs 7
  pulseproof demo --data readings.csv --inside 70:180
  pulseproof demo --data steps.csv --subject-column who --time-column at --value-column steps \\
                  --zone Europe/Berlin --inside 4000:12000 --unit steps

Without --data the readings are those of 19 people wearing a continuous glucose monitor for a week
(Hall et al. 2018, PLOS Biology, CC BY 4.0). Everything runs on loopback ports of this machine and
over HTTP. Every figure is decrypted from a proved sum and compared with the one computed in the
clear: they must be equal. So must the answers to questions that the authority computes on encrypted
sums, and decrypts bit by bit: is the mean above a threshold, and in each region's last epoch, is it a spike against
the four epochs before it, is it rising or falling. With --tamper the exit code is 0 only if every attempt was caught.")]
pub(super) struct Args {
    /// Devices; beyond the subjects, days are drawn from all of them [default: one per subject]
    #[arg(long, value_name = "N")]
    devices: Option<usize>,
    /// Regions [default: one per ten devices]
    #[arg(long, value_name = "R")]
    regions: Option<usize>,
    /// Most epochs of a device
    #[arg(long, default_value_t = 31, value_name = "E")]
    epochs: usize,
    /// Readings of one epoch: 288 is a day, one every five minutes
    #[arg(long, default_value_t = 288, value_name = "S")]
    slots: usize,
    /// Let somebody cheat: drop, alter, inject, replay, forge-proof, steal-key, subtract, sybil,
    /// malform or lie-program
    #[arg(long, value_name = "KIND")]
    tamper: Option<Tamper>,
    /// Curve
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// CSV file with a header: subject, time, value
    #[arg(long, value_name = "FILE", requires = "inside")]
    data: Option<Input>,
    /// Column of the subject [default: the one with a usual name, such as id, subject or patient]
    #[arg(long, requires = "data", value_name = "NAME")]
    subject_column: Option<String>,
    /// Column of the time: a date and time with its offset, such as 2025-10-26T02:30:00+02:00, or a number
    /// [default: time, timestamp or date]
    #[arg(long, requires = "data", value_name = "NAME")]
    time_column: Option<String>,
    /// Zone of times that have no offset, such as Europe/Berlin
    #[arg(long, requires = "data", value_name = "NAME")]
    zone: Option<Zone>,
    /// Column of the value: a decimal number [default: value, glucose, gl or reading]
    #[arg(long, requires = "data", value_name = "NAME")]
    value_column: Option<String>,
    /// Smallest value a reading may have: public [default: 40, or the data's smallest]
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    min: Option<String>,
    /// Largest value a reading may have: public [default: 400, or the data's largest]
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    max: Option<String>,
    /// Range of interest, both ends included; has to be given with --data [default: 70:180]
    #[arg(long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    inside: Option<String>,
    /// Ask of encrypted sums whether their mean is above this [default: 140, or the end of --inside]
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    alert_above: Option<String>,
    /// Of how many epochs of a region to ask that, newest first; few, because each takes a second or so
    /// on a CPU. With 0 nothing is asked of encrypted sums
    #[arg(long, default_value_t = 3, value_name = "E")]
    alert_epochs: usize,
    /// Unit of the values [default: mg/dL]
    #[arg(long, value_name = "UNIT")]
    unit: Option<String>,
    /// Leave results, rosters and the verifying key here, for `pulseproof verify`
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    #[command(flatten)]
    backend: BackendArgs,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    with_curve!(args.curve, C => play::<C>(args, home))
}

fn play<C: Curve>(args: &Args, home: &Home) -> Outcome {
    let store = tempfile::tempdir()?;
    let options = options(args, store.path().to_owned())?;
    // No circuits but its own.
    let programs = Programs::new(0, None);
    let machine = home.machine::<C>(DEFAULT_LOG_SIZE, args.backend.backend, programs)?;
    let bar = progress_bar(0, "proving");
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(pulseproof_demo::run(machine, options, |progress| {
        bar.set_message(match progress.stage {
            Stage::Proving => "proving",
            Stage::Asking => "asking",
        });
        bar.set_length(progress.total as u64);
        bar.set_position(progress.done as u64);
    }));
    bar.finish_and_clear();
    let report = report?;
    if args.json {
        say_json(&report)?;
    } else {
        print(&report, args);
    }
    let caught = report.tamper.as_ref().is_none_or(|tamper| tamper.caught);
    Ok(if caught && report.equal { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn options(args: &Args, folder: PathBuf) -> Result<Options, Box<dyn std::error::Error>> {
    let data = data(args)?;
    let raw = |flag: &str, text: &str| {
        data.raw(text).ok_or_else(|| {
            format!("--{flag}: {text:?} is not a number with at most {} decimals", data.decimals)
        })
    };
    let bound = |flag, given: &Option<String>, hall: &str, found: i64| match given {
        Some(text) => raw(flag, text),
        None if args.data.is_none() => raw(flag, hall),
        None => Ok(found),
    };
    let (smallest, largest) = data.range();
    let range = (
        bound("min", &args.min, HALL_RANGE.0, smallest)?,
        bound("max", &args.max, HALL_RANGE.1, largest)?,
    );
    let inside = args.inside.as_deref().unwrap_or(HALL_INSIDE);
    let (low, high) = inside
        .split_once(':')
        .ok_or_else(|| format!("--inside: {inside:?} is not LOW:HIGH, such as 70:180"))?;
    let inside = (raw("inside", low)?, raw("inside", high)?);
    let above = match &args.alert_above {
        None if args.data.is_some() => inside.1,
        given => raw("alert-above", given.as_deref().unwrap_or(HALL_ABOVE))?,
    };
    Ok(Options {
        shape: Shape {
            devices: args.devices,
            regions: args.regions,
            epochs_max: args.epochs,
            slots: args.slots,
        },
        range,
        inside,
        alerts: AlertOptions { above, epochs: args.alert_epochs },
        tamper: args.tamper,
        folder,
        artifacts: args.out.clone(),
        data,
    })
}

fn data(args: &Args) -> Result<Dataset, Box<dyn std::error::Error>> {
    let Some(input) = &args.data else {
        return Ok(Dataset::hall_2018());
    };
    let columns = ChosenColumns {
        subject: args.subject_column.clone(),
        time: args.time_column.clone(),
        value: args.value_column.clone(),
    };
    let mut table = BufReader::new(input.open()?);
    let start = table.fill_buf().map_err(|error| input.named(error))?;
    unmarked(start).map_err(|error| input.named(error))?;
    let read = Dataset::read(table, &columns, args.zone.as_ref());
    let data = read.map_err(|error| match error {
        DatasetError::Unnamed { what, .. } | DatasetError::Ambiguous { what, .. } => {
            input.named(format!("{error}, with --{what}-column"))
        }
        error => input.named(error),
    })?;
    let Columns { subject, time, value } = &data.columns;
    complain(&format!("columns: subject {subject:?}, time {time:?}, value {value:?}"));
    Ok(data)
}

fn print(report: &DemoReport, args: &Args) {
    say(&format!(
        "{} readings of {} devices, {} proofs on {}, {} words of {} plaintext bits each",
        report.readings,
        report.devices,
        report.proofs,
        report.curve,
        report.words,
        report.plaintext_bits
    ));
    say("Decrypted from proved sums, next to the same computed in the clear:");
    let unit = args.unit.as_deref().unwrap_or(if args.data.is_none() { "mg/dL" } else { "" });
    let inside = args.inside.as_deref().unwrap_or(HALL_INSIDE).replacen(':', "–", 1);
    let header = [
        "region".to_owned(),
        "readings".to_owned(),
        format!("mean {unit}"),
        format!("std. deviation {unit}"),
        format!("share in {inside}"),
        "totals".to_owned(),
    ];
    say(&table(header.each_ref().map(|h| h.trim()), report.rows.iter().map(figures)));
    for missing in &report.missing {
        say(&format!("missing: {} in {} epoch {}", missing.device, missing.region, missing.epoch));
    }
    if report.withheld_readings > 0 {
        say(&format!(
            "withheld: {} readings of epochs that too few of a region's devices have, or too few of them",
            report.withheld_readings
        ));
    }
    if report.repeated_readings > 0 {
        say(&format!(
            "repeated: {} readings are in the data more than once, and count once",
            report.repeated_readings
        ));
    }
    if let Some(found) = &report.alerts {
        alerts::print(found, unit);
    }
    print_latency(report);
    if let Some(tamper) = &report.tamper {
        print_tamper(tamper);
    }
    if report.insecure_srs {
        say("Proved with an INSECURE development SRS: good for a demo, worth nothing as evidence.");
    }
    if !report.equal {
        say("NOT EQUAL: a decrypted total or answer differs from the plain one");
    }
}

fn figures(row: &RegionFigures) -> [String; 6] {
    let beside = |show: &dyn Fn(&Statistics) -> String| {
        let (decrypted, plain) = (show(&row.decrypted), show(&row.plain));
        let sign = if decrypted == plain { "=" } else { "≠" };
        format!("{decrypted} {sign} {plain}")
    };
    let number = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.3}"));
    let percent = |share: Option<f64>| {
        share.map_or("–".to_owned(), |share| format!("{:.2}%", share * 100.0))
    };
    [
        row.region.clone(),
        beside(&|s| s.count.to_string()),
        beside(&|s| number(s.mean)),
        beside(&|s| number(s.standard_deviation)),
        beside(&|s| percent(s.share_inside)),
        if row.equal { "equal".to_owned() } else { "DIFFER".to_owned() },
    ]
}

fn print_latency(report: &DemoReport) {
    let latency = &report.latency;
    let row = |name: &str, times: Percentiles| {
        [name.to_owned(), format!("{:.1}", times.p50), format!("{:.1}", times.p99)]
    };
    let rows = [
        row("devices encrypt, prove, commit, sign", latency.seal_ms),
        row("appliance checks and stores", latency.intake_ms),
        row("appliance proves", latency.prove_ms),
        row("cloud verifies", latency.verify_ms),
        row("end to end", latency.end_to_end_ms),
    ];
    let rows = rows.into_iter().chain(latency.alert_ms.map(|ms| row("a question, computed", ms)));
    say(&table(["per region and epoch", "p50 ms", "p99 ms"], rows));
    say(&format!("proof {} bytes, whole result {} bytes", report.proof_bytes, report.result_bytes));
}

fn print_tamper(tamper: &TamperReport) {
    say(&format!("Tampering: {}", tamper.kind));
    let rows = tamper.attempts.iter().map(|attempt| {
        let by = attempt.by.clone().unwrap_or_else(|| "NOBODY".to_owned());
        [attempt.attempt.clone(), by, attempt.how.clone()]
    });
    say(&table(["attempt", "caught by", "how"], rows));
    say(if tamper.caught { "Every attempt was caught." } else { "NOT every attempt was caught." });
}
