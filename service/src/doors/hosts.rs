//! Which names a service answers to. A browser sends any web page's requests to this machine's ports, also under a name
//! that somebody else owns and points here; only the names tell them from requests that are meant.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use pulseproof_sdk::Problem;

use crate::Refusal;

/// The names that a service answers to.
#[derive(Clone, Debug, Default)]
pub struct Hosts {
    /// Beside those of this machine; none if it answers to all.
    names: Option<Vec<String>>,
}

impl Hosts {
    /// Every name: for services whose clients show who they are.
    #[must_use]
    pub fn any() -> Self {
        Self { names: None }
    }

    /// This machine's, `localhost` and the addresses that stay on it, and these.
    #[must_use]
    pub fn these(names: impl IntoIterator<Item = String>) -> Self {
        Self { names: Some(names.into_iter().map(|name| name.to_ascii_lowercase()).collect()) }
    }

    /// # Errors
    /// What is asked is not asked of this service.
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Problem> {
        let named = host(uri, headers)?;
        if !self.has(named.host()) {
            let detail = format!(
                "this service does not answer to {:?}: an operator allows names with --host",
                named.host()
            );
            return Err(Problem::new(421, "wrong-host", detail).field("host"));
        }
        if headers.get_all(ORIGIN).iter().all(|origin| self.is_own(origin)) {
            return Ok(());
        }
        let detail = "a page of another site asks for this";
        Err(Problem::new(403, "foreign-origin", detail).field("origin"))
    }

    /// Whether an origin is this service itself.
    fn is_own(&self, origin: &HeaderValue) -> bool {
        let from = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
        let from = from.and_then(|(_, host)| host.parse::<Authority>().ok());
        from.is_some_and(|from| self.names.is_none() || self.has(from.host()))
    }

    fn has(&self, host: &str) -> bool {
        let Some(names) = &self.names else { return true };
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let stays_here = |address: IpAddr| address.to_canonical().is_loopback();
        host.eq_ignore_ascii_case("localhost")
            || bare.parse().is_ok_and(stays_here)
            || names.iter().any(|name| name.eq_ignore_ascii_case(host))
    }
}

/// Whom a request is meant for: its one host.
fn host(uri: &Uri, headers: &HeaderMap) -> Result<Authority, Problem> {
    let malformed = |detail: &str| Problem::new(400, "malformed", detail).field("host");
    let mut hosts = headers.get_all(HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(malformed("two Host headers"));
    }
    let named = first.ok_or_else(|| malformed("no Host header"))?;
    let named = named.to_str().ok().and_then(|host| host.parse::<Authority>().ok());
    let named = named.filter(is_host);
    let named = named.ok_or_else(|| malformed("the Host header names no host"))?;
    // Of a request that says it twice, both have to be meant.
    match uri.authority() {
        Some(target) if target != &named => Err(malformed("the target is not that of Host")),
        _ => Ok(named),
    }
}

/// Whether there is a host alone, with its port or without: an authority may have a user, and end with anything.
fn is_host(named: &Authority) -> bool {
    match named.as_str().strip_prefix(named.host()) {
        Some("") => true,
        Some(rest) => rest
            .strip_prefix(':')
            .is_some_and(|port| port.len() <= 5 && port.bytes().all(|byte| byte.is_ascii_digit())),
        None => false,
    }
}

/// Turns away what is not asked of this service.
pub async fn only_named(State(hosts): State<Arc<Hosts>>, request: Request, next: Next) -> Response {
    match hosts.check(request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(problem) => Refusal::from(problem).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(hosts: &Hosts, uri: &str, headers: &[(&str, &str)]) -> Option<(u16, String)> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            let name: axum::http::HeaderName = name.parse().unwrap();
            map.append(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let problem = hosts.check(&uri.parse().unwrap(), &map).err()?;
        Some((problem.status, problem.field.unwrap()))
    }

    #[test]
    fn only_names_that_are_meant_are_answered() {
        let here = Hosts::these(["edge.example".to_owned()]);
        for host in [
            "localhost",
            "LOCALHOST:8750",
            "127.0.0.1:8750",
            "127.9.9.9",
            "[::1]:8750",
            "[::ffff:127.0.0.1]",
            "Edge.Example:443",
        ] {
            assert_eq!(ask(&here, "/", &[("host", host)]), None, "{host}");
        }
        for host in
            ["attacker.example", "localhost.attacker.example", "10.0.0.1", "127.0.0.1.nip.io"]
        {
            let wrong = Some((421, "host".into()));
            assert_eq!(ask(&here, "/", &[("host", host)]), wrong, "{host}");
            assert_eq!(ask(&Hosts::any(), "/", &[("host", host)]), None, "{host}");
        }
        let malformed = Some((400, "host".into()));
        for headers in [
            &[][..],
            &[("host", "localhost"), ("host", "localhost")],
            &[("host", "a b")],
            &[("host", "\u{e4}")],
            &[("host", "")],
            // Somebody at a host, and ports that are none.
            &[("host", "a@localhost")],
            &[("host", "a:b@localhost:8750")],
            &[("host", "localhost:abc")],
        ] {
            assert_eq!(ask(&here, "/", headers), malformed, "{headers:?}");
            assert_eq!(ask(&Hosts::any(), "/", headers), malformed, "{headers:?}");
        }
    }

    #[test]
    fn pages_of_other_sites_are_not_answered() {
        let here = Hosts::these([]);
        let from = |origin| ask(&here, "/", &[("host", "localhost"), ("origin", origin)]);
        assert_eq!(from("http://localhost:8750"), None);
        assert_eq!(from("http://127.0.0.1:3000"), None);
        for origin in ["https://attacker.example", "null", "", "file://", "localhost"] {
            assert_eq!(from(origin), Some((403, "origin".into())), "{origin}");
        }
        // Of several that are named, none may be foreign.
        let (local, foreign) = ("http://localhost:3000", "https://attacker.example");
        for (first, second, expected) in [
            (local, local, None),
            (local, foreign, Some((403, "origin".into()))),
            (foreign, local, Some((403, "origin".into()))),
        ] {
            let headers = [("host", "localhost"), ("origin", first), ("origin", second)];
            assert_eq!(ask(&here, "/", &headers), expected, "{first} {second}");
        }
        let absolute = |target| ask(&here, target, &[("host", "localhost:1")]);
        assert_eq!(absolute("http://localhost:1/healthz"), None);
        assert_eq!(absolute("http://attacker.example/healthz"), Some((400, "host".into())));
    }
}
