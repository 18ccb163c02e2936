//! What the lookups of a program gave, under the root that its outputs name.

use pulseproof_fhe::Ciphertext;
use reqwest::{Method, StatusCode};

use super::{ApplianceClient, ClientError};
use crate::api::LookupNode;
use crate::digest::Digest;

/// Most bytes of a node's JSON.
const NODE_BYTES_MAX: usize = 1024;

impl ApplianceClient {
    /// A node of the [tree](crate::merkle) over what a program's lookups gave, if the appliance has it. An
    /// answer that is no node is none.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn lookup_node(
        &self,
        root: &Digest,
        height: usize,
        index: usize,
    ) -> Result<Option<Digest>, ClientError> {
        let path = format!("/v1/lookups/{root}/nodes/{height}/{index}");
        let request = self.0.request(Method::GET, &path);
        let bytes = if_there(self.0.bytes_within(request, NODE_BYTES_MAX).await)?;
        let node = |bytes: Vec<u8>| serde_json::from_slice::<LookupNode>(&bytes).ok();
        Ok(bytes.and_then(node).map(|found| found.node))
    }

    /// What one of a program's lookups gave, if the appliance has it. Words that are no ciphertext are
    /// nothing.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn lookup_result(
        &self,
        root: &Digest,
        lookup: usize,
    ) -> Result<Option<Ciphertext>, ClientError> {
        let path = format!("/v1/lookups/{root}/results/{lookup}");
        let request = self.0.request(Method::GET, &path);
        let bytes = if_there(self.0.bytes_within(request, 8 * Ciphertext::WORDS).await)?;
        Ok(bytes.and_then(|bytes| {
            let (words, rest) = bytes.as_chunks();
            let words = words.iter().map(|&word| u64::from_le_bytes(word)).collect();
            rest.is_empty().then(|| Ciphertext::from_words(words)).flatten()
        }))
    }
}

fn if_there<T>(answer: Result<T, ClientError>) -> Result<Option<T>, ClientError> {
    match answer {
        Ok(found) => Ok(Some(found)),
        Err(ClientError::Problem(problem)) if problem.status == StatusCode::NOT_FOUND => Ok(None),
        Err(error) => Err(error),
    }
}
