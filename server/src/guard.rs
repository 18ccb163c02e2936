//! Who asks, and whether they may: tokens are looked up in the store, and rules are asked.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use pulseproof_access::{Action, Caller, Policy, Regions, Resource};
use pulseproof_sdk::access::{ApiToken, TOKEN_BYTES, TokenId};
use pulseproof_sdk::{Digest, Problem};
use pulseproof_service::Client;
use pulseproof_store::tokens::StoredToken;
use pulseproof_store::{Clock, Store, SystemClock};

use crate::refusal::Refusal;

/// For how long a token is as good as when it was last looked up.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Most tokens that are remembered.
const REMEMBERED_MAX: usize = 10_000;

/// Stands at the door.
pub struct Guard {
    /// None if whoever is here may do everything.
    rules: Option<Policy>,
    seen: Mutex<HashMap<TokenId, (Instant, StoredToken)>>,
}

impl Guard {
    /// One that asks these rules, or nobody.
    pub fn new(rules: Option<Policy>) -> Self {
        Self { rules, seen: Mutex::default() }
    }

    /// Who asks: whoever the token is of, or somebody at an address.
    ///
    /// # Errors
    /// A token that is good for nothing; the answer does not say why not. Or the store's.
    pub async fn identify(
        &self,
        store: &dyn Store,
        headers: &HeaderMap,
        at: &Client,
    ) -> Result<Caller, Refusal> {
        let mut shown = headers.get_all(AUTHORIZATION).iter();
        let (first, second) = (shown.next(), shown.next());
        // Where nobody is asked who it is, nobody shows it.
        let Some(header) = first.filter(|_| self.rules.is_some()) else {
            return Ok(Caller::nobody(at.as_str()));
        };
        let text = header.to_str().ok().filter(|_| second.is_none());
        let token = text.and_then(|text| bearer(text)?.parse::<ApiToken>().ok());
        let Some(token) = token else { return Err(unauthorized().into()) };
        let found = self.look_up(store, token.id()).await?;
        // Two hashes are compared whatever was found: how far they agree tells nothing of a secret.
        let expected = found.as_ref().map_or(Digest([0; 32]), |found| found.digest);
        let agrees = token.digest() == expected;
        match found.filter(|found| agrees && found.is_good(SystemClock.now())) {
            Some(found) => Ok(caller(&found)),
            None => Err(unauthorized().into()),
        }
    }

    async fn look_up(
        &self,
        store: &dyn Store,
        id: TokenId,
    ) -> Result<Option<StoredToken>, Refusal> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        if let Some((_, token)) = seen.filter(|(when, _)| when.elapsed() < REMEMBERED) {
            return Ok(Some(token));
        }
        let found = store.token(id).await?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= REMEMBERED_MAX {
            seen.clear();
        }
        match &found {
            Some(token) => seen.insert(id, (Instant::now(), token.clone())),
            None => seen.remove(&id),
        };
        Ok(found)
    }

    /// Whether somebody may do something.
    pub fn permits(&self, caller: &Caller, action: Action, of: Resource<'_>) -> bool {
        self.rules.as_ref().is_none_or(|rules| rules.permits(caller, action, of))
    }

    /// Refuses what somebody may not do.
    ///
    /// # Errors
    /// That it may not, or that it has to say who it is.
    pub fn check(&self, caller: &Caller, action: Action, of: Resource<'_>) -> Result<(), Problem> {
        if self.permits(caller, action, of) {
            return Ok(());
        }
        if caller.role.is_none() {
            return Err(unauthorized());
        }
        tracing::info!(caller = caller.name, %action, "not permitted");
        let role = caller.role_name();
        let detail = format!("this {role}'s token may not do this here: {action}");
        Err(Problem::new(403, "forbidden", detail).field("authorization"))
    }

    /// Refuses who has not said who it is, before anything of what it asks is read.
    ///
    /// # Errors
    /// It has not.
    pub fn check_known(&self, caller: &Caller) -> Result<(), Problem> {
        match caller.role {
            None if self.rules.is_some() => Err(unauthorized()),
            _ => Ok(()),
        }
    }
}

fn bearer(text: &str) -> Option<&str> {
    let (scheme, token) = text.split_once(' ')?;
    let is_token = scheme.eq_ignore_ascii_case("bearer") && token.len() <= TOKEN_BYTES;
    is_token.then_some(token)
}

fn caller(token: &StoredToken) -> Caller {
    Caller {
        name: format!("token {}", token.id),
        role: Some(token.role),
        regions: token.regions.clone().map_or(Regions::All, Regions::These),
    }
}

/// The same whatever is wrong: whether there is no token, or one that is unknown, expired or revoked.
fn unauthorized() -> Problem {
    let detail = "send Authorization: Bearer and a token that is good here; an operator makes one with \
                  `pulseproof tokens create`";
    Problem::new(401, "unauthorized", detail).field("authorization")
}

/// Who asks, and whose bytes and jobs are counted: the same name.
pub fn client(caller: &Caller) -> Client {
    Client::new(&caller.name)
}

/// Who asks a request, for its handler.
pub type Asking = Arc<Caller>;
