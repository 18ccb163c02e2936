//! `/`: a page for who looks after the appliance. It is plain files, in `server/dashboard/`, which ask the routes that
//! everybody asks, with the token that somebody puts in; it asks nobody else.

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::HeaderName;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use pulseproof_sdk::Problem;

use crate::refusal::Refusal;

/// The page's parts come from here, and it asks here alone; nothing in its text is run or styles it.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
                      img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// The parts of the page, by name.
macro_rules! parts {
    ($($name:literal),* $(,)?) => {
        const PARTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../dashboard/", $name)))),*];
    };
}

parts![
    "access.js",
    "ask.js",
    "batches.js",
    "concerns.js",
    "details.js",
    "dom.js",
    "format.js",
    "jobs.js",
    "main.js",
    "metrics.js",
    "plots.js",
    "poll.js",
    "problems.js",
    "sources.js",
    "status.js",
    "style.css",
    "times.js",
    "token.js",
    "verify.js",
    "work.js",
];

const PAGE: &str = include_str!("../../dashboard/index.html");

type Answer = ([(HeaderName, &'static str); 5], &'static str);

/// The dashboard: a page that shows how the appliance is.
#[utoipa::path(
    get,
    path = "/",
    tag = "appliance",
    responses((status = 200, body = String, content_type = "text/html", description = "The dashboard")),
)]
pub async fn page() -> Answer {
    answer(HTML, PAGE)
}

/// A part of the dashboard.
#[utoipa::path(
    get,
    path = "/dashboard/{file}",
    tag = "appliance",
    responses(
        (status = 200, description = "A part of the dashboard", content(
            (String = "text/css"), (String = "text/javascript"),
        )),
    ),
    extensions(("x-problems" = json!("404 not-found")))
)]
pub async fn part(path: Result<Path<String>, PathRejection>) -> Result<Answer, Refusal> {
    let Path(file) = path?;
    let found = PARTS.iter().find(|(name, _)| *name == file);
    let Some((name, text)) = found else {
        return Err(Problem::new(404, "not-found", "the page has no such part").into());
    };
    let is_style = name.ends_with("css");
    Ok(answer(if is_style { CSS } else { JAVASCRIPT }, text))
}

fn answer(content_type: &'static str, text: &'static str) -> Answer {
    let headers = [
        (CONTENT_TYPE, content_type),
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (REFERRER_POLICY, "no-referrer"),
        // Another version has other parts.
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_of_the_folder_is_in_the_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/dashboard");
        let names = std::fs::read_dir(folder).unwrap();
        let mut names: BTreeSet<_> =
            names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        assert!(names.remove("index.html"));
        assert_eq!(names, PARTS.iter().map(|(name, _)| (*name).to_owned()).collect());
    }
}
