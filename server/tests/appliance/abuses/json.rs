//! JSON that is none, or means another thing to whoever reads it otherwise. Each body has its length, and is a job that
//! the circuit or the region would take but for one thing.

use super::*;

fn with_length(body: &[u8]) -> Vec<u8> {
    [job(&length(body.len()), ""), body.to_vec()].concat()
}

fn inputs(text: &str) -> String {
    format!(r#"{{"kind":"groth16","circuit":"sum","inputs":{text}}}"#)
}

fn sum(rest: &str) -> String {
    format!(r#"{{"kind":"aggregate","region":"north","epoch":1{rest}}}"#)
}

fn malformed() -> Vec<String> {
    let deep = "[".repeat(100_000);
    vec![
        // Nothing, rubbish, and too much of it.
        String::new(),
        " ".into(),
        "null".into(),
        "17".into(),
        "[]".into(),
        "\"text\"".into(),
        deep.clone(),
        "{\"a\":".repeat(100_000),
        inputs(&deep),
        inputs(&format!("{{\"a\":{deep}")),
        // Names that come twice, are unknown, or are written otherwise.
        inputs(r#"{"a":4,"a":4}"#),
        inputs(r#"{"\u0061":4,"a":4}"#),
        inputs(r#"{"a":4,"b":{"c":1,"c":1}}"#),
        JOB.replace("\"kind\"", "\"kind\":\"groth16\",\"kind\""),
        JOB.replace("\"circuit\"", "\"circuit\":\"sum\",\"circuit\""),
        JOB.replace("\"inputs\"", "\"inputs\":{},\"inputs\""),
        JOB.replace("\"inputs\"", "\"__proto__\":{},\"inputs\""),
        JOB.replace("\"kind\"", "\"Kind\""),
        JOB.replace("groth16", "Groth16"),
        sum(r#","epoch":2"#),
        sum(r#","weights":{"a":1,"a":2}"#),
        sum(r#","__proto__":{}"#),
        sum(r#","Region":"north""#),
        // Numbers.
        inputs(r#"{"a":1e400}"#),
        inputs(r#"{"a":NaN}"#),
        inputs(r#"{"a":Infinity}"#),
        inputs(r#"{"a":04}"#),
        inputs(r#"{"a":+4}"#),
        inputs(r#"{"a":0x4}"#),
        sum("").replace(":1}", ":9007199254740993.0}"),
        sum("").replace(":1}", ":-0.5}"),
        sum("").replace(":1}", ":1e0}"),
        sum("").replace(":1}", ":01}"),
        sum("").replace(":1}", ":18446744073709551616}"),
        sum(r#","weights":{"device-00":-1}"#),
        sum(r#","weights":{"device-00":1.5}"#),
        // Kinds of values.
        sum(r#","weights":[]"#),
        sum("").replace(":1}", ":\"1\"}"),
        JOB.replace("\"sum\"", "[\"sum\"]"),
        JOB.replace("\"groth16\"", "[\"groth16\"]"),
        // Texts.
        inputs(r#"{"a":"\ud800"}"#),
        JOB.replace("\"sum\"", "\"s\\r\\num\""),
        sum("").replace("north", "\\u001b[31m"),
        sum("").replace("north", &"a".repeat(1 << 16)),
        // What stands around it.
        format!("{JOB}{JOB}"),
        format!("{JOB}x"),
        format!("{JOB}\u{0}"),
        format!("{JOB}// comment"),
        format!("// comment\n{JOB}"),
        format!("\u{feff}{JOB}"),
        JOB.replace("}}", "},}"),
        JOB.replace('"', "'"),
    ]
}

/// Read as JSON, and no inputs that a circuit could have.
fn unfit() -> Vec<String> {
    let keys: Vec<String> = (0..60_000).map(|index| format!("\"k{index}\":1")).collect();
    let many = inputs(&format!("{{{}}}", keys.join(","))).replace("\"sum\"", "\"none\"");
    let mut all = vec![many];
    for text in [
        "null",
        "4",
        "[4]",
        "\"4\"",
        "true",
        r#"{"a":1.5}"#,
        r#"{"a":-0}"#,
        r#"{"a":1e2}"#,
        r#"{"a":9007199254740993.0}"#,
    ] {
        all.push(inputs(text));
    }
    all
}

/// Bytes that are no text.
fn undecoded() -> Vec<Vec<u8>> {
    let utf16 = JOB.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let invalid = JOB.bytes().map(|byte| if byte == b'm' { 0xff } else { byte }).collect();
    let overlong = JOB.replace("sum", "\u{1}").into_bytes();
    let overlong = overlong.split(|byte| *byte == 1).collect::<Vec<_>>().join(&b"\xc0\xb3um"[..]);
    vec![utf16, invalid, overlong, vec![0x1f, 0x8b, 8, 0]]
}

#[tokio::test(flavor = "multi_thread")]
async fn json_that_is_odd_is_refused_for_that() {
    let (_shop, server) = shop().await;
    let bodies = malformed().into_iter().map(String::into_bytes).chain(undecoded());
    let mut all: Vec<_> = bodies.map(|body| Odd::new(with_length(&body), &[400])).collect();
    let unfit = unfit().into_iter().map(String::into_bytes);
    all.extend(unfit.map(|body| Odd::new(with_length(&body), &[422])));
    each_is_answered_as_it_should(&server, &all).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_say_that_it_is_plain_json_is_not_read() {
    let (_shop, server) = shop().await;
    let length = length(JOB.len());
    let mut all = Vec::new();
    for kind in [
        "",
        "content-type: text/plain\r\n",
        "content-type: application/x-www-form-urlencoded\r\n",
        "content-type: application/json; charset=utf-7\r\n",
        "content-type: application/json, text/plain\r\n",
        "content-type: application/json\r\ncontent-type: application/json\r\n",
    ] {
        let headers = format!("{CLOSE}{kind}{length}");
        all.push(Odd::new(post("/v1/jobs", &headers, JOB), &[415]));
    }
    for coding in ["gzip", "br", "rubbish", "identity, gzip", ""] {
        let headers = format!("content-encoding: {coding}\r\n{length}");
        all.push(Odd::new(job(&headers, JOB), &[415]));
    }
    each_is_answered_as_it_should(&server, &all).await;
}
