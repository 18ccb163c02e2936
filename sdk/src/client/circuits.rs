//! Circuits and proofs over HTTP. Files go in pieces, so that a broken connection costs one of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::{ApplianceClient, ClientError, UPLOAD_TIMEOUT, transport};
use crate::api::{Job, JobRequest};
use crate::digest::Digest;
use crate::groth16::{
    CircuitInfo, CircuitList, Groth16Proof, Groth16Request, PublicSignals, UPLOAD_SHA256,
    UPLOAD_TOKEN, Upload, UploadState,
};
use crate::name::Name;
use crate::token::UploadToken;

/// Longest piece of a file in one request.
const PIECE_BYTES: u64 = 8 << 20;
/// How often an upload goes on after a failure without a piece in between that arrived.
const ATTEMPTS_MAX: u32 = 5;
/// The pause before it goes on; longer each time.
const PAUSE: Duration = Duration::from_millis(200);
/// How often it goes on while somebody else sends the same file: that may be our own connection,
/// which broke without the appliance's notice.
const BUSY_ATTEMPTS_MAX: u32 = 60;
/// The pause before it goes on then.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// An optional file of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CircuitPart {
    /// Computes a witness from inputs.
    Wasm,
    /// The constraints.
    R1cs,
    /// The signals' names.
    Sym,
}

impl ApplianceClient {
    /// Hands in a circuit's key, a `.zkey` file, or goes on where an earlier call was cut off.
    ///
    /// # Errors
    /// See [`ClientError`]; so for all calls below.
    pub async fn put_circuit(&self, name: &Name, zkey: &Path) -> Result<CircuitInfo, ClientError> {
        let local = Local::open(zkey).await?;
        let path = format!("{}?sha256={}", circuit_path(name), local.id);
        self.upload(&To::Circuit(path), &local, None).await
    }

    /// Hands in another file of a circuit.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_circuit_part(
        &self,
        name: &Name,
        part: CircuitPart,
        file: &Path,
    ) -> Result<CircuitInfo, ClientError> {
        let local = Local::open(file).await?;
        let part = match part {
            CircuitPart::Wasm => "wasm",
            CircuitPart::R1cs => "r1cs",
            CircuitPart::Sym => "sym",
        };
        let path = format!("{}/{part}?sha256={}", circuit_path(name), local.id);
        self.upload(&To::Circuit(path), &local, None).await
    }

    /// Hands in a witness, a `.wtns` file, and returns the token that a job names it by. Whoever has the
    /// token can have the witness proved.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_witness(&self, wtns: &Path) -> Result<UploadToken, ClientError> {
        let local = Local::open(wtns).await?;
        let Upload { token, state } = self.begin(&local).await?;
        if !state.complete {
            let to = To::Witness(token.clone());
            self.upload::<UploadState>(&to, &local, Some(state)).await?;
        }
        Ok(token)
    }

    /// How much of an evaluation key or of a circuit's file the appliance has.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn upload_state(&self, id: &Digest) -> Result<UploadState, ClientError> {
        self.0.json(self.0.request(Method::GET, &format!("/v1/uploads/{id}"))).await
    }

    /// How much of a witness the appliance has.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn witness_state(&self, token: &UploadToken) -> Result<UploadState, ClientError> {
        let request = self.0.request(Method::GET, "/v1/witnesses");
        self.0.json(request.header(UPLOAD_TOKEN, hidden(&token.secret()))).await
    }

    /// All circuits.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn circuits(&self) -> Result<Vec<CircuitInfo>, ClientError> {
        let list: CircuitList = self.0.json(self.0.request(Method::GET, "/v1/circuits")).await?;
        Ok(list.circuits)
    }

    /// What the appliance knows of a circuit.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn circuit(&self, name: &Name) -> Result<CircuitInfo, ClientError> {
        self.0.json(self.0.request(Method::GET, &circuit_path(name))).await
    }

    /// What proofs of a circuit are verified with: the bytes of snarkjs's `verification_key.json`.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn verification_key(&self, name: &Name) -> Result<Vec<u8>, ClientError> {
        let path = format!("{}/verification-key", circuit_path(name));
        self.0.bytes(self.0.request(Method::GET, &path)).await
    }

    /// The source of the Solidity contract that verifies proofs of a circuit.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn verifier_contract(&self, name: &Name) -> Result<Vec<u8>, ClientError> {
        let path = format!("{}/verifier.sol", circuit_path(name));
        self.0.bytes(self.0.request(Method::GET, &path)).await
    }

    /// The names of a circuit's public signals, whose `.sym` was uploaded.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn public_signals(&self, name: &Name) -> Result<PublicSignals, ClientError> {
        let path = format!("{}/public-signals", circuit_path(name));
        self.0.json(self.0.request(Method::GET, &path)).await
    }

    /// Lets the appliance forget a circuit.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn delete_circuit(&self, name: &Name) -> Result<(), ClientError> {
        self.0.send(self.0.request(Method::DELETE, &circuit_path(name))).await.map(drop)
    }

    /// Asks for a proof and waits for it.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn prove(&self, request: Groth16Request) -> Result<(Job, Groth16Proof), ClientError> {
        let job = self.create_job(&JobRequest::Groth16(request)).await?;
        let job = self.wait(&job.id).await?;
        let path = format!("/v1/jobs/{}/result", job.id);
        let proof = self.0.json(self.0.request(Method::GET, &path)).await?;
        Ok((job, proof))
    }

    /// Sends the first piece of a witness. Of what was not answered, nothing is kept.
    async fn begin(&self, local: &Local) -> Result<Upload, ClientError> {
        let mut failures = 0;
        loop {
            let request = self.witness_request(Method::POST, local);
            let request =
                piece(request, local, UploadState { received: 0, complete: false }).await?;
            let error = match self.0.json(request).await {
                Ok(upload) => return Ok(upload),
                Err(error) => error,
            };
            failures += 1;
            if failures >= ATTEMPTS_MAX || is(&error, "wrong-digest") || !may_go_on(&error) {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * failures).await;
        }
    }

    /// Sends what the appliance lacks of a file, and returns its answer to the last piece. `state` is what
    /// it has, if that is known.
    async fn upload<T: DeserializeOwned>(
        &self,
        to: &To,
        local: &Local,
        mut state: Option<UploadState>,
    ) -> Result<T, ClientError> {
        // The start of a witness is this file's.
        let (mut failures, mut busy, mut anew) = (0, 0, matches!(to, To::Witness(_)));
        loop {
            let error = match self.send_piece(to, local, state).await {
                Ok(response) if response.status() == StatusCode::ACCEPTED => {
                    failures = 0;
                    state = Some(response.json().await.map_err(transport)?);
                    continue;
                }
                Ok(response) => return response.json().await.map_err(transport),
                Err(error) => error,
            };
            // The appliance knows what arrived.
            state = None;
            if is(&error, "upload-in-progress") && busy < BUSY_ATTEMPTS_MAX {
                busy += 1;
                tokio::time::sleep(BUSY_PAUSE).await;
                continue;
            }
            failures += 1;
            // The first time, what was there may not have been the start of this file.
            let again = is(&error, "wrong-digest") && anew;
            anew |= is(&error, "wrong-digest");
            if again || failures >= ATTEMPTS_MAX || !may_go_on(&error) {
                return Err(error);
            }
            tokio::time::sleep(PAUSE * failures).await;
        }
    }

    /// Sends the next piece, or none if the appliance has all of the file.
    async fn send_piece(
        &self,
        to: &To,
        local: &Local,
        state: Option<UploadState>,
    ) -> Result<Response, ClientError> {
        let state = match (state, to) {
            (Some(state), _) => state,
            (None, To::Circuit(_)) => self.upload_state(&local.id).await?,
            (None, To::Witness(token)) => self.witness_state(token).await?,
        };
        let request = match to {
            To::Circuit(path) => self.request(Method::PUT, path),
            To::Witness(token) => self
                .witness_request(Method::PUT, local)
                .header(UPLOAD_TOKEN, hidden(&token.secret())),
        };
        self.0.send(piece(request, local, state).await?).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.0
            .request(method, path)
            .timeout(UPLOAD_TIMEOUT)
            .header(CONTENT_TYPE, "application/octet-stream")
    }

    fn witness_request(&self, method: Method, local: &Local) -> RequestBuilder {
        let sha256 = hidden(&local.id.to_string());
        self.request(method, "/v1/witnesses").header(UPLOAD_SHA256, sha256)
    }
}

/// Where a file goes.
enum To {
    /// A path that says SHA-256 of the file.
    Circuit(String),
    /// An upload that was begun.
    Witness(UploadToken),
}

/// A request with the next piece of a file, or with none if the appliance has all of it.
async fn piece(
    request: RequestBuilder,
    local: &Local,
    state: UploadState,
) -> Result<RequestBuilder, ClientError> {
    let total = local.length;
    Ok(if state.complete || total == 0 {
        request.body(Vec::new())
    } else if state.received >= total {
        request.header(CONTENT_RANGE, format!("bytes */{total}")).body(Vec::new())
    } else {
        let (from, until) = (state.received, total.min(state.received + PIECE_BYTES));
        let range = format!("bytes {from}-{}/{total}", until - 1);
        request.header(CONTENT_RANGE, range).body(local.piece(from, until).await?)
    })
}

/// A header's value that no `Debug` of a request shows.
fn hidden(text: &str) -> HeaderValue {
    let mut value = HeaderValue::from_str(text).expect("hexadecimal digits are a header's");
    value.set_sensitive(true);
    value
}

/// Whether asking for the state of an upload and going on may help.
fn may_go_on(error: &ClientError) -> bool {
    match error {
        ClientError::Transport { .. } => true,
        _ => ["wrong-digest", "wrong-offset", "body-timeout", "busy"]
            .iter()
            .any(|kind| is(error, kind)),
    }
}

fn is(error: &ClientError, kind: &str) -> bool {
    matches!(error, ClientError::Problem(problem) if problem.is(kind))
}

/// A file on this side.
struct Local {
    path: PathBuf,
    length: u64,
    id: Digest,
}

impl Local {
    async fn open(path: &Path) -> Result<Self, ClientError> {
        let path = path.to_owned();
        let reading = path.clone();
        let (length, id) = reads(path.clone(), move || {
            let mut file = File::open(reading)?;
            Ok((file.metadata()?.len(), Digest::of_reader(&mut file)?))
        })
        .await?;
        Ok(Self { path, length, id })
    }

    async fn piece(&self, from: u64, until: u64) -> Result<Vec<u8>, ClientError> {
        let path = self.path.clone();
        reads(path.clone(), move || {
            let mut file = File::open(path)?;
            file.seek(SeekFrom::Start(from))?;
            let (mut bytes, length) = (Vec::new(), until - from);
            file.take(length).read_to_end(&mut bytes)?;
            if bytes.len() as u64 == length { Ok(bytes) } else { Err(shrunk()) }
        })
        .await
    }
}

/// Reads files where that keeps nobody waiting.
async fn reads<T: Send + 'static>(
    path: PathBuf,
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, ClientError> {
    let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other);
    read.flatten().map_err(|source| ClientError::File { path, source })
}

fn shrunk() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter while it was sent")
}

fn circuit_path(name: &Name) -> String {
    format!("/v1/circuits/{name}")
}
