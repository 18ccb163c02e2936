//! The authority over HTTP.

use std::future::Future;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use axum::{Json, Router};
use pulseproof_kernels::Curve;
use pulseproof_sdk::Problem;
use pulseproof_service::body::Counted;
use pulseproof_service::gate::{Gate, Place};
use pulseproof_service::rate::{Rate, limit};
use pulseproof_service::{Client, Doors, Refusal, serve_routes};
use tokio::net::TcpListener;

use super::hearing::Heard;
use super::questions::Answer;
use super::{Authority, Decryption, Shared, internal};
use crate::bodies;

impl<C: Curve> Authority<C> {
    /// Serves until `stopped` is ready.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(
        self,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let authority = Arc::new(self);
        let routes = Router::new()
            .route("/v1/public-key", get(public_key::<C>))
            .route("/v1/evaluation-key", get(evaluation_key::<C>))
            .route("/v1/decryptions", post(decryptions::<C>))
            .route("/v1/answers", post(answers::<C>))
            .route("/v1/disputes", post(disputes::<C>))
            .layer(from_fn_with_state(Arc::new(Rate::new(authority.policy.per_minute_max)), limit))
            .with_state(Arc::clone(&authority));
        serve_routes(routes, listener, Doors::default(), stopped).await;
        authority.close().await;
        Ok(())
    }
}

async fn public_key<C: Curve>(State(authority): State<Shared<C>>) -> Vec<u8> {
    authority.public_key.to_bytes()
}

/// One copy for all readers, however slowly they read.
async fn evaluation_key<C: Curve>(State(authority): State<Shared<C>>) -> Result<Bytes, Refusal> {
    match &authority.programs {
        Some(programs) => Ok(programs.evaluation_key_bytes.clone()),
        None => Err(Problem::new(404, "no-programs", "there is no evaluation key here").into()),
    }
}

/// Reads a body, and then waits for a place: who sends slowly keeps none.
async fn enter<C: Curve>(
    authority: &Authority<C>,
    gate: &Arc<Gate>,
    request: Request,
) -> Result<(Place, Counted), Refusal> {
    let client = Client::of(&request);
    let body = bodies::read(&authority.bodies, request).await?;
    Ok((gate.enter(client.as_str()).await?, body))
}

/// Goes on also if whoever asked has gone away: the place is taken until the work is done, and the answer,
/// which is paid for, is kept.
async fn finish<T: Send + 'static>(
    place: Place,
    work: impl Future<Output = Result<T, Problem>> + Send + 'static,
) -> Result<Json<T>, Refusal> {
    let work = tokio::spawn(async move {
        let answer = work.await;
        drop(place);
        answer
    });
    Ok(Json(work.await.map_err(internal)??))
}

async fn decryptions<C: Curve>(
    State(authority): State<Shared<C>>,
    request: Request,
) -> Result<Json<Decryption>, Refusal> {
    let (place, query) = enter(&authority, &authority.gate, request).await?;
    finish(place, async move { authority.decrypt(query).await }).await
}

async fn answers<C: Curve>(
    State(authority): State<Shared<C>>,
    request: Request,
) -> Result<Json<Answer>, Refusal> {
    let (place, question) = enter(&authority, &authority.gate, request).await?;
    finish(place, async move { authority.answer(question).await }).await
}

async fn disputes<C: Curve>(
    State(authority): State<Shared<C>>,
    request: Request,
) -> Result<Json<Heard>, Refusal> {
    let (place, question) = enter(&authority, &authority.hearings, request).await?;
    finish(place, async move { authority.hear(question).await }).await
}
