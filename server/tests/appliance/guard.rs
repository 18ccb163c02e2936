//! Who may: every route by everybody, tokens that are none, and jobs that are others'.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::time::{Duration, Instant};

use crate::circuits::{Shop, zkey};
use crate::common::*;
use crate::mocks;
use crate::people::*;
use crate::proofs::inputs;
use pulseproof_access::{Action, Caller, DEFAULT, Policy, Regions, Resource};
use pulseproof_sdk::access::{ApiToken, Role};
use pulseproof_sdk::api::{JobList, JobRequest, JobState};
use pulseproof_sdk::client::circuits::CircuitPart;
use pulseproof_sdk::{Digest, Name, Problem};
use pulseproof_server::{RouteInfo, routes};
use pulseproof_store::Tokens;
use serde_json::json;
use tempfile::TempDir;
use tokio::time::sleep;

/// An appliance with the region `north`, a circuit, a finished sum that a gateway of north asked for, and a token of
/// each role; all of them are for north.
struct House {
    shop: Shop,
    server: Server,
    tokens: BTreeMap<Role, ApiToken>,
    sum: String,
    region: Region,
}

impl House {
    async fn new() -> Self {
        let mut shop = Shop::new();
        shop.config = guarded(shop.config);
        let server = shop.start(mocks::good());
        let store = shop.config.data_dir.clone();
        let region: Region = Region::new(4, 1);
        let operator = client(&server, &token(&store, Role::Operator).await);
        operator.put_profile(&unproved()).await.unwrap();
        operator.register(&region.roster).await.unwrap();
        operator.put_circuit(&name("sum"), &shop.file(zkey(1, 64))).await.unwrap();
        let wasm = shop.file("wasm module");
        operator.put_circuit_part(&name("sum"), CircuitPart::Wasm, &wasm).await.unwrap();
        let gateway =
            client(&server, &token_for(&store, Role::Gateway, Some(&["north"]), None).await);
        gateway.submit(&name("north"), 1, &region.batch(1, 1)).await.unwrap();
        let sum = gateway.create_job(&aggregate(1)).await.unwrap();
        gateway.wait(&sum.id).await.unwrap();
        let mut tokens = BTreeMap::new();
        for role in Role::ALL {
            tokens.insert(role, token_for(&store, role, Some(&["north"]), None).await);
        }
        Self { shop, server, tokens, sum: sum.id, region }
    }

    fn path(&self, pattern: &str, region: &str) -> String {
        let zeros = Digest([0; 32]).to_string();
        let id = if pattern.contains("/jobs/") { &self.sum } else { &zeros };
        [
            ("{region}", region),
            ("{epoch}", "1"),
            ("{digest}", &zeros),
            ("{root}", &zeros),
            ("{sha256}", &zeros),
            ("{id}", id),
            ("{name}", "sum"),
            ("{height}", "0"),
            ("{index}", "0"),
            ("{lookup}", "0"),
        ]
        .iter()
        .fold(pattern.to_owned(), |path, (pattern, value)| path.replace(pattern, value))
    }

    /// The status of an answer, and the kind of problem.
    async fn ask(&self, role: Option<Role>, method: &str, path: &str, body: &str) -> (u16, String) {
        let token = role.map(|role| &self.tokens[&role]);
        let request = ask(&self.server, token, method, path)
            .header("content-type", "application/json")
            .header("upload-sha256", "x")
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let problem: Option<Problem> = answer.json().await.ok();
        (status, problem.map_or_else(String::new, |problem| problem.kind))
    }
}

/// What is asked in a body, and which action that is.
fn bodies(actions: &[Action]) -> Vec<(Action, String)> {
    let body = |action: &Action| match action {
        Action::Sum => json!({ "kind": "aggregate", "region": "north", "epoch": 9 }).to_string(),
        Action::Compute => {
            let program = json!({
                "version": 1, "inputs": [{ "name": "s", "from": "sum", "sum": 0, "total": "sum" }],
                "steps": [{ "name": "b", "op": "negative", "of": "s" }], "outputs": ["b"] });
            let layout = json!({
                "scale": { "decimals": 0, "minimum": 40, "maximum": 400 }, "inside": [70, 180],
                "slots": 4, "summands_max": 3, "totals": true });
            json!({ "kind": "fhe", "key": Digest([0; 32]).to_string(), "layout": layout,
                    "sums": [{ "region": "north", "epoch": 1 }], "program": program })
            .to_string()
        }
        Action::Prove => {
            json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": 1 } }).to_string()
        }
        _ => String::new(),
    };
    actions.iter().map(|action| (*action, body(action))).collect()
}

/// The rules' own word; what it should be is in the tests of `pulseproof-access`, written by hand.
fn permits(policy: &Policy, role: Option<Role>, action: Action, region: &Name) -> bool {
    let regions = Regions::These(role.map(|_| name("north")).into_iter().collect());
    let caller = Caller { name: "token x".to_owned(), role, regions };
    let regions = [region.clone()];
    let resource = match action.kind() {
        pulseproof_access::Kind::Appliance => Resource::Appliance,
        pulseproof_access::Kind::Region => Resource::Region(region),
        pulseproof_access::Kind::Circuit => Resource::Circuit(region),
        pulseproof_access::Kind::Job => {
            Resource::Job { id: "x", owner: "another", regions: &regions }
        }
    };
    policy.permits(&caller, action, resource)
}

#[tokio::test]
async fn every_route_lets_in_whom_the_rules_permit_and_nobody_else() {
    let house = House::new().await;
    let policy = Policy::read(DEFAULT).unwrap();
    let mut tried = 0;
    for region in ["north", "south"] {
        for RouteInfo { method, path, actions } in routes() {
            assert!(!actions.is_empty(), "{method} {path}");
            for (action, body) in bodies(&actions) {
                for role in [None].into_iter().chain(Role::ALL.map(Some)) {
                    // What a body asks is of north.
                    let on = if body.is_empty() { name(region) } else { name("north") };
                    let expected = permits(
                        &policy,
                        role,
                        action,
                        &if path.contains("/jobs/") { name("north") } else { on },
                    );
                    let at = house.path(&path, region);
                    let (status, kind) = house.ask(role, method, &at, &body).await;
                    let what = format!("{method} {at} {action} by {role:?}: {status} {kind}");
                    match (expected, role) {
                        (true, _) => assert!(![401, 403].contains(&status), "{what}"),
                        (false, None) => assert_eq!(status, 401, "{what}"),
                        (false, Some(_)) => assert_eq!(status, 403, "{what}"),
                    }
                    assert!(status < 500, "{what}");
                    tried += 1;
                }
            }
        }
    }
    assert!(tried > 2 * 5 * 36, "{tried}");
}

#[tokio::test]
async fn a_token_that_is_good_for_nothing_is_told_nothing() {
    let shop = Shop::new();
    let store = shop.config.data_dir.clone();
    let server = Server::start(shop.srs.clone(), guarded(shop.config.clone()));
    let good = token(&store, Role::Auditor).await;
    let expired = token_for(&store, Role::Auditor, None, Some(Duration::ZERO)).await;
    let revoked = token(&store, Role::Auditor).await;
    tokens(&store).await.revoke_token(revoked.id()).await.unwrap();
    let unknown = ApiToken::random().unwrap();
    // One that is known, with another's secret.
    let (ours, theirs) = (good.secret(), unknown.secret());
    let mixed =
        format!("{}_{}", ours.rsplit_once('_').unwrap().0, theirs.rsplit_once('_').unwrap().1);
    let with = async |header: &str| {
        let request = ask(&server, None, "GET", "/metrics").header("authorization", header);
        let answer = request.send().await.unwrap();
        let headers = format!("{:?}", {
            let mut headers = answer.headers().clone();
            headers.remove("date");
            headers.remove("x-request-id");
            headers
        });
        (answer.status().as_u16(), headers, answer.text().await.unwrap())
    };
    let bearer = |token: &str| format!("Bearer {token}");
    assert_eq!(with(&bearer(&ours)).await.0, 200);
    assert_eq!(with(&format!("bearer {}", *ours)).await.0, 200);
    let told = with(&bearer(&theirs)).await;
    assert_eq!(told.0, 401);
    assert!(told.1.contains("www-authenticate"), "{}", told.1);
    for bad in [
        bearer(&expired.secret()),
        bearer(&revoked.secret()),
        bearer(&mixed),
        bearer(""),
        bearer("needle"),
        bearer(&"x".repeat(60_000)),
        bearer(&ours.to_uppercase()),
        format!("Basic {}", *ours),
        ours.to_string(),
        String::new(),
        "Bearer \u{e4}".to_owned(),
    ] {
        assert_eq!(with(&bad).await, told, "{}", &bad[..bad.len().min(80)]);
    }
    // Nor is there a route that a bad token does not close, or an answer without one.
    assert_eq!(ask(&server, None, "GET", "/healthz").send().await.unwrap().status(), 200);
    let bad = ask(&server, Some(&unknown), "GET", "/healthz").send().await.unwrap();
    assert_eq!(bad.status(), 401);
    // A token that is shown twice is none.
    let twice = ask(&server, Some(&good), "GET", "/metrics").bearer_auth(good.secret().as_str());
    assert_eq!(twice.send().await.unwrap().status(), 401);
    server.client.health().await.unwrap();
}

#[tokio::test]
async fn a_token_ends_within_a_moment_of_its_revocation() {
    let shop = Shop::new();
    let store = shop.config.data_dir.clone();
    let server = Server::start(shop.srs.clone(), guarded(shop.config.clone()));
    let token = token(&store, Role::Auditor).await;
    let works = async || {
        ask(&server, Some(&token), "GET", "/metrics").send().await.unwrap().status() == 200
    };
    assert!(works().await);
    tokens(&store).await.revoke_token(token.id()).await.unwrap();
    let since = Instant::now();
    while works().await {
        assert!(since.elapsed() < Duration::from_secs(20));
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn others_jobs_are_as_if_they_were_not_there() {
    let house = House::new().await;
    let (server, store) = (&house.server, house.shop.config.data_dir.clone());
    let one = token_for(&store, Role::Gateway, Some(&["north"]), None).await;
    let other = token_for(&store, Role::Gateway, Some(&["south"]), None).await;
    let proof = client(server, &one).create_job(&JobRequest::Groth16(inputs(4))).await.unwrap();
    client(server, &one).wait(&proof.id).await.unwrap();
    let unknown = "0".repeat(32);
    for (method, rest) in
        [("GET", ""), ("GET", "/result"), ("GET", "/events"), ("DELETE", ""), ("DELETE", "/result")]
    {
        let told = async |id: &str| {
            let path = format!("/v1/jobs/{id}{rest}");
            let answer = ask(server, Some(&other), method, &path).send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        };
        let nothing = told(&unknown).await;
        assert_eq!(nothing.0, 404);
        for id in [&proof.id, &house.sum] {
            assert_eq!(told(id).await, nothing, "{method} {rest}");
        }
    }
    // One's own are listed, and those of one's regions.
    let listed = async |token: &ApiToken, query: &str| -> Vec<String> {
        let path = format!("/v1/jobs{query}");
        let answer = ask(server, Some(token), "GET", &path).send().await.unwrap();
        let list: JobList = answer.json().await.unwrap();
        assert_eq!(list.next, None);
        list.jobs.into_iter().map(|job| job.id).collect()
    };
    assert_eq!(listed(&one, "").await, [proof.id.clone(), house.sum.clone()]);
    assert_eq!(listed(&one, "?mine=true").await, std::slice::from_ref(&proof.id));
    let sums = listed(&one, "?kind=aggregate&state=done").await;
    assert_eq!(sums, std::slice::from_ref(&house.sum));
    assert_eq!(listed(&other, "").await, [""; 0]);
    let sums = listed(&house.tokens[&Role::Auditor], "").await;
    assert_eq!(sums, std::slice::from_ref(&house.sum));
    let auditor = &token(&store, Role::Auditor).await;
    assert_eq!(listed(auditor, "").await, [proof.id.clone(), house.sum.clone()]);
    let job = client(server, auditor).job(&proof.id).await.unwrap();
    assert_eq!(job.client, Some(format!("token {}", one.id())));
    // An auditor looks, and changes nothing.
    let cancelled = problem(client(server, auditor).cancel(&proof.id).await);
    assert_problem(&cancelled, 403, "forbidden", Some("authorization"), None);
    assert_eq!(client(server, &one).job(&proof.id).await.unwrap().state, JobState::Done);
}

#[tokio::test]
async fn what_is_asked_is_asked_of_ones_own_regions() {
    let house = House::new().await;
    let (server, store) = (&house.server, house.shop.config.data_dir.clone());
    let south = client(server, &token_for(&store, Role::Gateway, Some(&["south"]), None).await);
    let batch = house.region.batch(1, 2);
    let refused = problem(south.submit(&name("north"), 2, &batch).await);
    assert_problem(&refused, 403, "forbidden", Some("authorization"), None);
    let refused = problem(south.create_job(&aggregate(2)).await);
    assert_problem(&refused, 403, "forbidden", Some("authorization"), None);
    let north = client(server, &house.tokens[&Role::Gateway]);
    assert_eq!(north.submit(&name("north"), 2, &batch).await.unwrap().accepted.len(), 1);
    let job = north.create_job(&aggregate(2)).await.unwrap();
    assert_eq!(north.wait(&job.id).await.unwrap().state, JobState::Done);
}

/// Neither who asks, nor of whom, nor how long it is.
#[tokio::test]
async fn what_comes_behind_a_body_says_nothing() {
    let house = House::new().await;
    let secret = house.tokens[&Role::Gateway].secret();
    let ask = |headers: &str, trailers: &str| {
        let mut stream = connect(&house.server);
        write!(
            stream,
            "POST /v1/jobs HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n{headers}\r\n\
             2\r\n{{}}\r\n0\r\n{trailers}\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let authorization = format!("authorization: Bearer {}\r\n", *secret);
    // In front of it, it lets in: what is asked is nothing.
    let let_in = ask(&authorization, "");
    assert!(let_in.starts_with("HTTP/1.1 400"), "{let_in}");
    let others = "host: attacker.example\r\ncontent-length: 5\r\n";
    for trailers in [authorization.clone(), format!("{authorization}{others}")] {
        let answer = ask("", &trailers);
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
    let ignored = ask(&authorization, others);
    assert!(ignored.starts_with("HTTP/1.1 400") && ignored.contains("kind"), "{ignored}");
}

#[tokio::test]
async fn rules_that_are_none_start_nothing() {
    let directory: TempDir = tempfile::tempdir().unwrap();
    let region: Region = Region::new(4, 1);
    for text in ["", "permit", "permit (principal, action == Action::\"fly\", resource);"] {
        let access = pulseproof_server::Access::Rules(text.to_owned());
        let config = pulseproof_server::Config {
            access,
            ..pulseproof_server::Config::new(directory.path())
        };
        let error = Server::start(region.srs.clone(), config).join().unwrap_err();
        assert!(error.to_string().starts_with("rules: "), "{error}");
    }
}

#[tokio::test]
async fn no_rules_let_nobody_at_jobs() {
    let shop = Shop::new();
    let access =
        pulseproof_server::Access::Rules("permit (principal, action, resource);".to_owned());
    let config = pulseproof_server::Config { access, ..shop.config.clone() };
    let server = Server::start(shop.srs.clone(), config);
    let status = async |path| ask(&server, None, "GET", path).send().await.unwrap().status();
    assert_eq!(status("/metrics").await, 200);
    for path in ["/v1/jobs", "/v1/jobs/0", "/v1/jobs/0/result", "/v1/jobs/0/events"] {
        assert_eq!(status(path).await, 401, "{path}");
    }
}
