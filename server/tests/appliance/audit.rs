//! The log of what was done, as it comes out of an appliance that asks who asks.

use crate::common::*;
use crate::people::*;
use pulseproof_kernels::Bn254;
use pulseproof_sdk::access::Role;
use pulseproof_sdk::audit::{AuditEntry, AuditPage, AuditVerifier};
use pulseproof_sdk::identity::AppliancePublicKey;
use pulseproof_server::Config;
use pulseproof_store::Audit as _;
use serde_json::Value;
use std::time::Duration;
use tokio::time::sleep;

fn verify(key: AppliancePublicKey, entries: &[AuditEntry]) -> u64 {
    let mut verifier = AuditVerifier::new(vec![key]);
    entries.iter().for_each(|entry| verifier.next(entry).unwrap());
    verifier.end().unwrap()
}

/// What an entry is, and who it was.
fn lines(entries: &[AuditEntry]) -> Vec<(String, String)> {
    let line = |entry: &AuditEntry| {
        let act: Value = serde_json::from_str(entry.act.get()).unwrap();
        (act["what"].as_str().unwrap().to_owned(), entry.who.clone())
    };
    entries.iter().map(line).collect()
}

#[tokio::test]
async fn what_is_done_and_refused_is_in_the_log_and_no_name_or_secret() {
    let region: Region = Region::<Bn254>::new(4, 2);
    let directory = tempfile::tempdir().unwrap();
    let folder = directory.path();
    let server = Server::start(region.srs.clone(), guarded(Config::new(folder)));
    let operator = token(folder, Role::Operator).await;
    let gateway = token_for(folder, Role::Gateway, Some(&["north"]), None).await;
    let clinician = token(folder, Role::Clinician).await;
    let auditor = token(folder, Role::Auditor).await;
    client(&server, &operator).put_profile(&unproved()).await.unwrap();
    client(&server, &operator).register(&region.roster).await.unwrap();
    let at_gateway = client(&server, &gateway);
    at_gateway.submit(&name("north"), 1, &region.batch(2, 1)).await.unwrap();
    // Refused: the same again.
    at_gateway.submit(&name("north"), 1, &region.batch(2, 1)).await.unwrap();
    let job = at_gateway.create_job(&aggregate(1)).await.unwrap();
    at_gateway.wait(&job.id).await.unwrap();
    at_gateway.result(&job.id).await.unwrap();
    // Whoever may not, and whoever is nobody; looking for what is not there is no line.
    for _ in 0..3 {
        let refused =
            ask(&server, Some(&clinician), "DELETE", &format!("/v1/results/{}", "0".repeat(64)));
        assert_eq!(refused.send().await.unwrap().status(), 403);
        assert_eq!(ask(&server, None, "GET", "/v1/audit").send().await.unwrap().status(), 401);
    }
    let key = client(&server, &auditor).identity().await.unwrap();
    let page = |after: u64| {
        let request =
            ask(&server, Some(&auditor), "GET", &format!("/v1/audit?limit=5&after={after}"));
        async { request.send().await.unwrap().json::<AuditPage>().await.unwrap() }
    };
    // Sealed within a second or two.
    let mut entries = Vec::new();
    while !lines(&entries).iter().any(|(what, _)| what == "result-fetched") {
        sleep(Duration::from_millis(100)).await;
        let (mut after, mut all) = (0, Vec::new());
        loop {
            let AuditPage { entries, next } = page(after).await;
            all.extend(entries);
            match next {
                Some(next) => after = next,
                None => break,
            }
        }
        entries = all;
    }
    verify(key, &entries);
    for query in ["after=-1", "after=x", "limit=0", "limit=1001", "color=red", "limit=1&limit=1"] {
        let request = ask(&server, Some(&auditor), "GET", &format!("/v1/audit?{query}"));
        assert_eq!(request.send().await.unwrap().status(), 400, "{query}");
    }
    server.stop();

    let entries = tokens(folder).await.log(0, 1000).await.unwrap();
    assert_eq!(verify(key, &entries), entries.len() as u64);
    let who = |token: &pulseproof_sdk::access::ApiToken| format!("token {}", token.id());
    let noted = lines(&entries);
    for (what, who) in [
        ("started", "appliance".to_owned()),
        ("profile-added", who(&operator)),
        ("region-registered", who(&operator)),
        ("submissions-accepted", who(&gateway)),
        ("job-queued", who(&gateway)),
        ("job-ended", "appliance".to_owned()),
        ("result-fetched", who(&gateway)),
        ("stopped", "appliance".to_owned()),
    ] {
        let found = noted.iter().filter(|line| **line == (what.to_owned(), who.clone()));
        assert_eq!(found.count(), 1, "{what} by {who}: {noted:#?}");
    }
    let refused = |who: &str, problem: &str| {
        let of = entries.iter().filter(|entry| entry.who == who);
        let acts = of.map(|entry| serde_json::from_str::<Value>(entry.act.get()).unwrap());
        let refused = acts.filter(|act| act["what"] == "refused" && act["problem"] == problem);
        refused.map(|act| act["count"].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(refused(&who(&clinician), "forbidden"), 3);
    assert_eq!(refused(&who(&gateway), "sequence-reused"), 2);
    assert_eq!(refused("address 127.0.0.1", "unauthorized"), 3);
    let text = serde_json::to_string(&entries).unwrap();
    let secret = gateway.secret();
    for nowhere in [device(0).as_str(), device(1).as_str(), secret.as_str()] {
        assert!(!text.contains(nowhere), "{nowhere}");
    }
}

async fn fetches_noted(directory: &std::path::Path) -> usize {
    let fetched = "SELECT count(*) FROM audit WHERE json_extract(act, '$.what') = 'result-fetched'";
    let count: i64 = sqlx::query_scalar(fetched).fetch_one(&store(directory).await).await.unwrap();
    usize::try_from(count).unwrap()
}

#[tokio::test]
async fn no_result_is_handed_out_that_is_not_noted() {
    let region = Region::<Bn254>::new(4, 2);
    let (directory, server) = region.open().await;
    server.submit(1, &region.batch(2, 1)).await;
    let (job, _) = server.run(&aggregate(1)).await;
    let folder = directory.path();
    assert_eq!(fetches_noted(folder).await, 1);
    // The same client again within the minute is no news, and who only looks is handed nothing.
    server.client.result(&job.id).await.unwrap();
    let path = format!("/v1/jobs/{}/result", job.id);
    assert_eq!(ask(&server, None, "HEAD", &path).send().await.unwrap().status(), 200);
    assert_eq!(fetches_noted(folder).await, 1);

    server.submit(2, &region.batch(2, 2)).await;
    let other = server.client.create_job(&aggregate(2)).await.unwrap();
    server.client.wait(&other.id).await.unwrap();
    let path = format!("/v1/jobs/{}/result", other.id);
    // By whoever only looks first, as well.
    assert_eq!(ask(&server, None, "HEAD", &path).send().await.unwrap().status(), 200);
    let none = "CREATE TRIGGER no_notes BEFORE INSERT ON audit BEGIN SELECT RAISE(FAIL, 'no'); END";
    sqlx::query(none).execute(&store(folder).await).await.unwrap();
    for _ in 0..2 {
        let failed = problem(server.client.result(&other.id).await);
        assert_problem(&failed, 500, "internal", None, None);
    }
    sqlx::query("DROP TRIGGER no_notes").execute(&store(folder).await).await.unwrap();
    server.client.result(&other.id).await.unwrap();
    assert_eq!(fetches_noted(folder).await, 2);
}
