//! Paths and queries that are none, and batches that are none.

use super::*;

/// Of what there is not, 404; of what is written as nothing can be, 400.
fn odd_targets() -> Vec<Odd> {
    let long = format!("/v1/jobs/{}", "a".repeat(8 << 10));
    let deep = "/a".repeat(10_000);
    let many = format!("/v1/jobs?{}", "limit=1&".repeat(5_000));
    let unknown = [
        "/v1/jobs/..%2f..%2fetc%2fpasswd",
        "/v1/jobs/%2e%2e%2f",
        "/../../etc/passwd",
        "//v1//jobs",
        "/v1/jobs/%00",
        "/v1/jobs/%25%32%65",
        "/v1/jobs/a\\b",
        "/v1/jobs/a;b",
        "/v1/jobs/%",
        "/v1/jobs/'%20OR%201=1",
        "/v1/circuits/..",
        "/v1/circuits/%2e%2e/verification-key",
        "/docs/..%2f..%2fetc%2fpasswd",
        "/docs/%2e%2e",
        "/docs/openapi.json%00.js",
        &long,
        &deep,
    ];
    let malformed = [
        "/v1/jobs/%c0%ae",
        "/v1/jobs/%ff",
        "/v1/jobs/%ed%a0%80",
        "/v1/uploads/%2e%2e",
        "/v1/evaluation-keys/0",
        "/v1/jobs?limit=1&limit=2",
        "/v1/jobs?limit=18446744073709551616",
        "/v1/jobs?limit=-1",
        "/v1/jobs?limit=1e9",
        "/v1/jobs?limit=0",
        "/v1/jobs?after=1e9",
        "/v1/jobs?limit=",
        "/v1/jobs?state=%00",
        "/v1/jobs?__proto__=1",
        &many,
    ];
    let unknown = unknown.iter().map(|target| Odd::new(get(target, CLOSE), &[404]));
    let malformed = malformed.iter().map(|target| Odd::new(get(target, CLOSE), &[400]));
    unknown.chain(malformed).collect()
}

/// Regions and epochs, which each have one spelling.
fn odd_epochs() -> Vec<Odd> {
    let to = |path: &str| post(path, &format!("{CLOSE}content-length: 1\r\n"), "x");
    let mut all = Vec::new();
    let regions: [(&str, &'static [u16]); 6] = [
        ("%2e%2e", &[404]),
        ("a%20b", &[400]),
        ("%ff", &[400]),
        ("\u{fc}", &[400]),
        ("", &[400]),
        ("constructor/../x", &[404]),
    ];
    for (region, expected) in regions {
        all.push(Odd::new(to(&format!("/v1/regions/{region}/epochs/1/readings")), expected));
    }
    for epoch in ["-1", "1e1", "18446744073709551616", "+1", "01", "%31%00"] {
        all.push(Odd::new(to(&format!("/v1/regions/north/epochs/{epoch}/readings")), &[400]));
    }
    all
}

fn batch(body: &[u8]) -> Vec<u8> {
    [post(READINGS, &format!("{CLOSE}{}", length(body.len())), ""), body.to_vec()].concat()
}

fn odd_batches() -> Vec<Odd> {
    let bodies: [&[u8]; 9] = [
        b"",
        b"P",
        b"XXXX\x02\x00\x00\x00\x00",
        b"PPSB\xff\x00\x00\x00\x00",
        b"PPSB\x02\xff\xff\xff\xff",
        b"PPSB\x02\x01\x00\x00\x00\xff\xff\xff\xff",
        b"PPSB\x02\x01\x00\x00\x00\x01\x00\x00\x00",
        b"PPSB\x02\x00\x00\x00\x00trailing",
        &[0xaa; 100_000],
    ];
    bodies.iter().map(|body| Odd::new(batch(body), &[400])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn paths_and_queries_that_are_none() {
    let (_shop, server) = shop().await;
    let all = [odd_targets(), odd_epochs()].into_iter().flatten().collect::<Vec<_>>();
    each_is_answered_as_it_should(&server, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_that_are_none() {
    let (_shop, server) = shop().await;
    let good = Region::<pulseproof_kernels::Bn254>::new(4, 1).batch(1, 1);
    let good = batch(&pulseproof_sdk::submission::batch_to_bytes(&good));
    assert_eq!(statuses(&send(&server.base, &good, Then::Wait)), [200]);
    each_is_answered_as_it_should(&server, &odd_batches()).await;
}
