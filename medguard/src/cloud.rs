//! The cloud: accepts only proved results, combines them, and asks the authority for totals.
//!
//! | request | answer |
//! |---|---|
//! | `POST /v1/results` | a proved result, binary → [`Accepted`] |
//! | `GET /v1/results/{region}/{epoch}` | the accepted result, for audits |
//! | `POST /v1/queries` | [`Query`] → [`Decryption`] |

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::routing::{get, post};
use axum::{Json, Router};
use pulseproof_kernels::Curve;
use pulseproof_sdk::client::{ClientError, HttpService};
use pulseproof_sdk::{Name, Problem, ProvedResult};
use pulseproof_service::body::Bodies;
use pulseproof_service::{Doors, Refusal, blocking, serve_routes};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

use crate::authority::{Decryption, write_query};
use crate::bodies;
use crate::combine::combine;
use crate::trust::TrustAnchors;

/// The cloud.
pub struct Cloud<C: Curve> {
    trust: TrustAnchors<C>,
    authority: HttpService,
    bodies: Bodies,
    accepted: Mutex<BTreeMap<(Name, u64), AcceptedResult<C>>>,
}

/// An accepted result, and the bytes it came as.
struct AcceptedResult<C: Curve> {
    result: ProvedResult<C>,
    bytes: Vec<u8>,
}

/// The answer to an accepted result.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// How many devices were summed.
    pub devices: usize,
    /// Who was not.
    pub missing: Vec<Name>,
    /// Time spent verifying, in microseconds.
    pub verify_us: u64,
}

/// Which results to combine.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Query {
    /// The regions; all of them if empty.
    #[serde(default)]
    pub regions: Vec<Name>,
}

impl<C: Curve> Cloud<C> {
    /// A cloud that asks this authority.
    pub fn new(trust: TrustAnchors<C>, authority: HttpService) -> Self {
        Self { trust, authority, bodies: bodies::bodies(), accepted: Mutex::default() }
    }

    /// Serves until `stopped` is ready.
    ///
    /// # Errors
    /// The listener failed.
    pub async fn serve(
        self,
        listener: TcpListener,
        stopped: impl Future<Output = ()> + Send + 'static,
    ) -> std::io::Result<()> {
        let routes = Router::new()
            .route("/v1/results", post(results::<C>))
            .route("/v1/results/{region}/{epoch}", get(result::<C>))
            .route("/v1/queries", post(queries::<C>))
            .with_state(Arc::new(self));
        serve_routes(routes, listener, Doors::default(), stopped).await;
        Ok(())
    }

    /// Verifies a result and keeps it. One per region and epoch: a second one is refused, whatever
    /// it says.
    fn accept(&self, bytes: &[u8]) -> Result<Accepted, Problem> {
        let start = Instant::now();
        let result = self.trust.verify(bytes)?;
        let verify_us = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        let mut accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        let (region, epoch) = (result.claim.region.clone(), result.claim.epoch);
        match accepted.entry((region.clone(), epoch)) {
            Entry::Occupied(_) => {
                let detail = format!("{region} epoch {epoch} was accepted before");
                Err(Problem::new(409, "result-replayed", detail).field("epoch"))
            }
            Entry::Vacant(slot) => {
                let devices = result.claim.contributions.len();
                let missing = result.claim.missing.clone();
                slot.insert(AcceptedResult { result, bytes: bytes.to_vec() });
                Ok(Accepted { region, epoch, devices, missing, verify_us })
            }
        }
    }

    /// The accepted results of a query, combined and packed for the authority.
    fn collect(&self, query: &Query) -> Result<Vec<u8>, Problem> {
        let accepted = self.accepted.lock().unwrap_or_else(PoisonError::into_inner);
        for region in &query.regions {
            if !accepted.keys().any(|(known, _)| known == region) {
                let detail = format!("no result of {region} was accepted");
                return Err(Problem::new(404, "unknown-region", detail).field("regions"));
            }
        }
        let wanted = |region: &Name| query.regions.is_empty() || query.regions.contains(region);
        let kept = accepted.iter().filter(|((region, _), _)| wanted(region)).map(|(_, k)| k);
        let kept: Vec<_> = kept.collect();
        let combined = combine(kept.iter().map(|kept| &kept.result))?;
        let proofs: Vec<_> = kept.iter().map(|kept| &kept.bytes).collect();
        Ok(write_query(&combined.words, &proofs))
    }
}

async fn results<C: Curve>(
    State(cloud): State<Arc<Cloud<C>>>,
    request: Request,
) -> Result<Json<Accepted>, Refusal> {
    let body = bodies::read(&cloud.bodies, request).await?;
    Ok(Json(blocking(move || cloud.accept(&body.bytes)).await?))
}

async fn result<C: Curve>(
    State(cloud): State<Arc<Cloud<C>>>,
    path: Result<Path<(Name, u64)>, PathRejection>,
) -> Result<Vec<u8>, Refusal> {
    let Path(at) = path?;
    let accepted = cloud.accepted.lock().unwrap_or_else(PoisonError::into_inner);
    accepted.get(&at).map(|kept| kept.bytes.clone()).ok_or_else(|| {
        let detail = format!("no result of {} for epoch {} was accepted", at.0, at.1);
        Problem::new(404, "unknown-result", detail).into()
    })
}

async fn queries<C: Curve>(
    State(cloud): State<Arc<Cloud<C>>>,
    request: Request,
) -> Result<Json<Decryption>, Refusal> {
    let query: Query = cloud.bodies.json(request).await?;
    let body = cloud.collect(&query)?;
    let request = cloud.authority.request(Method::POST, "/v1/decryptions").body(body);
    match cloud.authority.json(request).await {
        Ok(decryption) => Ok(Json(decryption)),
        Err(ClientError::Problem(problem)) => Err((*problem).into()),
        Err(error) => Err(Problem::new(502, "authority-unreachable", error.to_string()).into()),
    }
}
