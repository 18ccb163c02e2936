//! What the client does with services that behave badly.

use std::io::{Read, Write};
use std::net::TcpListener;

use pulseproof_sdk::Digest;
use pulseproof_sdk::client::{ApplianceClient, ClientError};

/// Answers everything with these bytes; its address.
fn service(answer: String) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            // Whoever reads no further has gone away.
            let _ = stream.write_all(answer.as_bytes());
        }
    });
    format!("http://{address}")
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\n{headers}content-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}

const ROOT: Digest = Digest([7; 32]);

#[tokio::test]
async fn nobody_is_asked_but_who_is_there() {
    let body = format!(r#"{{"node":"{ROOT}"}}"#);
    let inside = service(answer("200 OK", "", &body));
    let node = async |url| ApplianceClient::new(url).unwrap().lookup_node(&ROOT, 0, 0).await;
    assert_eq!(node(inside.clone()).await.unwrap(), Some(ROOT));
    for status in ["301 Moved", "302 Found", "307 Elsewhere", "308 Elsewhere"] {
        let headers = format!("location: {inside}/v1/lookups\r\n");
        let outside = service(answer(status, &headers, ""));
        let error = node(outside).await.unwrap_err();
        assert!(matches!(error, ClientError::Unexpected { .. }), "{status}: {error}");
    }
}

#[tokio::test]
async fn answers_that_are_too_long_are_not_read_and_others_are_nothing() {
    let long = "9".repeat(1 << 20);
    let ask = async |status: &str, body: &str| {
        let appliance = ApplianceClient::new(service(answer(status, "", body))).unwrap();
        let node = appliance.lookup_node(&ROOT, 0, 0).await;
        (node, appliance.lookup_result(&ROOT, 0).await.map(|result| result.is_some()))
    };
    for status in ["200 OK", "500 Broken"] {
        let (node, result) = ask(status, &long).await;
        assert!(matches!(node, Err(ClientError::TooLong { .. })), "{status}: {node:?}");
        assert!(matches!(result, Err(ClientError::TooLong { .. })), "{status}: {result:?}");
    }
    let (node, result) = ask("200 OK", "no node").await;
    assert_eq!((node.unwrap(), result.unwrap()), (None, false));
    // A 404 that is no problem document does not come from an appliance.
    let (node, _) = ask("404 Not Found", "nothing").await;
    assert!(matches!(node, Err(ClientError::Unexpected { status: 404, .. })), "{node:?}");
}
