//! `pulseproof tokens`.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Subcommand;
use pulseproof_sdk::Name;
use pulseproof_sdk::access::{ApiToken, Role, TokenId};
use pulseproof_store::audit::OPERATOR;
use pulseproof_store::sqlite::SqliteStore;
use pulseproof_store::tokens::StoredToken;
use pulseproof_store::{Clock, Store, SystemClock, Timestamp, Tokens};
use serde::Serialize;

use super::Outcome;
use crate::home::Home;
use crate::output::{complain, say, say_json, table};
use crate::store::OpenStore;

/// The longest that a token is good for, in days: a hundred years.
const DAYS_MAX: u32 = 36_500;

/// Make, list and revoke the tokens of those who may ask an appliance
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  pulseproof tokens create gateway-7 --role gateway --region north
  pulseproof tokens create ann --role auditor --days 30
  pulseproof tokens list
  pulseproof tokens revoke 0123456789abcdef
  curl -H \"Authorization: Bearer $TOKEN\" http://127.0.0.1:8750/v1/jobs

An appliance asks for tokens if there were any when it started. What each role may do is shown by
`pulseproof policy test`. A token is printed once: only a hash of it is kept.")]
pub struct Args {
    /// Folder of the appliance's store [default: appliance, in the home folder]
    #[arg(long, global = true, value_name = "DIR")]
    store: Option<PathBuf>,
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Make a token, and print it
    Create {
        /// Whom it is for
        name: Name,
        /// What that is to the appliance: gateway, operator, auditor or clinician
        #[arg(long)]
        role: Role,
        /// A region that it is for; may be given again. Without, it is for all of them
        #[arg(long = "region", value_name = "REGION")]
        regions: Vec<Name>,
        /// For how many days it is good
        #[arg(long, default_value_t = 365, value_parser = clap::value_parser!(u32).range(1..=i64::from(DAYS_MAX)))]
        days: u32,
    },
    /// List all tokens, without their secrets
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a token good for nothing, within a second
    Revoke {
        /// Its id: the 16 digits in its middle. The whole token will do, and is not repeated
        id: String,
    },
}

/// What is listed of a token.
#[derive(Serialize)]
struct Listed {
    id: String,
    name: Name,
    role: Role,
    #[serde(skip_serializing_if = "Option::is_none")]
    regions: Option<BTreeSet<Name>>,
    state: &'static str,
    created_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_ms: Option<u64>,
}

pub(super) fn run(args: Args, home: &Home) -> Outcome {
    let folder = args.store.unwrap_or_else(|| home.store_dir());
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let opened = match &args.what {
            What::Create { .. } => OpenStore::make(&folder).await?,
            What::List { .. } | What::Revoke { .. } => OpenStore::open(&folder).await?,
        };
        let outcome = serve(args.what, &opened.store).await;
        opened.close().await;
        outcome
    })
}

async fn serve(what: What, store: &SqliteStore) -> Outcome {
    match what {
        What::Create { name, role, regions, days } => {
            create(store, (name, role), regions, days).await
        }
        What::List { json } => list(store, json).await,
        What::Revoke { id } => {
            let whole = id.parse::<ApiToken>().map(|token| token.id());
            // Without the text, which may be a token that was cut off.
            let id = whole.or_else(|_| id.parse());
            revoke(store, id.map_err(|expected| format!("a token's id: {expected}"))?).await
        }
    }
}

async fn create(
    store: &SqliteStore,
    (name, role): (Name, Role),
    regions: Vec<Name>,
    days: u32,
) -> Outcome {
    let (token, created) = (ApiToken::random()?, SystemClock.now());
    let lasts = Duration::from_secs(u64::from(days) * 24 * 3600);
    let regions = (!regions.is_empty()).then(|| regions.into_iter().collect());
    let stored = StoredToken {
        id: token.id(),
        digest: token.digest(),
        name,
        role,
        regions,
        created,
        expires: Some(created.after(lasts)),
        revoked: None,
    };
    let is_first = store.tokens().await?.is_empty();
    store.by(OPERATOR).add_token(&stored).await?;
    say(token.secret().as_str());
    complain("this is shown once; an appliance keeps a hash of it");
    if is_first {
        complain(
            "the first token: an appliance that runs asks for tokens once it is started again",
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn list(store: &SqliteStore, json: bool) -> Outcome {
    let now = SystemClock.now();
    let listed = store.tokens().await?.into_iter().map(|token| Listed {
        id: token.id.to_string(),
        state: state(&token, now),
        name: token.name,
        role: token.role,
        regions: token.regions,
        created_ms: token.created.0,
        expires_ms: token.expires.map(|Timestamp(millis)| millis),
    });
    if json {
        say_json(&listed.collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let days = |millis: u64| millis.saturating_sub(now.0).div_ceil(24 * 3600 * 1000);
    let rows = listed.map(|token| {
        let regions = token.regions.map_or_else(
            || "all".to_owned(),
            |regions| regions.iter().map(Name::as_str).collect::<Vec<_>>().join(" "),
        );
        let left = match (token.state, token.expires_ms) {
            ("good", Some(expires)) => format!("{} days", days(expires)),
            ("good", None) => "for ever".to_owned(),
            (state, _) => state.to_owned(),
        };
        [token.id, token.name.to_string(), token.role.to_string(), regions, left]
    });
    say(&table(["id", "name", "role", "regions", "good for"], rows));
    Ok(ExitCode::SUCCESS)
}

fn state(token: &StoredToken, now: Timestamp) -> &'static str {
    match token.revoked {
        Some(_) => "revoked",
        None if token.is_good(now) => "good",
        None => "expired",
    }
}

async fn revoke(store: &SqliteStore, id: TokenId) -> Outcome {
    if store.by(OPERATOR).revoke_token(id).await? {
        complain("revoked");
        return Ok(ExitCode::SUCCESS);
    }
    let reason = match store.token(id).await? {
        Some(_) => format!("{id} was revoked before"),
        None => format!("there is no token {id}: `pulseproof tokens list` shows them"),
    };
    Err(reason.into())
}
