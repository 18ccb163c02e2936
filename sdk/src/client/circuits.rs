//! Circuits and proofs over HTTP. Files go in pieces, so that a broken connection costs one of them.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::header::{CONTENT_RANGE, CONTENT_TYPE};
use reqwest::{Method, Response, StatusCode};
use serde::de::DeserializeOwned;

use super::{Appliance, ClientError, UPLOAD_TIMEOUT, failure, transport};
use crate::api::{Job, JobRequest};
use crate::digest::Digest;
use crate::groth16::{CircuitInfo, CircuitList, Groth16Proof, Groth16Request, UploadState};
use crate::name::Name;

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
}

impl Appliance {
    /// Hands in a circuit's key, a `.zkey` file, or goes on where an earlier call was cut off.
    ///
    /// # Errors
    /// See [`ClientError`]; so for all calls below.
    pub async fn put_circuit(&self, name: &Name, zkey: &Path) -> Result<CircuitInfo, ClientError> {
        let local = Local::open(zkey).await?;
        let path = format!("{}?sha256={}", circuit_path(name), local.id);
        self.upload(&path, &local).await
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
        };
        let path = format!("{}/{part}?sha256={}", circuit_path(name), local.id);
        self.upload(&path, &local).await
    }

    /// Hands in a witness, a `.wtns` file, and returns what it is called: SHA-256 of its bytes.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn put_witness(&self, wtns: &Path) -> Result<Digest, ClientError> {
        let local = Local::open(wtns).await?;
        let path = format!("/v1/witnesses/{}", local.id);
        self.upload::<UploadState>(&path, &local).await?;
        Ok(local.id)
    }

    /// How much of a file the appliance has.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn upload_state(&self, id: &Digest) -> Result<UploadState, ClientError> {
        self.0.json(self.0.request(Method::GET, &format!("/v1/uploads/{id}"))).await
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

    /// Sends what the appliance lacks of a file, and returns its answer to the last piece.
    async fn upload<T: DeserializeOwned>(
        &self,
        path: &str,
        local: &Local,
    ) -> Result<T, ClientError> {
        let (mut failures, mut busy, mut state, mut anew) = (0, 0, None, false);
        loop {
            let error = match self.send_piece(path, local, state).await {
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
        path: &str,
        local: &Local,
        state: Option<UploadState>,
    ) -> Result<Response, ClientError> {
        let state = match state {
            Some(state) => state,
            None => self.upload_state(&local.id).await?,
        };
        let request = self.0.request(Method::PUT, path).timeout(UPLOAD_TIMEOUT);
        let request = request.header(CONTENT_TYPE, "application/octet-stream");
        let total = local.length;
        let request = if state.complete || total == 0 {
            request.body(Vec::new())
        } else if state.received >= total {
            request.header(CONTENT_RANGE, format!("bytes */{total}")).body(Vec::new())
        } else {
            let (from, until) = (state.received, total.min(state.received + PIECE_BYTES));
            let range = format!("bytes {from}-{}/{total}", until - 1);
            request.header(CONTENT_RANGE, range).body(local.piece(from, until).await?)
        };
        let response = request.send().await.map_err(transport)?;
        if response.status().is_success() { Ok(response) } else { Err(failure(response).await) }
    }
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
