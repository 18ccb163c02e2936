//! `pulseproof backup` and `pulseproof restore`.

use std::path::PathBuf;
use std::process::ExitCode;

use indicatif::HumanBytes;
use pulseproof_server::copies::{self, Manifest};
use serde_json::json;

use super::Outcome;
use crate::home::Home;
use crate::output::{complain, progress_bar, say, say_json};
use crate::store::OpenStore;

/// Copy an appliance's folder, also beside the appliance while it runs
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof backup /backup/pulseproof-$(date +%F)
  pulseproof backup --store /var/lib/pulseproof/appliance /backup/today --json

The copy is of one moment, with the store, the files that it needs and the appliance's key: it is as secret as the
appliance. `pulseproof restore` puts it back; docs/operate.md says what an appliance does not know then.")]
pub struct BackupArgs {
    /// The copy: a folder that is not there yet
    #[arg(value_name = "COPY")]
    copy: PathBuf,
    /// The appliance's folder [default: that of `pulseproof serve`]
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Put a copy of an appliance's folder back, where none is
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof restore --first /backup/pulseproof-2026-11-30
  pulseproof restore --first --store /var/lib/pulseproof/appliance /backup/today

Every file is compared with its hash, and the store is looked through; if anything was damaged, nothing is put back.
Whoever can write to a copy can make another one. An appliance does not know what came after the copy: docs/operate.md says what that means.")]
pub struct RestoreArgs {
    /// The copy
    #[arg(value_name = "COPY")]
    copy: PathBuf,
    /// The appliance's folder, which must not be there [default: that of `pulseproof serve`]
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// This copy was never put back before. Without, what no sum of it has opened is opened no more: nobody knows how
    /// often it was
    #[arg(long)]
    first: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn backup(args: BackupArgs, home: &Home) -> Outcome {
    let folder = args.store.unwrap_or_else(|| home.store_dir());
    let bar = progress_bar(0, "copying");
    let manifest = tokio::runtime::Runtime::new()?.block_on(async {
        let opened = OpenStore::open_as_it_is(&folder).await?;
        let mut copied = |bytes, of| {
            bar.set_length(of);
            bar.set_position(bytes);
        };
        let manifest = copies::backup(&opened.store, &folder, &args.copy, &mut copied).await;
        opened.close().await;
        Ok::<_, Box<dyn std::error::Error>>(manifest?)
    })?;
    bar.finish_and_clear();
    if args.json {
        say_json(&summary(&manifest))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (files, bytes) = (manifest.files.len(), HumanBytes(manifest.bytes()));
    say(&format!("{}: {files} files, {bytes}", args.copy.display()));
    if let Some(log) = &manifest.log {
        say(&format!("the log was signed up to {log}"));
    }
    complain("whoever has the copy has the appliance's key and what devices sent: keep it as safe");
    Ok(ExitCode::SUCCESS)
}

pub(super) fn restore(args: RestoreArgs, home: &Home) -> Outcome {
    let folder = args.store.unwrap_or_else(|| home.store_dir());
    let bar = progress_bar(Manifest::read(&args.copy)?.bytes(), "restoring");
    let mut copied = |bytes| bar.inc(bytes);
    let restoring = copies::restore(&args.copy, &folder, args.first, &mut copied);
    let restored = tokio::runtime::Runtime::new()?.block_on(restoring)?;
    bar.finish_and_clear();
    if args.json {
        let mut summary = summary(&restored.manifest);
        summary["uncertain"] = restored.uncertain.into();
        say_json(&summary)?;
        return Ok(ExitCode::SUCCESS);
    }
    let taken = i64::try_from(restored.manifest.taken_at).ok();
    let taken = taken.and_then(|at| jiff::Timestamp::from_millisecond(at).ok());
    let (bytes, when) = (HumanBytes(restored.manifest.bytes()), taken.unwrap_or_default());
    say(&format!("{}: {bytes}, as it was on {when}", folder.display()));
    let uncertain = restored.uncertain;
    complain(&match args.first {
        true => format!(
            "what came after is not known here. Before the network is let in: revoke the tokens that were revoked since; \
             sum no epoch again that was summed since, of {uncertain} submissions that no sum here has opened. Copy it \
             again, and put this copy back no more"
        ),
        false => format!(
            "what came after is not known here. Before the network is let in: revoke the tokens that were revoked since. \
             {uncertain} submissions that no sum here has opened are opened no more; --first, of a copy that was never \
             put back before, would leave them"
        ),
    });
    Ok(ExitCode::SUCCESS)
}

fn summary(manifest: &Manifest) -> serde_json::Value {
    json!({
        "taken_at": manifest.taken_at,
        "appliance": manifest.appliance,
        "log": manifest.log,
        "files": manifest.files.len(),
        "bytes": manifest.bytes(),
    })
}
