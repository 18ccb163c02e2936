//! `pulseproof config`, and the file that `pulseproof serve --config` reads.
//!
//! A file says what options say, under the same names. What is on the command line or in the environment counts more.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::Str;
use clap::{Arg, ArgAction, CommandFactory, FromArgMatches, Subcommand};
use toml::{Table, Value};

use super::{Cli, Command, Outcome};
use crate::files::Input;
use crate::output::say;

/// The command whose options a file has.
const SERVE: &str = "serve";
/// Options that are none of a file's.
const NOT_IN_FILES: [&str; 2] = ["config", "help"];
/// Longest file.
const BYTES_MAX: u64 = 1 << 20;
/// Columns of a comment.
const WIDTH: usize = 100;

/// Write and check the file that `pulseproof serve --config` reads
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof config example > /etc/pulseproof/pulseproof.toml
  pulseproof config check /etc/pulseproof/pulseproof.toml
  pulseproof serve --config /etc/pulseproof/pulseproof.toml

What is on the command line or in the environment counts more than what a file says.")]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Print a file with every option, each commented out, as it is if nobody says
    Example,
    /// Check a file, and the certificates and rules that it names
    Check {
        /// The file, in TOML
        file: Input,
    },
}

pub(super) fn run(args: &Args) -> Outcome {
    match &args.what {
        What::Example => say(example().trim_end()),
        What::Check { file } => {
            check(&read(file)?).map_err(|error| file.named(error))?;
            say(&format!("{file}: good"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn check(said: &Table) -> Result<(), Box<dyn std::error::Error>> {
    match alone(said)?.command {
        Command::Serve(args) => args.check(),
        _ => Ok(()),
    }
}

/// The command line once more, with what a file says where the command line says nothing.
///
/// # Errors
/// The file's, naming the option.
pub(super) fn behind(file: &Input) -> Result<Cli, String> {
    let said = read(file)?;
    // What is no value of an option is found here, where the file can be named.
    alone(&said).map_err(|error| file.named(error))?;
    let mut options = words(&said).map_err(|error| file.named(error))?;
    let command = Cli::command().mut_subcommand(SERVE, |serve| {
        serve.mut_args(|arg| match options.iter().position(|(id, _)| id == arg.get_id().as_str()) {
            Some(index) => {
                arg.default_values(options.swap_remove(index).1.into_iter().map(Str::from))
            }
            None => arg,
        })
    });
    let matches = command.get_matches();
    Cli::from_arg_matches(&matches).map_err(|error| file.named(error))
}

/// Reads a file, once: it may be a pipe.
fn read(file: &Input) -> Result<Table, String> {
    let bytes = file.read(BYTES_MAX)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| file.named(error))?;
    text.parse().map_err(|error: toml::de::Error| file.named(error))
}

/// What a file alone says.
fn alone(said: &Table) -> Result<Cli, String> {
    let words = words(said)?;
    let mut line = vec![OsString::from("pulseproof"), SERVE.into()];
    for option in options() {
        let id = option.get_id().as_str();
        let said = words.iter().find(|(of, _)| of == id);
        for word in said.map(|(_, words)| &words[..]).unwrap_or_default() {
            let long = format!("--{}", option.get_long().unwrap_or_default());
            line.push(if is_flag(&option) { long.into() } else { format!("{long}={word}").into() });
        }
    }
    let matches = Cli::command().try_get_matches_from(line);
    let cli = matches.and_then(|matches| Cli::from_arg_matches(&matches));
    cli.map_err(|error| error.to_string().trim_start_matches("error: ").trim_end().to_owned())
}

/// What a file says: the words of each option, by its id. A flag that is not set has none.
fn words(said: &Table) -> Result<Vec<(String, Vec<String>)>, String> {
    let option = |(key, value): (&String, &Value)| {
        let options = options();
        let option = options.iter().find(|option| option.get_long() == Some(key));
        let option = option.ok_or_else(|| {
            format!("{key}: there is no such option; `pulseproof config example` shows all")
        })?;
        let words = words_of(option, value).map_err(|expected| format!("{key}: {expected}"))?;
        Ok((option.get_id().to_string(), words))
    };
    said.iter().map(option).collect()
}

fn words_of(option: &Arg, value: &Value) -> Result<Vec<String>, String> {
    match (option.get_action(), value) {
        (ArgAction::SetTrue, Value::Boolean(set)) => {
            Ok(if *set { vec!["true".to_owned()] } else { Vec::new() })
        }
        (ArgAction::SetTrue, _) => Err("expected true or false".to_owned()),
        (ArgAction::Append, Value::Array(values)) => values.iter().map(word).collect(),
        (ArgAction::Append, value) => word(value).map(|word| vec![word]),
        (_, value) => word(value).map(|word| vec![word]),
    }
}

fn word(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        _ => Err("expected a text or a whole number".to_owned()),
    }
}

/// The options of the command, but those that no file has.
fn options() -> Vec<Arg> {
    let mut command = Cli::command();
    command.build();
    let serve = command.find_subcommand(SERVE).map(clap::Command::get_arguments);
    let in_files = |option: &&Arg| {
        option.get_long().is_some_and(|long| !NOT_IN_FILES.contains(&long))
            && !option.is_global_set()
    };
    serve.into_iter().flatten().filter(in_files).cloned().collect()
}

fn is_flag(option: &Arg) -> bool {
    matches!(option.get_action(), ArgAction::SetTrue)
}

/// Every option with what it is for, commented out.
fn example() -> String {
    let mut text = String::from(
        "# What `pulseproof serve --config` reads: options of `pulseproof serve`, under the same names.\n\
         # `pulseproof config check` checks it. Words in capitals stand for yours; everything else is what holds if nobody\n\
         # says otherwise.\n",
    );
    for option in options() {
        text.push('\n');
        let help = option.get_help().map(ToString::to_string).unwrap_or_default();
        for line in wrapped(&help) {
            text.push_str(&format!("# {line}\n"));
        }
        let name = option.get_long().unwrap_or_default();
        text.push_str(&format!("#{name} = {}\n", example_of(&option)));
    }
    text
}

fn example_of(option: &Arg) -> String {
    if is_flag(option) {
        return "false".to_owned();
    }
    let default = option.get_default_values().first().and_then(|value| value.to_str());
    let placeholder = option.get_value_names().and_then(|names| names.first());
    let value = default.or(placeholder.map(Str::as_str)).unwrap_or_default();
    let value = match value.parse::<i64>() {
        Ok(number) => number.to_string(),
        Err(_) => format!("{value:?}"),
    };
    if matches!(option.get_action(), ArgAction::Append) { format!("[{value}]") } else { value }
}

/// A text in lines of a comment's width.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let is_full = lines.last().is_some_and(|line| line.len() + word.len() >= WIDTH);
        if is_full {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            let space = if line.is_empty() { "" } else { " " };
            line.push_str(&format!("{space}{word}"));
        }
    }
    lines
}
