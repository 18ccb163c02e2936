//! `/v1/lookups/{root}`: what the lookups of a program gave, under the root that its outputs were signed with.

use std::io;
use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use pulseproof_sdk::api::LookupNode;
use pulseproof_sdk::{Digest, Problem};
use tokio::task::spawn_blocking;

use super::segment;
use crate::app::App;
use crate::fhe::lookups::{LookupAnswer, LookupStore};
use crate::refusal::{Refusal, internal};

/// A node of the tree, from the leaves at height 0 to the root.
#[utoipa::path(
    get,
    path = "/v1/lookups/{root}/nodes/{height}/{index}",
    tag = "sums",
    responses(
        (status = 200, body = LookupNode, description = "The node"),
    ),
    extensions(("x-problems" = json!("404 not-in-tree, unknown-lookups")))
)]
pub async fn node(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Result<Json<LookupNode>, Refusal> {
    let Path((root, height, index)) = path?;
    let root: Digest = segment(&root, "root")?;
    let (height, index) = (segment(&height, "height")?, segment(&index, "index")?);
    let node = find(&app, "index", move |kept| kept.node(&root, height, index)).await?;
    Ok(Json(LookupNode { node }))
}

/// The words that one lookup gave.
#[utoipa::path(
    get,
    path = "/v1/lookups/{root}/results/{lookup}",
    tag = "sums",
    responses(
        (
            status = 200, body = Vec<u8>, content_type = "application/octet-stream",
            description = "2,049 64-bit words, little-endian",
        ),
    ),
    extensions(("x-problems" = json!("404 not-in-tree, unknown-lookups")))
)]
pub async fn result(
    State(app): State<Arc<App>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Refusal> {
    let Path((root, lookup)) = path?;
    let (root, lookup) = (segment::<Digest>(&root, "root")?, segment(&lookup, "lookup")?);
    let words = find(&app, "lookup", move |kept| kept.result(&root, lookup)).await?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], words))
}

async fn find<T: Send + 'static>(
    app: &Arc<App>,
    field: &str,
    read: impl FnOnce(&LookupStore) -> io::Result<LookupAnswer<T>> + Send + 'static,
) -> Result<T, Refusal> {
    let voucher = Arc::clone(&app.voucher);
    let found = spawn_blocking(move || read(&voucher.lookups)).await?;
    match found.map_err(|error| internal(&error))? {
        LookupAnswer::Here(found) => Ok(found),
        LookupAnswer::NoTree => {
            let detail =
                "no lookups under this root, or not any more: have the program computed again";
            Err(Problem::new(404, "unknown-lookups", detail).field("root").into())
        }
        LookupAnswer::NotInTree => {
            let detail = "the tree has none there";
            Err(Problem::new(404, "not-in-tree", detail).field(field).into())
        }
    }
}
