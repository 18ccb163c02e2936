//! `pulseproof seal`.

mod lines;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use pulseproof_files::Readers;
use pulseproof_kernels::{Curve, CurveId, with_curve};
use pulseproof_medguard::device::{Device, Profile as DeviceProfile};
use pulseproof_prover::srs::DEFAULT_LOG_SIZE;
use pulseproof_sdk::submission::{BATCH_MAX, batch_to_bytes};
use pulseproof_sdk::{Name, Profile, Submission};
use rayon::prelude::*;

use super::keys::device_key;
use super::{Outcome, profile};
use crate::files::{Input, Output, Paths};
use crate::home::Home;
use crate::output::{complain, progress_bar};
use lines::{Readings, read};

/// Encrypt, commit, sign and prove devices' readings, for gateways that are no Rust programs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof seal --profile north.profile --keys keys --region north --epoch 7 < readings.jsonl > batch
  curl -H \"Authorization: Bearer $TOKEN\" --data-binary @batch \\
       http://127.0.0.1:8750/v1/regions/north/epochs/7/readings

Reads a JSON object a line: {\"device\": \"meter-17\", \"readings\": [101, 98.5, null]}. Readings are numbers as people
write them, with as many decimals as the profile has places for; null is a reading that was not taken. Lines of the
same device are one list, in their order. Writes a batch of submissions, one of each device.

The keys are those that `pulseproof keys device` makes, each under its device's name: keys/meter-17.key. Commitments are
made with the SRS of this curve in the home folder, which has to be the appliance's.
examples/gateway.py drives readings through an appliance to a verified sum.")]
pub struct Args {
    /// The devices' region
    #[arg(long)]
    region: Name,
    /// The epoch that the readings are of
    #[arg(long)]
    epoch: u64,
    /// The submissions' number, above those of all that the devices have submitted [default: the epoch's]
    #[arg(long, value_name = "NUMBER")]
    sequence: Option<u64>,
    /// The region's profile, which `pulseproof profile` makes
    #[arg(long, value_name = "FILE")]
    profile: Input,
    /// Folder of the devices' signing keys
    #[arg(long, value_name = "DIR")]
    keys: PathBuf,
    /// Readings
    #[arg(default_value = "-", value_name = "FILE")]
    readings: Input,
    /// File to write, which must not be there yet
    #[arg(long, default_value = "-", value_name = "FILE")]
    out: Output,
    /// The appliance's curve
    #[arg(long, default_value_t = CurveId::Bls12_381)]
    curve: CurveId,
    /// The appliance's log2 of the longest vector
    #[arg(long, default_value_t = DEFAULT_LOG_SIZE)]
    log_size: u32,
    /// Commit with a development SRS: for tests
    #[arg(long)]
    insecure_key: bool,
}

pub(super) fn run(args: &Args, home: &Home) -> Outcome {
    let paths =
        Paths::default().reads("--profile", [&args.profile]).reads("FILE", [&args.readings]);
    paths.writes("--out", [&args.out]).check()?;
    with_curve!(args.curve, C => seal::<C>(args, home))
}

fn key_file(args: &Args, device: &Name) -> Input {
    Input::Path(args.keys.join(format!("{device}.key")))
}

fn seal<C: Curve>(args: &Args, home: &Home) -> Outcome {
    if !args.insecure_key {
        home.require_ceremony::<C>(args.log_size)?;
    }
    let Profile::Proved { layout, key } = profile::read(&args.profile)? else {
        let reason =
            "devices of this profile prove nothing, and it does not say how readings are packed";
        return Err(args.profile.named(reason).into());
    };
    let lists = read(&args.readings, layout.request().scale)?;
    if lists.is_empty() || lists.len() > BATCH_MAX {
        let reason = format!("readings of {} devices, expected 1 to {BATCH_MAX}", lists.len());
        return Err(args.readings.named(reason).into());
    }
    if 1_usize.checked_shl(args.log_size).is_some_and(|longest| layout.words() > longest) {
        let reason = format!(
            "submissions of {} words: --log-size {} is too small",
            layout.words(),
            args.log_size
        );
        return Err(args.profile.named(reason).into());
    }
    let srs = Arc::new(home.srs::<C>(args.log_size)?);
    let profile = Arc::new(DeviceProfile::proved(*layout, *key, srs)?);
    let sealed = submissions(args, &profile, lists)?;
    let batch: Vec<_> = sealed.iter().map(Submission::to_bytes).collect();
    // No file is written over: a key, say, by a slip.
    args.out.write_new(Readers::Everybody, &batch_to_bytes(&batch))?;
    complain(&format!("{} submissions of {}, epoch {}", batch.len(), args.region, args.epoch));
    Ok(ExitCode::SUCCESS)
}

fn submissions<C: Curve>(
    args: &Args,
    profile: &Arc<DeviceProfile<C>>,
    lists: BTreeMap<Name, Readings>,
) -> Result<Vec<Submission<C>>, String> {
    let bar = progress_bar(lists.len() as u64, "sealing");
    let seal = |(name, readings): (Name, Readings)| {
        let key = device_key(&key_file(args, &name))?;
        let device = Device::new(args.region.clone(), name.clone(), key, Arc::clone(profile));
        let mut device = device.numbered_from(args.sequence.unwrap_or(args.epoch));
        let sealed =
            device.submit(args.epoch, &readings).map_err(|error| format!("{name}: {error}"))?;
        bar.inc(1);
        Ok(sealed.0)
    };
    let sealed = lists.into_par_iter().map(seal).collect();
    bar.finish_and_clear();
    sealed
}
