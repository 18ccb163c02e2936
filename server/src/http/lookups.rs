//! `/v1/lookups/{root}`: what the lookups of a program gave, under the root that its outputs were signed with.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::HeaderName;
use axum::http::header::CONTENT_TYPE;
use pulseproof_kernels::Curve;
use pulseproof_sdk::api::LookupNode;
use pulseproof_sdk::merkle::Tree;
use pulseproof_sdk::{Digest, Problem};
use tokio::task::spawn_blocking;

use super::answer::{Refusal, internal};
use super::segment;
use crate::app::App;

/// A node of the tree, from the leaves at height 0 to the root.
pub async fn node<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<(String, String, String)>, PathRejection>,
) -> Result<Json<LookupNode>, Refusal> {
    let Path((root, height, index)) = path?;
    let (height, index) = (segment(&height, "height")?, segment(&index, "index")?);
    let tree = tree(&app, segment(&root, "root")?).await?;
    let node = tree.node(height, index).ok_or_else(|| no_such(tree.height(), "node"))?;
    Ok(Json(LookupNode { node }))
}

/// The words that one lookup gave.
pub async fn result<C: Curve>(
    State(app): State<Arc<App<C>>>,
    path: Result<Path<(String, String)>, PathRejection>,
) -> Result<([(HeaderName, &'static str); 1], Vec<u8>), Refusal> {
    let Path((root, lookup)) = path?;
    let (root, lookup) = (segment::<Digest>(&root, "root")?, segment(&lookup, "lookup")?);
    let height = tree(&app, root).await?.height();
    let voucher = Arc::clone(&app.voucher);
    let words = spawn_blocking(move || voucher.transcripts.result(&root, lookup)).await?;
    let words = words.map_err(|error| internal(&error))?;
    let words = words.ok_or_else(|| no_such(height, "lookup"))?;
    Ok(([(CONTENT_TYPE, "application/octet-stream")], words))
}

async fn tree<C: Curve>(app: &Arc<App<C>>, root: Digest) -> Result<Tree, Refusal> {
    let voucher = Arc::clone(&app.voucher);
    let tree = spawn_blocking(move || voucher.transcripts.tree(&root)).await?;
    tree.map_err(|error| internal(&error))?.ok_or_else(|| unknown().into())
}

fn unknown() -> Problem {
    let detail = "no lookups under this root, or not any more: have the program computed again";
    Problem::new(404, "unknown-lookups", detail).field("root")
}

fn no_such(height: usize, what: &str) -> Problem {
    let detail = format!("the tree has no such {what}: its root is at height {height}");
    Problem::new(404, "not-found", detail).field(what).limit(height as u64)
}
