//! How things are said: results on standard output, everything else on standard error.

#![allow(clippy::print_stdout, reason = "this is the one file that prints")]

use std::io::IsTerminal;

use comfy_table::{Table, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use serde_json::json;

/// The environment variable that says how things are logged: `json`, or lines for people.
const LOG_FORMAT: &str = "PULSEPROOF_LOG_FORMAT";

/// Prints a result.
pub fn say(text: &str) {
    println!("{text}");
}

/// Prints a result for machines.
///
/// # Errors
/// The value cannot be written as JSON.
pub fn say_json(value: &impl Serialize) -> serde_json::Result<()> {
    say(&serde_json::to_string_pretty(value)?);
    Ok(())
}

/// Says something that is not a result: a line for people, or a record among those of the log.
pub fn complain(text: &str) {
    if logs_are_json() {
        let level = match text {
            error if error.starts_with("error:") => "ERROR",
            warning if warning.starts_with("WARNING") => "WARN",
            _ => "INFO",
        };
        let timestamp = jiff::Timestamp::now().to_string();
        let record = json!({
            "timestamp": timestamp, "level": level, "message": text, "target": "pulseproof",
        });
        eprintln!("{record}");
    } else {
        eprintln!("{text}");
    }
}

/// Whether everything on standard error is JSON, an object a line.
pub fn logs_are_json() -> bool {
    std::env::var_os(LOG_FORMAT).is_some_and(|format| format == "json")
}

/// A table with a header.
pub fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).set_header(header);
    for row in rows {
        table.add_row(row);
    }
    table.to_string()
}

/// A progress bar, on a terminal only.
pub fn progress_bar(total: u64, what: &str) -> ProgressBar {
    if !std::io::stderr().is_terminal() {
        return ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
    }
    let style = ProgressStyle::with_template("{msg} {bar:40} {pos}/{len}  {elapsed}, {eta} left");
    let bar = ProgressBar::new(total).with_message(what.to_owned());
    bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}
