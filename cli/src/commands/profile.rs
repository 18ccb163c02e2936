//! `pulseproof profile`.

use std::process::ExitCode;

use pulseproof_fhe::{Layout, LayoutRequest, PublicKey, Scale};
use pulseproof_files::Readers;
use pulseproof_packing::decimal::DECIMALS_MAX;
use pulseproof_sdk::Profile;
use pulseproof_sdk::profile::PROFILE_BYTES_MAX;
use serde_json::json;

use super::Outcome;
use crate::files::{Input, Output, Paths};

/// Make a region's profile: how readings are packed, and the key that they are encrypted with
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof profile authority.public north.profile --range 40:400 --inside 70:180 --slots 288 --summands 1000
  pulseproof profile authority.public mmol.profile --decimals 1 --range 2.2:22.2 --inside 3.9:10 --slots 288 \\
                     --summands 1000
  pulseproof keys show north.profile

Prints what the region's roster needs: the profile's digest, and how many words a submission has. Devices of the profile
prove that they encrypted readings on this scale, and nothing else.")]
pub struct Args {
    /// The authority's public key
    key: Input,
    /// File to write
    file: Output,
    /// Smallest and largest reading
    #[arg(long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    range: String,
    /// First and last reading that count as inside the range of interest
    #[arg(long, value_name = "LOW:HIGH", allow_hyphen_values = true)]
    inside: String,
    /// Digits of a reading behind the point
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u32).range(..=i64::from(DECIMALS_MAX)))]
    decimals: u32,
    /// Most readings of a submission
    #[arg(long)]
    slots: usize,
    /// Most submissions in any sum that will be decrypted, each as often as its weight says
    #[arg(long, value_name = "COUNT")]
    summands: u64,
    /// Leave out the totals that homomorphic programs work on
    #[arg(long)]
    no_totals: bool,
}

pub(super) fn run(args: &Args) -> Outcome {
    Paths::default().reads("KEY", [&args.key]).writes("FILE", [&args.file]).check()?;
    let key = PublicKey::from_bytes(&args.key.read(PublicKey::BYTES as u64)?);
    let key = key.map_err(|error| args.key.named(error))?;
    let unbounded = Scale { decimals: args.decimals, minimum: i64::MIN, maximum: i64::MAX };
    let (minimum, maximum) = bounds("range", &args.range, unbounded)?;
    let request = LayoutRequest {
        scale: Scale { minimum, maximum, ..unbounded },
        inside: bounds("inside", &args.inside, unbounded)?,
        slots: args.slots,
        summands_max: args.summands,
        totals: !args.no_totals,
    };
    let layout = Layout::plan(request)?;
    let words = layout.words();
    let profile = Profile::Proved { layout: Box::new(layout), key: Box::new(key) };
    args.file.write_new(Readers::Everybody, &profile.to_bytes())?;
    let facts = json!({ "profile": profile.digest(), "words": words });
    Output::beside([&args.file])(&facts.to_string());
    Ok(ExitCode::SUCCESS)
}

fn bounds(option: &str, text: &str, scale: Scale) -> Result<(i64, i64), String> {
    let bounds =
        text.split_once(':').and_then(|(low, high)| Some((scale.raw(low)?, scale.raw(high)?)));
    bounds.ok_or_else(|| {
        let decimals = scale.decimals;
        format!(
            "--{option}: {text:?} is not LOW:HIGH, two numbers with at most {decimals} decimals"
        )
    })
}

/// Reads a profile.
///
/// # Errors
/// It is none, with its name.
pub(super) fn read(input: &Input) -> Result<Profile, String> {
    let bytes = input.read(PROFILE_BYTES_MAX as u64)?;
    Profile::from_bytes(&bytes).map_err(|error| input.named(error))
}
