//! What is logged: a record is a line, whatever is in it.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::circuits::Shop;
use crate::mocks;
use crate::proofs::bring;
use pulseproof_sdk::client::circuits::CircuitPart;
use reqwest::Client;
use serde_json::json;
use tokio::time::sleep;
use tracing::Level;

/// What is logged by this process.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// From now on, down to a level. A process has one log: where tests share theirs, another test may have it, and
    /// there is none for this one.
    pub fn begin(level: Level) -> Option<Self> {
        let log = Self::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt().with_ansi(false).with_max_level(level);
        let begun = subscriber.with_writer(move || writer.clone()).try_init();
        if let Err(error) = begun {
            let alone = std::env::var_os("NEXTEST").is_some();
            assert!(!alone, "no other test of this process has one: {error}");
            eprintln!("NOT TESTED: another test of this process reads the log: {error}");
            return None;
        }
        Some(log)
    }

    /// All of it so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What somebody else wrote stays within its line, and in it is nothing that a terminal obeys.
#[tokio::test]
async fn a_record_is_a_line_whatever_is_in_it() {
    let Some(log) = Log::begin(Level::INFO) else { return };
    let shop = Shop::new();
    let server = shop.start(mocks::good());
    bring(&shop, &server, &[CircuitPart::Wasm]).await;
    let url = format!("{}/v1/jobs", server.base);
    let long = "long ".repeat(1 << 13);
    for text in ["a\r\nINFO forged", "\u{1b}[31mred", "\u{202e}abc", "\u{85}\u{2028}x", &long] {
        for body in [
            json!({ "kind": "groth16", "circuit": text, "inputs": {} }),
            json!({ "kind": text, "circuit": "sum", "inputs": {} }),
            json!({ "kind": "groth16", "circuit": "sum", "inputs": { text: 1 } }),
            json!({ text: 1 }),
        ] {
            Client::new().post(&url).json(&body).send().await.unwrap();
        }
        // As it is in a path: each byte as a number.
        let path: String = text.bytes().take(10_000).map(|byte| format!("%{byte:02x}")).collect();
        for under in ["/v1/jobs", "/v1/circuits", ""] {
            let url = format!("{}{under}/{path}", server.base);
            let answer = Client::new().get(url).header("idempotency-key", "a").send().await;
            assert!(answer.unwrap().status().is_client_error());
        }
    }
    sleep(Duration::from_millis(200)).await;
    let text = log.text();
    assert!(text.contains("answered") && text.contains("failed"), "something is logged");
    for line in text.lines() {
        let is_record = line.starts_with("20") && line.contains("Z ");
        let start: String = line.chars().take(200).collect();
        assert!(is_record && line.len() < 2000, "{} bytes: {start:?}", line.len());
        let obeyed = ['\u{1b}', '\u{202e}', '\r', '\u{85}', '\u{2028}'];
        assert!(!line.contains(obeyed), "{start:?}");
    }
}
