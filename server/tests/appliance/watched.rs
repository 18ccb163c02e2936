//! Every answer that any test here gets is one that the document of the interface promises: whoever answers otherwise
//! ends the test. It reads the log, which names route, status and kind of problem.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::process;
use std::sync::{LazyLock, Once};

use pulseproof_sdk::problem::PROBLEM_JSON;
use pulseproof_server::document;
use serde_json::Value;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Watches all appliances of this process, unless a test reads the log itself.
pub fn watch() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = tracing_subscriber::registry().with(Watcher).try_init();
    });
}

/// By method and path: each status, with the kinds of problems that it has, if it is one.
type Promised = BTreeMap<(String, String), BTreeMap<String, BTreeSet<String>>>;

static PROMISED: LazyLock<Promised> = LazyLock::new(|| {
    let document: Value = serde_json::from_str(document()).unwrap();
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, item)| {
        let operations = item.as_object().unwrap().iter();
        operations.map(move |(method, operation)| {
            let statuses = operation["responses"].as_object().unwrap();
            let kinds = statuses.iter().map(|(status, answer)| (status.clone(), kinds(answer)));
            ((method.to_uppercase(), path.clone()), kinds.collect())
        })
    });
    all.collect()
});

fn kinds(answer: &Value) -> BTreeSet<String> {
    let kinds =
        &answer["content"][PROBLEM_JSON]["schema"]["allOf"][1]["properties"]["type"]["enum"];
    let kinds = kinds.as_array().into_iter().flatten().filter_map(Value::as_str);
    kinds.map(|kind| kind.trim_start_matches("urn:pulseproof:").to_owned()).collect()
}

/// Whether an answer is promised.
fn is_promised(method: &str, route: &str, status: &str, problem: Option<&str>) -> bool {
    let method = if method == "HEAD" { "GET" } else { method };
    // What there is not, and methods that a route has not, are nobody's.
    if route == "none" || status == "405" {
        return true;
    }
    let of_route = PROMISED.get(&(method.to_owned(), route.to_owned()));
    match (of_route.and_then(|statuses| statuses.get(status)), problem) {
        (Some(kinds), Some(kind)) => kinds.contains(kind),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[derive(Default)]
struct Answer(BTreeMap<&'static str, String>);

impl Visit for Answer {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }
}

struct Watcher;

impl<S: Subscriber> Layer<S> for Watcher {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut answer = Answer::default();
        event.record(&mut answer);
        let of = |name| answer.0.get(name).map(String::as_str);
        if of("message") != Some("answered") {
            return;
        }
        let (Some(method), Some(route), Some(status)) = (of("method"), of("route"), of("status"))
        else {
            return;
        };
        if !is_promised(method, route, status, of("problem")) {
            let problem = of("problem");
            // A panic here would end a request, which a test may expect to fail.
            eprintln!("not in the document: {method} {route} {status} {problem:?}");
            process::abort();
        }
    }
}

#[test]
fn what_is_promised_is_known() {
    let readings = "/v1/regions/{region}/epochs/{epoch}/readings";
    assert!(is_promised("POST", readings, "207", None));
    assert!(is_promised("POST", readings, "404", Some("unknown-region")));
    for (status, problem) in [("404", Some("unknown-job")), ("201", None), ("418", Some("teapot"))]
    {
        assert!(!is_promised("POST", readings, status, problem), "{status} {problem:?}");
    }
    assert!(!is_promised("POST", "/v1/regions/{region}", "200", None));
    assert!(is_promised("HEAD", "/healthz", "200", None));
}
