//! `/v1/audit`: what was done, for whoever looks after it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use pulseproof_sdk::audit::AuditPage;

use super::query;
use crate::app::App;
use crate::refusal::Refusal;

/// Most entries of a page, and how many if nobody says.
const LIMIT_MAX: usize = 1000;
const LIMIT: usize = 100;

/// What was done and for whom, the oldest first: entries are chained by hashes, and signed every so often.
#[utoipa::path(
    get,
    path = "/v1/audit",
    tag = "appliance",
    params(
        ("after" = Option<u64>, Query, description = "The `next` of the page before; from the start if nobody says"),
        (
            "limit" = Option<u16>, Query, minimum = 1, maximum = 1000,
            description = "So many at most; 100 if nobody says",
        ),
    ),
    responses((status = 200, body = AuditPage, description = "A page; `next` if there may be more")),
)]
pub async fn show(State(app): State<Arc<App>>, uri: Uri) -> Result<Json<AuditPage>, Refusal> {
    let (mut after, mut limit) = (0, LIMIT);
    query::read(uri.query().unwrap_or_default(), |name, value| {
        match name {
            "after" => {
                let expected = "expected what the page before says in \"next\"";
                let number = query::digits(value);
                after = number.ok_or_else(|| query::malformed(name, expected))?;
            }
            "limit" => limit = query::limit(name, value, LIMIT_MAX)?,
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    let entries = app.store.log(after, limit).await?;
    let is_full = entries.len() == limit;
    let next = entries.last().filter(|_| is_full).map(|entry| entry.position);
    Ok(Json(AuditPage { entries, next }))
}
