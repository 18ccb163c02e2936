//! The document of the interface, and the page that shows it.

use std::collections::BTreeSet;

use crate::common::*;
use jsonschema::Validator;
use pulseproof_server::{document, routes};
use serde_json::{Value, json};

fn read() -> Value {
    serde_json::from_str(document()).unwrap()
}

/// Every route has an entry that says what it is, and every reference leads somewhere.
#[test]
fn the_document_is_whole() {
    let document = read();
    assert_eq!(document["openapi"], "3.1.0");
    for route in routes() {
        let entry = &document["paths"][&route.path][route.method.to_lowercase()];
        let at = format!("{} {}", route.method, route.path);
        assert!(entry["summary"].as_str().is_some_and(|text| text.len() > 10), "{at}");
        assert!(entry["responses"]["401"].is_object() && entry["responses"]["500"].is_object());
        let success = |status: &String| status.starts_with('2') || status.starts_with('3');
        assert!(entry["responses"].as_object().unwrap().keys().any(success), "{at}");
        for action in &route.actions {
            let description = entry["description"].as_str().unwrap();
            assert!(description.contains(&format!("`{action}`")), "{at}: {description}");
        }
    }
    let ids: Vec<_> = routes()
        .iter()
        .map(|route| {
            let entry = &document["paths"][&route.path][route.method.to_lowercase()];
            entry["operationId"].as_str().unwrap().to_owned()
        })
        .collect();
    assert!(ids.contains(&"delete_v1_jobs_id_result".to_owned()), "{ids:?}");
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    let count = |paths: &Value| paths.as_object().unwrap().values().map(operations).sum::<usize>();
    assert_eq!(count(&document["paths"]), routes().len());
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 100);
    for reference in references {
        assert!(document.pointer(&reference[1..]).is_some(), "{reference} leads nowhere");
    }
}

fn operations(item: &Value) -> usize {
    item.as_object().unwrap().len()
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            references.extend(reference.map(str::to_owned));
            fields.values().for_each(|value| collect(value, references));
        }
        Value::Array(items) => items.iter().for_each(|value| collect(value, references)),
        _ => {}
    }
}

/// Reads what is written in JSON by a schema of the document.
fn schema(name: &str) -> Validator {
    let document = read();
    let schema = json!({
        "$ref": format!("#/components/schemas/{name}"),
        "components": document["components"],
    });
    jsonschema::draft202012::new(&schema).unwrap()
}

#[test]
fn schemas_take_what_the_appliance_takes_and_nothing_else() {
    let key = "0".repeat(64);
    let layout = json!({
        "scale": { "decimals": 0, "minimum": 0, "maximum": 9 },
        "inside": [2, 3], "slots": 4, "summands_max": 3, "totals": true,
    });
    let program = json!({
        "version": 1,
        "inputs": [{ "name": "sum", "from": "sum", "sum": 0, "total": "sum" },
                   { "name": "limit", "from": "word", "word": 0, "maximum": 9, "plaintext_bits": 8 }],
        "steps": [{ "name": "d", "op": "linear", "terms": [["sum", -1], ["limit", 2]] },
                  { "name": "above", "op": "negative", "of": "d" },
                  { "name": "table", "op": "lookup", "of": "d", "table": [1, 2] }],
        "outputs": ["above"],
    });
    let fhe = json!({
        "kind": "fhe", "key": key, "layout": layout,
        "sums": [{ "region": "north", "epoch": 7 }, { "region": "south", "epoch": 7, "result": key }],
        "program": program,
    });
    let requests = [
        json!({ "kind": "aggregate", "region": "north", "epoch": u64::MAX, "weights": { "a": 2 } }),
        json!({ "kind": "groth16", "circuit": "sum", "inputs": { "a": ["1", 2, [3]] } }),
        json!({ "kind": "groth16", "circuit": "sum", "witness": key }),
        fhe,
    ];
    let takes = schema("JobRequest");
    for request in &requests {
        let errors: Vec<_> = takes.iter_errors(request).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{request}: {errors:?}");
        // The oracle: what the appliance reads.
        serde_json::from_value::<pulseproof_sdk::api::JobRequest>(request.clone()).unwrap();
    }
    for (at, other) in [
        ("/kind", json!("sum")),
        ("/region", json!("a b")),
        ("/epoch", json!(-1)),
        ("/epoch", json!(0.5)),
        ("/weights", json!({ "a": "2" })),
        ("/more", json!(1)),
    ] {
        let mut request = requests[0].clone();
        match request.pointer_mut(at) {
            Some(value) => *value = other,
            None => request[&at[1..]] = other,
        }
        assert!(!takes.is_valid(&request), "{request}");
        assert!(serde_json::from_value::<pulseproof_sdk::api::JobRequest>(request).is_err());
    }
}

#[tokio::test]
async fn the_page_is_all_here() {
    let region = Region::<pulseproof_kernels::Bn254>::new(6, 1);
    let (_directory, server) = region.open().await;
    let get = |path: &str| reqwest::get(format!("{}{path}", server.base));
    assert_eq!(get("/openapi.json").await.unwrap().text().await.unwrap(), document());
    let page = get("/docs").await.unwrap();
    assert_eq!((page.status().as_u16(), page.url().path()), (200, "/docs/index.html"));
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"));
    let page = page.text().await.unwrap();
    // Nothing of it is elsewhere, and all that it names is there.
    assert!(!page.contains("//"), "{page}");
    let parts = page.split(['"', '\'']).filter_map(|text| text.strip_prefix("./"));
    let parts: Vec<_> = parts.collect();
    assert!(parts.len() >= 4, "{parts:?}");
    for part in parts {
        let answer = get(&format!("/docs/{part}")).await.unwrap();
        assert_eq!(answer.status(), 200, "{part}");
    }
    let settings = get("/docs/swagger-initializer.js").await.unwrap().text().await.unwrap();
    assert!(settings.contains(r#""url": "/openapi.json""#), "{settings}");
    assert!(!settings.contains("urls") && settings.contains("\"none\""), "{settings}");
    let ids = [get("/healthz").await.unwrap(), get("/nowhere").await.unwrap()];
    let ids = ids.map(|answer| answer.headers()["x-request-id"].to_str().unwrap().to_owned());
    assert!(ids[0] != ids[1] && ids.iter().all(|id| id.len() == 16), "{ids:?}");
    for none in ["/docs/none.js", "/docs/%2e%2e%2fCargo.toml", "/docs/"] {
        assert_eq!(get(none).await.unwrap().status(), 404, "{none}");
    }
}
