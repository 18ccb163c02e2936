//! `pulseproof audit`.

mod fhir;

use std::io::{BufRead, BufReader};
use std::num::NonZeroU64;
use std::path::PathBuf;
use std::process::ExitCode;
use std::str::FromStr;

use clap::Subcommand;
use pulseproof_files::Readers;
use pulseproof_sdk::Digest;
use pulseproof_sdk::audit::{AuditEntry, AuditPage, AuditVerifier};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_store::Audit as _;
use serde_json::json;
use serde_json::value::RawValue;

use super::Outcome;
use crate::files::{BYTE_ORDER_MARK, Input, Output, Paths};
use crate::home::Home;
use crate::output::{say, say_json};
use crate::store::OpenStore;

/// Entries that are read from the store at a time.
const PAGE: usize = 1000;

/// What an appliance did and for whom: export the log, verify that nobody changed it
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof audit export > audit.jsonl
  pulseproof audit verify --appliance $(curl -s http://127.0.0.1:8750/v1/identity | jq -r .key) audit.jsonl
  pulseproof audit verify --appliance $KEY --known 1200:5e9a... audit.jsonl
  pulseproof audit export --fhir > audit-events.ndjson

Who may see the log over HTTP asks for /v1/audit. docs/audit.md says what is in it, and what it is worth.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Write the log as JSON, an entry a line: also beside an appliance that runs
    Export {
        /// The appliance's folder [default: that of `pulseproof serve`]
        #[arg(long, value_name = "DIR")]
        store: Option<PathBuf>,
        /// Entries behind this one
        #[arg(long, default_value_t = 0, value_name = "POSITION")]
        after: u64,
        /// As FHIR AuditEvents (R4), a resource a line
        #[arg(long)]
        fhir: bool,
        /// File to write
        #[arg(long, default_value = "-", value_name = "FILE")]
        out: Output,
    },
    /// Verify that a log is whole and as the appliance signed it
    #[command(after_help = "\
Examples:
  pulseproof audit verify --appliance $KEY audit.jsonl
  pulseproof audit verify --appliance $KEY --known 1200:5e9a... audit.jsonl

Reads what `pulseproof audit export` writes, or pages of GET /v1/audit one after the other. Prints the last entry and
its hash. Whoever keeps them, outside the appliance's reach, finds out the next time (--known) if the log was written
anew meanwhile, even by somebody who has the appliance's key.
Exits with 0 if the log is whole, 1 if it was changed, and 2 if it cannot be read.")]
    Verify(Box<VerifyArgs>),
}

#[derive(Debug, clap::Args)]
struct VerifyArgs {
    /// The appliance's key, from somebody you trust; may be given again, if it had another one before
    #[arg(long, value_name = "KEY", required = true)]
    appliance: Vec<AppliancePublicKey>,
    /// An entry that was seen before, and its hash
    #[arg(long, value_name = "POSITION:HASH")]
    known: Option<Known>,
    /// The log, from its start
    #[arg(default_value = "-")]
    file: Input,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// An entry that was seen before.
#[derive(Clone, Copy, Debug)]
struct Known {
    position: u64,
    hash: Digest,
}

impl FromStr for Known {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (position, hash) = text.split_once(':').ok_or("expected POSITION:HASH")?;
        let parsed: Result<NonZeroU64, _> = position.parse();
        let position = parsed.map_err(|error| format!("{position}: {error}"))?.get();
        Ok(Self { position, hash: hash.parse()? })
    }
}

pub(super) fn run(args: Args, home: &Home) -> Outcome {
    match args.what {
        What::Export { store, after, fhir, out } => {
            let folder = store.unwrap_or_else(|| home.store_dir());
            Paths::default().writes("--out", [&out]).check()?;
            let lines = tokio::runtime::Runtime::new()?.block_on(export(folder, after, fhir))?;
            // No file is written over: of all that could be, most are worth more.
            out.write_new(Readers::Owner, lines.concat().as_bytes())?;
            Ok(ExitCode::SUCCESS)
        }
        What::Verify(args) => verify(&args),
    }
}

async fn export(
    folder: PathBuf,
    mut after: u64,
    fhir: bool,
) -> Result<Vec<String>, Box<dyn std::error::Error>> {
    let opened = OpenStore::open(&folder).await?;
    let mut lines = Vec::new();
    loop {
        let entries = opened.store.log(after, PAGE).await?;
        for entry in &entries {
            let line =
                if fhir { fhir::event(entry)?.to_string() } else { serde_json::to_string(entry)? };
            lines.push(line + "\n");
        }
        match entries.last() {
            Some(entry) if entries.len() == PAGE => after = entry.position,
            _ => break,
        }
    }
    opened.close().await;
    Ok(lines)
}

fn verify(args: &VerifyArgs) -> Outcome {
    Paths::default().reads("FILE", [&args.file]).check()?;
    let mut reading = Reading { verifier: AuditVerifier::new(args.appliance.clone()), last: None };
    let problem = match reading.follow(args)? {
        None => reading.end(args.known),
        problem => problem,
    };
    let hash = reading.last.as_ref().map(|(_, hash)| hash.to_string());
    let entries = reading.last.map_or(0, |(position, _)| position);
    if args.json {
        let valid = problem.is_none();
        say_json(&json!({ "valid": valid, "error": problem, "entries": entries, "hash": hash }))?;
    } else {
        say(&match (&problem, hash) {
            (Some(problem), _) => format!("{}: CHANGED: {problem}", args.file),
            (None, hash) => {
                format!("{}: whole; keep {entries}:{}", args.file, hash.unwrap_or_default())
            }
        });
    }
    Ok(if problem.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A log that is followed to its end.
struct Reading {
    verifier: AuditVerifier,
    last: Option<(u64, Digest)>,
}

impl Reading {
    /// Reads to the end, or to what is wrong: entries, or pages of them.
    fn follow(&mut self, args: &VerifyArgs) -> Result<Option<String>, String> {
        let mut lines = BufReader::new(args.file.open()?);
        let begin = lines.fill_buf().map_err(|error| args.file.named(error))?;
        if begin.starts_with(BYTE_ORDER_MARK) {
            lines.consume(BYTE_ORDER_MARK.len());
        }
        let values = serde_json::Deserializer::from_reader(lines).into_iter::<Box<RawValue>>();
        for (index, value) in values.enumerate() {
            let entries = value.and_then(|value| entries(value.get())).map_err(|error| {
                args.file.named(format!("entry or page {}: {error}", index + 1))
            })?;
            for entry in entries {
                if let Some(problem) = self.take(&entry, args.known) {
                    return Ok(Some(problem));
                }
            }
        }
        Ok(None)
    }

    fn take(&mut self, entry: &AuditEntry, known: Option<Known>) -> Option<String> {
        if let Err(error) = self.verifier.next(entry) {
            return Some(error.to_string());
        }
        self.last = Some((entry.position, entry.hash));
        let known = known.filter(|known| known.position == entry.position)?;
        let is_other = known.hash != entry.hash;
        is_other.then(|| format!("entry {} is another one than was seen before", entry.position))
    }

    fn end(&self, known: Option<Known>) -> Option<String> {
        let entries = self.last.map_or(0, |(position, _)| position);
        if known.is_some_and(|known| known.position > entries) {
            return Some(format!(
                "the log ends with entry {entries}, before the one that was seen"
            ));
        }
        self.verifier.end().err().map(|error| error.to_string())
    }
}

/// What `GET /v1/audit` answers, or a line of an export.
fn entries(json: &str) -> serde_json::Result<Vec<AuditEntry>> {
    if json.starts_with(r#"{"entries""#) {
        return Ok(serde_json::from_str::<AuditPage>(json)?.entries);
    }
    Ok(vec![serde_json::from_str(json)?])
}
