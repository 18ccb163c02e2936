//! `pulseproof policy`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Subcommand;
use pulseproof_access::cases::{self, Case};
use pulseproof_access::{DEFAULT, Policy};
use serde::Serialize;

use super::Outcome;
use crate::output::{say, say_json};

/// Show and test the rules on who may do what to an appliance
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof policy show > rules.cedar          the rules that are used unless others are given
  pulseproof policy test                        who may do what
  pulseproof policy test --policy rules.cedar --cases cases.json
  pulseproof serve --policy rules.cedar

Rules are written in Cedar (https://docs.cedarpolicy.com). Cases are a JSON array:
  [{ \"permitted\": false, \"role\": \"gateway\", \"regions\": [\"north\"], \"action\": \"submit\", \"on\": \"south\" }]
Exits with 1 if a case does not hold, and with 2 if rules or cases cannot be read.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print the rules that are used unless others are given
    Show,
    /// Print who may do what, and try cases
    Test {
        /// Other rules, in Cedar
        #[arg(long, value_name = "FILE")]
        policy: Option<PathBuf>,
        /// What should be permitted and what should not, in JSON
        #[arg(long, value_name = "FILE")]
        cases: Option<PathBuf>,
        /// The table as JSON
        #[arg(long)]
        json: bool,
    },
}

/// A row of the table.
#[derive(Serialize)]
struct Row {
    action: String,
    permitted: Vec<&'static str>,
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.what {
        What::Show => {
            say(DEFAULT.trim_end());
            Ok(ExitCode::SUCCESS)
        }
        What::Test { policy, cases, json } => {
            let text = match policy {
                Some(path) => read(path)?,
                None => DEFAULT.to_owned(),
            };
            let named =
                policy.as_deref().map_or_else(String::new, |path| format!("{}: ", path.display()));
            let policy = Policy::read(&text).map_err(|error| format!("{named}{error}"))?;
            match cases {
                Some(path) => try_cases(&policy, &read(path)?)
                    .map_err(|error| format!("{}: {error}", path.display()).into()),
                None => show(&policy, *json),
            }
        }
    }
}

/// Reads a file of rules or cases.
pub(super) fn read(path: &PathBuf) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

fn try_cases(policy: &Policy, text: &str) -> Outcome {
    let cases: Vec<Case> = serde_json::from_str(text).map_err(|error| format!("cases: {error}"))?;
    let mut failed = 0;
    for (index, case) in cases.iter().enumerate() {
        if !case.holds(policy).map_err(|error| format!("cases[{index}]: {error}"))? {
            failed += 1;
            let came = if case.permitted { "refused" } else { "permitted" };
            say(&format!("cases[{index}]: {came}: {}", serde_json::to_string(case)?));
        }
    }
    say(&format!("{} of {} cases hold", cases.len() - failed, cases.len()));
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn show(policy: &Policy, json: bool) -> Outcome {
    let columns = cases::columns();
    let table = cases::table(policy);
    if json {
        let row = |(action, may): (String, Vec<bool>)| {
            let may = columns.iter().zip(may).filter(|(_, may)| *may);
            Row { action, permitted: may.map(|(who, _)| *who).collect() }
        };
        say_json(&table.into_iter().map(row).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let rows = table.into_iter().map(|(action, may)| {
        let mut cells = may.into_iter().map(|may| if may { "yes" } else { "" }.to_owned());
        let mut next = || cells.next().unwrap_or_default();
        [action, next(), next(), next(), next(), next()]
    });
    let [nobody, a, b, c, d] = [0, 1, 2, 3, 4].map(|at| columns.get(at).copied().unwrap_or(""));
    say(&crate::output::table(["", nobody, a, b, c, d], rows));
    Ok(ExitCode::SUCCESS)
}
