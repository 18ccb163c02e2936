//! The appliance over HTTP. [`circuits`]: files, and proofs of circuits. `lookups`: what programs' lookups
//! gave.

pub mod circuits;
#[cfg(feature = "fhe")]
mod lookups;

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use pulseproof_kernels::Curve;
use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use reqwest::{Certificate, ClientBuilder, Identity, Method, RequestBuilder, Response, StatusCode};
use rustls::crypto::ring;
use serde::de::DeserializeOwned;

use crate::access::ApiToken;
use crate::api::{self, EvaluationKeyInfo, Health, Intake, Job, JobList, JobRequest, JobState};
use crate::digest::Digest;
use crate::identity::AppliancePublicKey;
use crate::name::Name;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::profile::Profile;
use crate::result::ProvedResult;
use crate::roster::Roster;
use crate::submission::batch_to_bytes;

/// The longest a single request may take.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest that uploading an evaluation key, some 60 MB, or a piece of a file may take.
const UPLOAD_TIMEOUT: Duration = Duration::from_secs(600);
/// Most bytes of an answer that is an error.
const ERROR_BYTES_MAX: usize = 1 << 16;
/// How long a job is waited for until it is looked at again: at first, and at most.
const POLL_INTERVALS: [Duration; 2] = [Duration::from_millis(10), Duration::from_millis(500)];

/// Why a call failed, or there is nothing to call with.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The system has no randomness to give, or no certificates that can be read.
    #[error("no HTTP client: {0}")]
    Http(#[source] reqwest::Error),
    /// The service answered with a problem.
    #[error(transparent)]
    Problem(#[from] Box<Problem>),
    /// The service could not be reached, or did not speak as expected.
    #[error("{url}: {source}")]
    Transport {
        /// What was called.
        url: String,
        /// What happened.
        source: reqwest::Error,
    },
    /// The service answered with more than it should.
    #[error("{url}: the answer has more than {limit} bytes")]
    TooLong {
        /// What was called.
        url: String,
        /// Most bytes that were expected.
        limit: usize,
    },
    /// A file to upload could not be read.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What happened.
        source: io::Error,
    },
    /// The service answered with an error that is no problem document.
    #[error("{url} answered {status}: {body}")]
    Unexpected {
        /// What was called.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The start of the body.
        body: String,
    },
}

/// A service at a base address, such as `http://127.0.0.1:8750`.
#[derive(Clone, Debug)]
pub struct HttpService {
    base: String,
    http: reqwest::Client,
    token: Option<ApiToken>,
}

/// How a service is reached, and who asks it.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Says who asks.
    pub token: Option<ApiToken>,
    /// Certificates, in PEM, of who vouches for the service; without, those that the system trusts.
    pub authority: Option<Vec<u8>>,
    /// A certificate and its key, in PEM, for services whose clients need one.
    pub certificate: Option<Vec<u8>>,
}

impl HttpService {
    /// A client for the service at `base`. Nobody is asked but who is there: redirections are errors.
    ///
    /// # Errors
    /// [`ClientError::Http`].
    pub fn new(base: impl Into<String>) -> Result<Self, ClientError> {
        Self::with(base, Access::default())
    }

    /// The same, for somebody who says who it is.
    ///
    /// # Errors
    /// [`ClientError::Http`], also for certificates that are none.
    pub fn with(base: impl Into<String>, access: Access) -> Result<Self, ClientError> {
        Self::build(&base.into(), access, reqwest::Client::builder())
    }

    fn build(base: &str, access: Access, http: ClientBuilder) -> Result<Self, ClientError> {
        // Whoever links this may have chosen another provider before.
        let _ = ring::default_provider().install_default();
        let Access { token, authority, certificate } = access;
        let mut http = http.redirect(Policy::none());
        if authority.is_none() && base.starts_with("http://") {
            // Nothing is to be vouched for: a system without any certificates will do.
            http = http.tls_certs_only([]);
        }
        if let Some(authority) = authority {
            http = http.tls_certs_only(
                Certificate::from_pem_bundle(&authority).map_err(ClientError::Http)?,
            );
        }
        if let Some(certificate) = certificate {
            http = http.identity(Identity::from_pem(&certificate).map_err(ClientError::Http)?);
        }
        let http = http.build().map_err(ClientError::Http)?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), http, token })
    }

    /// A request to `path`, which starts with a slash.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        let request = request.timeout(REQUEST_TIMEOUT);
        match &self.token {
            Some(token) => request.bearer_auth(token.secret().as_str()),
            None => request,
        }
    }

    /// Sends a request and returns the answer, or the problem that came instead.
    ///
    /// # Errors
    /// No answer, or an answer that is an error.
    pub async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let response = request.send().await.map_err(transport)?;
        if response.status().is_success() { Ok(response) } else { Err(failure(response).await) }
    }

    /// Sends a request whose answer is JSON.
    ///
    /// # Errors
    /// As [`Self::send`], or an answer that is not what was expected.
    pub async fn json<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<T, ClientError> {
        self.send(request).await?.json().await.map_err(transport)
    }

    /// Sends a request whose answer is binary.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn bytes(&self, request: RequestBuilder) -> Result<Vec<u8>, ClientError> {
        Ok(self.send(request).await?.bytes().await.map_err(transport)?.to_vec())
    }

    /// The same, if nothing is known of who answers: an answer of more bytes is an error, and not read.
    ///
    /// # Errors
    /// As [`Self::send`], or the answer is longer.
    pub async fn bytes_within(
        &self,
        request: RequestBuilder,
        limit: usize,
    ) -> Result<Vec<u8>, ClientError> {
        read_within(self.send(request).await?, limit).await
    }
}

async fn read_within(mut response: Response, limit: usize) -> Result<Vec<u8>, ClientError> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(transport)? {
        if chunk.len() > limit - bytes.len() {
            return Err(ClientError::TooLong { url: response.url().to_string(), limit });
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

fn transport(source: reqwest::Error) -> ClientError {
    let url = source.url().map_or_else(String::new, ToString::to_string);
    ClientError::Transport { url, source: source.without_url() }
}

async fn failure(response: Response) -> ClientError {
    let (url, status) = (response.url().to_string(), response.status().as_u16());
    let content_type = response.headers().get(CONTENT_TYPE).cloned();
    let is_problem = content_type.is_some_and(|value| value == PROBLEM_JSON);
    let body = match read_within(response, ERROR_BYTES_MAX).await {
        Ok(body) => String::from_utf8_lossy(&body).into_owned(),
        Err(error) => return error,
    };
    match serde_json::from_str::<Problem>(&body) {
        Ok(problem) if is_problem => ClientError::Problem(Box::new(problem)),
        _ => ClientError::Unexpected { url, status, body: body.chars().take(200).collect() },
    }
}

/// An appliance.
#[derive(Clone, Debug)]
pub struct ApplianceClient(HttpService);

impl ApplianceClient {
    /// A client for the appliance at `base`.
    ///
    /// # Errors
    /// [`ClientError::Http`].
    pub fn new(base: impl Into<String>) -> Result<Self, ClientError> {
        HttpService::new(base).map(Self)
    }

    /// The same, for somebody who says who it is.
    ///
    /// # Errors
    /// [`ClientError::Http`], also for certificates that are none.
    pub fn with(base: impl Into<String>, access: Access) -> Result<Self, ClientError> {
        HttpService::with(base, access).map(Self)
    }

    /// Its base address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.0.base
    }

    /// Whether it is up, and with which SRS.
    ///
    /// # Errors
    /// See [`ClientError`]; so for all calls below.
    pub async fn health(&self) -> Result<Health, ClientError> {
        self.0.json(self.0.request(Method::GET, "/healthz")).await
    }

    /// Its metrics, in Prometheus's text format.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn metrics(&self) -> Result<String, ClientError> {
        let response = self.0.send(self.0.request(Method::GET, "/metrics")).await?;
        response.text().await.map_err(transport)
    }

    /// Registers a region, or replaces its roster between epochs.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn register(&self, roster: &Roster) -> Result<(), ClientError> {
        let path = format!("/v1/regions/{}", roster.region);
        self.0.send(self.0.request(Method::PUT, &path).json(roster)).await.map(drop)
    }

    /// Hands in a profile, which rosters name by its digest.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_profile(&self, profile: &Profile) -> Result<(), ClientError> {
        let path = format!("/v1/profiles/{}", profile.digest());
        self.0.send(self.0.request(Method::PUT, &path).body(profile.to_bytes())).await.map(drop)
    }

    /// Hands in submissions, as bytes. An answer may hold refusals: see [`Intake::refused`].
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn submit<B: AsRef<[u8]>>(
        &self,
        region: &Name,
        epoch: u64,
        submissions: &[B],
    ) -> Result<Intake, ClientError> {
        let path = format!("/v1/regions/{region}/epochs/{epoch}/readings");
        let body = batch_to_bytes(submissions);
        let response = self
            .0
            .request(Method::POST, &path)
            .header(CONTENT_TYPE, "application/octet-stream")
            .body(body)
            .send()
            .await
            .map_err(transport)?;
        // Refused submissions are an answer, not a failure of the call.
        match response.status() {
            StatusCode::OK | StatusCode::MULTI_STATUS => response.json().await.map_err(transport),
            _ => Err(failure(response).await),
        }
    }

    /// Asks for work; the answer is the queued job.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn create_job(&self, job: &JobRequest) -> Result<Job, ClientError> {
        self.0.json(self.0.request(Method::POST, "/v1/jobs").json(job)).await
    }

    /// Where a job stands.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn job(&self, id: &str) -> Result<Job, ClientError> {
        self.0.json(self.0.request(Method::GET, &format!("/v1/jobs/{id}"))).await
    }

    /// Jobs that may be seen, the newest first; `query` is empty, or `?` and what is wanted, as in `?state=failed`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn jobs(&self, query: &str) -> Result<JobList, ClientError> {
        self.0.json(self.0.request(Method::GET, &format!("/v1/jobs{query}"))).await
    }

    /// Waits until a job is done.
    ///
    /// # Errors
    /// See [`ClientError`]; a failed job is its problem.
    pub async fn wait(&self, id: &str) -> Result<Job, ClientError> {
        let [mut interval, longest] = POLL_INTERVALS;
        loop {
            let mut job = self.job(id).await?;
            match (job.state, job.problem.take()) {
                (JobState::Done, _) => return Ok(job),
                (JobState::Failed, problem) => {
                    let problem = problem.unwrap_or_else(|| {
                        Problem::new(500, "job-failed", "the job failed without a reason")
                    });
                    return Err(Box::new(problem).into());
                }
                (JobState::Cancelled, _) => {
                    let problem = Problem::new(409, "job-cancelled", "the job was cancelled");
                    return Err(Box::new(problem).into());
                }
                _ => tokio::time::sleep(interval).await,
            }
            // A job that takes long is looked at a few times more for it, and not for each 10 ms.
            interval = (interval * 5 / 4).min(longest);
        }
    }

    /// Cancels a job that computes a program or proves a circuit, and is not finished.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn cancel(&self, id: &str) -> Result<Job, ClientError> {
        self.0.json(self.0.request(Method::DELETE, &format!("/v1/jobs/{id}"))).await
    }

    /// The key that the appliance signs with.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn identity(&self) -> Result<AppliancePublicKey, ClientError> {
        let identity: api::Identity =
            self.0.json(self.0.request(Method::GET, "/v1/identity")).await?;
        Ok(identity.key)
    }

    /// Hands in an evaluation key, and returns what it is called: SHA-256 of its bytes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_evaluation_key(&self, bytes: Vec<u8>) -> Result<Digest, ClientError> {
        let id = Digest::sha256(&bytes);
        let request = self.0.request(Method::PUT, &key_path(&id)).timeout(UPLOAD_TIMEOUT);
        let request = request.header(CONTENT_TYPE, "application/octet-stream").body(bytes);
        self.0.send(request).await.map(|_| id)
    }

    /// What the appliance knows of an evaluation key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn evaluation_key(&self, id: &Digest) -> Result<EvaluationKeyInfo, ClientError> {
        self.0.json(self.0.request(Method::GET, &key_path(id))).await
    }

    /// Lets the appliance forget an evaluation key.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_evaluation_key(&self, id: &Digest) -> Result<(), ClientError> {
        self.0.send(self.0.request(Method::DELETE, &key_path(id))).await.map(drop)
    }

    /// Hands in a result that another appliance proved, and returns what its sum is called.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_result<C: Curve>(
        &self,
        result: &ProvedResult<C>,
    ) -> Result<Digest, ClientError> {
        let id = result.sum_digest();
        let request = self.0.request(Method::PUT, &format!("/v1/results/{id}"));
        self.0.send(request.body(result.to_bytes())).await.map(|_| id)
    }

    /// Lets the appliance forget a result of another one.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_result(&self, id: &Digest) -> Result<(), ClientError> {
        self.0.send(self.0.request(Method::DELETE, &format!("/v1/results/{id}"))).await.map(drop)
    }

    /// A finished job's result: the bytes of a [`ProvedResult`], of a program's
    /// outputs, or of the JSON of a [`Groth16Proof`](crate::groth16::Groth16Proof).
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn result(&self, id: &str) -> Result<Vec<u8>, ClientError> {
        self.0.bytes(self.0.request(Method::GET, &format!("/v1/jobs/{id}/result"))).await
    }
}

fn key_path(id: &Digest) -> String {
    format!("/v1/evaluation-keys/{id}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_cannot_be_made_is_an_error() {
        let broken = reqwest::Client::builder().user_agent("\n");
        let error = HttpService::build("http://127.0.0.1", Access::default(), broken).unwrap_err();
        assert!(matches!(error, ClientError::Http(_)), "{error}");
    }
}
