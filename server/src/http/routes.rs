//! Every route, once: what it answers to, and what somebody has to be allowed to do to be answered.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, delete, get, post, put};
use pulseproof_access::{Action, Resource};
use pulseproof_sdk::{Name, Problem};
use pulseproof_service::body;

use super::{
    circuits, events, jobs, keys, lookups, profiles, readings, regions, results, segment, status,
    uploads, verifiers, witnesses,
};
use crate::app::App;
use crate::guard::Asking;
use crate::refusal::Refusal;

/// A route, for tests and documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RouteInfo {
    /// The method.
    pub method: &'static str,
    /// The path.
    pub path: &'static str,
    /// What has to be permitted; of several, one of them, by what the body asks.
    pub actions: Vec<Action>,
}

struct Route {
    method: &'static str,
    path: &'static str,
    needs: Needs,
    handler: MethodRouter<Arc<App>>,
}

/// What has to be permitted.
#[derive(Clone, Copy)]
enum Needs {
    /// An action on the appliance.
    Appliance(Action),
    /// An action on the region in the path.
    Region(Action),
    /// One of these, on what only the handler knows: it asks. Whoever wants it has to say who it is before.
    Handler(&'static [Action]),
}

fn table() -> Vec<Route> {
    use Action as A;
    use Needs::{Appliance, Handler, Region};
    vec![
        route("PUT", "/v1/regions/{region}", Region(A::ManageRegion), put(regions::register)),
        route(
            "POST",
            "/v1/regions/{region}/epochs/{epoch}/readings",
            Region(A::Submit),
            post(readings::accept),
        ),
        route("PUT", "/v1/profiles/{digest}", Appliance(A::PutProfile), put(profiles::put)),
        route("GET", "/v1/profiles/{digest}", Appliance(A::SeeProfiles), get(profiles::show)),
        route("POST", "/v1/jobs", Handler(&[A::Sum, A::Compute, A::Prove]), post(jobs::create)),
        route("GET", "/v1/jobs", Handler(&[A::ListJobs]), get(jobs::list)),
        route("GET", "/v1/jobs/{id}", Handler(&[A::SeeJob]), get(jobs::show)),
        route("DELETE", "/v1/jobs/{id}", Handler(&[A::CancelJob]), delete(jobs::cancel)),
        route("GET", "/v1/jobs/{id}/events", Handler(&[A::SeeJob]), get(events::follow)),
        route("GET", "/v1/jobs/{id}/result", Handler(&[A::FetchResult]), get(jobs::result)),
        route("PUT", "/v1/results/{digest}", Appliance(A::PutResult), put(results::put)),
        route(
            "DELETE",
            "/v1/results/{digest}",
            Appliance(A::RemoveResult),
            delete(results::delete),
        ),
        route(
            "GET",
            "/v1/lookups/{root}/nodes/{height}/{index}",
            Appliance(A::SeeLookups),
            get(lookups::node),
        ),
        route(
            "GET",
            "/v1/lookups/{root}/results/{lookup}",
            Appliance(A::SeeLookups),
            get(lookups::result),
        ),
        route("PUT", "/v1/evaluation-keys/{id}", Appliance(A::ManageKeys), put(keys::put)),
        route("GET", "/v1/evaluation-keys/{id}", Appliance(A::SeeKeys), get(keys::show)),
        route("DELETE", "/v1/evaluation-keys/{id}", Appliance(A::ManageKeys), delete(keys::delete)),
        route("GET", "/v1/circuits", Appliance(A::SeeCircuits), get(circuits::list)),
        route("PUT", "/v1/circuits/{name}", Appliance(A::ManageCircuits), put(circuits::put)),
        route("GET", "/v1/circuits/{name}", Appliance(A::SeeCircuits), get(circuits::show)),
        route(
            "DELETE",
            "/v1/circuits/{name}",
            Appliance(A::ManageCircuits),
            delete(circuits::delete),
        ),
        route(
            "PUT",
            "/v1/circuits/{name}/wasm",
            Appliance(A::ManageCircuits),
            put(circuits::put_wasm),
        ),
        route(
            "PUT",
            "/v1/circuits/{name}/r1cs",
            Appliance(A::ManageCircuits),
            put(circuits::put_r1cs),
        ),
        route(
            "PUT",
            "/v1/circuits/{name}/sym",
            Appliance(A::ManageCircuits),
            put(circuits::put_sym),
        ),
        route(
            "GET",
            "/v1/circuits/{name}/verification-key",
            Appliance(A::SeeCircuits),
            get(verifiers::key),
        ),
        route(
            "GET",
            "/v1/circuits/{name}/verifier.sol",
            Appliance(A::SeeCircuits),
            get(verifiers::contract),
        ),
        route(
            "GET",
            "/v1/circuits/{name}/public-signals",
            Appliance(A::SeeCircuits),
            get(verifiers::public_signals),
        ),
        route("GET", "/v1/uploads/{sha256}", Appliance(A::SeeUploads), get(uploads::show)),
        route(
            "DELETE",
            "/v1/uploads/{sha256}",
            Appliance(A::RemoveUpload),
            delete(uploads::remove),
        ),
        route("POST", "/v1/witnesses", Appliance(A::UploadWitness), post(witnesses::begin)),
        route("PUT", "/v1/witnesses", Appliance(A::UploadWitness), put(witnesses::go_on)),
        route("GET", "/v1/witnesses", Appliance(A::UploadWitness), get(witnesses::show)),
        route("DELETE", "/v1/witnesses", Appliance(A::UploadWitness), delete(witnesses::remove)),
        route("GET", "/v1/identity", Appliance(A::SeeStatus), get(status::identity)),
        route("GET", "/healthz", Appliance(A::SeeStatus), get(status::health)),
        route("GET", "/readyz", Appliance(A::SeeStatus), get(status::ready)),
        route("GET", "/metrics", Appliance(A::SeeMetrics), get(status::metrics)),
    ]
}

fn route(
    method: &'static str,
    path: &'static str,
    needs: Needs,
    handler: MethodRouter<Arc<App>>,
) -> Route {
    Route { method, path, needs, handler }
}

/// Every route of an appliance.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    let info = |Route { method, path, needs, .. }| {
        let actions = match needs {
            Needs::Appliance(action) | Needs::Region(action) => vec![action],
            Needs::Handler(actions) => actions.to_vec(),
        };
        RouteInfo { method, path, actions }
    };
    table().into_iter().map(info).collect()
}

/// The routes, each behind what it needs.
pub fn guarded(app: &Arc<App>) -> Router<Arc<App>> {
    table().into_iter().fold(Router::new(), |router, Route { path, needs, handler, .. }| {
        let state = (Arc::clone(app), needs);
        router.route(path, handler.route_layer(from_fn_with_state(state, permit)))
    })
}

async fn permit(
    State((app, needs)): State<(Arc<App>, Needs)>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    request: Request,
    next: Next,
) -> Response {
    let params =
        params.map_err(|error| Problem::new(400, "malformed", error.body_text()).field("path"));
    match params.and_then(|params| check(&app, needs, &params, &request)) {
        Ok(()) => next.run(request).await,
        Err(problem) => {
            // So that the client gets to see the answer.
            body::skip(request).await;
            Refusal::from(problem).into_response()
        }
    }
}

fn check(
    app: &App,
    needs: Needs,
    params: &RawPathParams,
    request: &Request,
) -> Result<(), Problem> {
    let caller = request.extensions().get::<Asking>();
    let caller = caller.ok_or_else(|| Problem::new(500, "internal", "nobody knows who asks"))?;
    match needs {
        Needs::Appliance(action) => app.guard.check(caller, action, Resource::Appliance),
        Needs::Region(action) => {
            let region = params.iter().find(|(name, _)| *name == "region");
            let region: Name = segment(region.map_or("", |(_, value)| value), "region")?;
            app.guard.check(caller, action, Resource::Region(&region))
        }
        Needs::Handler(_) => app.guard.check_known(caller),
    }
}
