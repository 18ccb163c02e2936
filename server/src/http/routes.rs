//! Every route, once: what it answers to, and what somebody has to be allowed to do to be answered.

use std::sync::Arc;

use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use pulseproof_access::{Action, Resource};
use pulseproof_sdk::{Name, Problem};
use pulseproof_service::body;
use utoipa::openapi::HttpMethod;
use utoipa_axum::router::UtoipaMethodRouter;
use utoipa_axum::routes;

use super::document::only;
use super::{
    attestation, audit, circuits, dashboard, events, jobs, keys, lookups, pages, profiles,
    readings, regions, results, segment, status, uploads, verifiers, witnesses,
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
    pub path: String,
    /// What has to be permitted; of several, one of them, by what the body asks.
    pub actions: Vec<Action>,
}

/// A route as it stands at its handler, and what somebody has to be allowed to do to be answered.
pub(super) struct Route {
    pub documented: UtoipaMethodRouter<Arc<App>>,
    pub needs: Needs,
}

/// What has to be permitted.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    /// An action on the appliance.
    Appliance(Action),
    /// An action on the region in the path.
    Region(Action),
    /// One of these, on what only the handler knows: it asks. Whoever wants it has to say who it is before.
    Handler(&'static [Action]),
}

impl Needs {
    pub fn actions(self) -> Vec<Action> {
        match self {
            Self::Appliance(action) | Self::Region(action) => vec![action],
            Self::Handler(actions) => actions.to_vec(),
        }
    }
}

pub(super) fn table() -> Vec<Route> {
    use Action as A;
    use Needs::{Appliance, Handler, Region};
    vec![
        route(routes!(regions::register), Region(A::ManageRegion)),
        route(routes!(readings::accept), Region(A::Submit)),
        route(routes!(profiles::put), Appliance(A::PutProfile)),
        route(routes!(profiles::show), Appliance(A::SeeProfiles)),
        route(routes!(jobs::create), Handler(&[A::Sum, A::Compute, A::Prove])),
        route(routes!(jobs::list), Handler(&[A::ListJobs])),
        route(routes!(jobs::show), Handler(&[A::SeeJob])),
        route(routes!(jobs::cancel), Handler(&[A::CancelJob])),
        route(routes!(events::follow), Handler(&[A::SeeJob])),
        route(routes!(jobs::result), Handler(&[A::FetchResult])),
        route(routes!(jobs::forget), Handler(&[A::ForgetJob])),
        route(routes!(results::put), Appliance(A::PutResult)),
        route(routes!(results::delete), Appliance(A::RemoveResult)),
        route(routes!(lookups::node), Appliance(A::SeeLookups)),
        route(routes!(lookups::result), Appliance(A::SeeLookups)),
        route(routes!(keys::put), Appliance(A::ManageKeys)),
        route(routes!(keys::show), Appliance(A::SeeKeys)),
        route(routes!(keys::delete), Appliance(A::ManageKeys)),
        route(routes!(circuits::list), Appliance(A::SeeCircuits)),
        route(routes!(circuits::put), Appliance(A::ManageCircuits)),
        route(routes!(circuits::show), Appliance(A::SeeCircuits)),
        route(routes!(circuits::delete), Appliance(A::ManageCircuits)),
        route(routes!(circuits::put_wasm), Appliance(A::ManageCircuits)),
        route(routes!(circuits::put_r1cs), Appliance(A::ManageCircuits)),
        route(routes!(circuits::put_sym), Appliance(A::ManageCircuits)),
        route(routes!(verifiers::key), Appliance(A::SeeCircuits)),
        route(routes!(verifiers::contract), Appliance(A::SeeCircuits)),
        route(routes!(verifiers::public_signals), Appliance(A::SeeCircuits)),
        route(routes!(uploads::show), Appliance(A::SeeUploads)),
        route(routes!(uploads::remove), Appliance(A::RemoveUpload)),
        route(routes!(witnesses::begin), Appliance(A::UploadWitness)),
        route(routes!(witnesses::go_on), Appliance(A::UploadWitness)),
        route(routes!(witnesses::show), Appliance(A::UploadWitness)),
        route(routes!(witnesses::remove), Appliance(A::UploadWitness)),
        route(routes!(audit::show), Appliance(A::SeeAudit)),
        route(routes!(attestation::show), Appliance(A::SeeStatus)),
        route(routes!(status::identity), Appliance(A::SeeStatus)),
        route(routes!(status::health), Appliance(A::SeeStatus)),
        route(routes!(status::ready), Appliance(A::SeeStatus)),
        route(routes!(status::metrics), Appliance(A::SeeMetrics)),
        route(routes!(dashboard::page), Appliance(A::SeeStatus)),
        route(routes!(dashboard::part), Appliance(A::SeeStatus)),
        route(routes!(pages::openapi), Appliance(A::SeeStatus)),
        route(routes!(pages::docs), Appliance(A::SeeStatus)),
        route(routes!(pages::part), Appliance(A::SeeStatus)),
    ]
}

fn route(documented: UtoipaMethodRouter<Arc<App>>, needs: Needs) -> Route {
    Route { documented, needs }
}

/// Every route of an appliance.
#[must_use]
pub fn routes() -> Vec<RouteInfo> {
    let info = |Route { documented: (_, paths, _), needs }| {
        let (path, item) = paths.paths.into_iter().next().expect("a handler has a path");
        RouteInfo { method: name(&only(item).0), path, actions: needs.actions() }
    };
    table().into_iter().map(info).collect()
}

pub(super) fn name(method: &HttpMethod) -> &'static str {
    match method {
        HttpMethod::Get => "GET",
        HttpMethod::Post => "POST",
        HttpMethod::Put => "PUT",
        HttpMethod::Delete => "DELETE",
        HttpMethod::Options => "OPTIONS",
        HttpMethod::Head => "HEAD",
        HttpMethod::Patch => "PATCH",
        HttpMethod::Trace => "TRACE",
    }
}

/// The routes, each behind what it needs.
pub fn guarded(app: &Arc<App>) -> Router<Arc<App>> {
    table().into_iter().fold(Router::new(), |router, Route { documented, needs }| {
        let (_, paths, handler) = documented;
        let (path, _) = paths.paths.iter().next().expect("a handler has a path");
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
