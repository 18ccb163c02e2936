//! People and machines with tokens, and appliances that ask for them.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::common::*;
use pulseproof_access::DEFAULT;
use pulseproof_sdk::access::{ApiToken, Role};
use pulseproof_sdk::client::{Access as Reach, ApplianceClient};
use pulseproof_server::{Access, Config};
use pulseproof_store::sqlite::SqliteStore;
use pulseproof_store::tokens::StoredToken;
use pulseproof_store::{Clock, SystemClock, Tokens};
use reqwest::{Client, Method, RequestBuilder};
use tokio::time::sleep;

/// Whoever has a token may do what the default rules permit.
pub fn guarded(config: Config) -> Config {
    Config { access: Access::Rules(DEFAULT.to_owned()), ..config }
}

/// A second hand on the tokens of an appliance's store, once the appliance has made it.
pub async fn tokens(store: &Path) -> SqliteStore {
    for _ in 0..400 {
        match SqliteStore::open_beside(store, Arc::new(SystemClock)).await {
            Ok(store) => return store,
            Err(_) => sleep(Duration::from_millis(50)).await,
        }
    }
    panic!("no appliance has made a store at {}", store.display());
}

/// A new token, for all regions or these, that is good for so long.
pub async fn token_for(
    store: &Path,
    role: Role,
    regions: Option<&[&str]>,
    lasts: Option<Duration>,
) -> ApiToken {
    let (token, created) = (ApiToken::random().unwrap(), SystemClock.now());
    let regions = regions.map(|all| all.iter().map(|text| name(text)).collect::<BTreeSet<_>>());
    let stored = StoredToken {
        id: token.id(),
        digest: token.digest(),
        name: name(role.name()),
        role,
        regions,
        created,
        expires: lasts.map(|lasts| created.after(lasts)),
        revoked: None,
    };
    tokens(store).await.add_token(&stored).await.unwrap();
    token
}

/// A token for all regions.
pub async fn token(store: &Path, role: Role) -> ApiToken {
    token_for(store, role, None, None).await
}

/// An appliance's client that says who it is.
pub fn client(server: &Server, token: &ApiToken) -> ApplianceClient {
    let reach = Reach { token: Some(token.clone()), ..Reach::default() };
    ApplianceClient::with(server.base.clone(), reach).unwrap()
}

/// A request by whoever has this token, or by nobody.
pub fn ask(server: &Server, token: Option<&ApiToken>, method: &str, path: &str) -> RequestBuilder {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let request = Client::new().request(method, format!("{}{path}", server.base));
    match token {
        Some(token) => request.bearer_auth(token.secret().as_str()),
        None => request,
    }
}
