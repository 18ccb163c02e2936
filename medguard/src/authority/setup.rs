//! What an authority is made of, and what must fit together before it starts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use pulseproof_fhe::batcher::{Batcher, Limits};
use pulseproof_fhe::bootstrap::engines::Engines;
use pulseproof_fhe::{Layout, PublicKey, SecretKey};
use pulseproof_kernels::Curve;
use pulseproof_sdk::profile::meaning;
use pulseproof_sdk::{Digest, Name, Problem, Profile, Roster};
use pulseproof_service::Gate;
use pulseproof_service::blocking;

use super::{Answering, Authority, Policy, Programs};
use crate::bodies::bodies;
use crate::trust::TrustAnchors;
use crate::vault::{Vault, VaultError};

/// What an authority is made of.
pub struct Setup<C: Curve> {
    /// The key that decrypts everything.
    pub secret_key: SecretKey,
    /// The key that devices encrypt with.
    pub public_key: PublicKey,
    /// The packing of readings.
    pub layout: Layout,
    /// What it trusts.
    pub trust: TrustAnchors<C>,
    /// What it insists on.
    pub policy: Policy,
    /// What computes programs; without it no question is answered.
    pub engines: Option<Arc<dyn Engines>>,
    /// The folder of what it must not forget; made if it is missing. One authority at a time may use it.
    pub vault: PathBuf,
}

/// Why an authority did not start.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The keys are not a pair.
    #[error("the secret key does not decrypt what the public key encrypts")]
    KeyPair,
    /// A region whose vectors mean something else here.
    #[error("{region}: {field} of its roster is {found}, this authority's is {expected}")]
    Roster {
        /// The region.
        region: Name,
        /// `region`, `words` or `profile`.
        field: &'static str,
        /// The roster's.
        found: String,
        /// The authority's.
        expected: String,
    },
    /// A region whose devices' words cannot be checked here.
    #[error("{region}: its profile is missing from what is trusted")]
    Profile {
        /// The region.
        region: Name,
    },
    /// One device under two names.
    #[error("{region}: {first} and {second} have the same key")]
    RepeatedKey {
        /// The region.
        region: Name,
        /// A device.
        first: Name,
        /// Another one.
        second: Name,
    },
    /// A quorum that one appliance could reach, or nobody.
    #[error("quorum: from 2 to all of at most 16 appliances, each listed once")]
    Quorum,
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// What computes programs.
    #[error("programs: {0}")]
    Programs(String),
}

impl<C: Curve> Authority<C> {
    /// Checks that everything fits together, opens the vault, enrols the rosters and makes the engine.
    ///
    /// # Errors
    /// What does not fit, naming the region, or what failed.
    pub async fn open(setup: Setup<C>) -> Result<Self, AuthorityError> {
        let Setup { secret_key, public_key, layout, trust, policy, engines, vault } = setup;
        if !secret_key.opens(&public_key) {
            return Err(AuthorityError::KeyPair);
        }
        if matches!(&policy.answering, Answering::Quorum(quorum) if !quorum.is_sound()) {
            return Err(AuthorityError::Quorum);
        }
        let described =
            Profile::Proved { layout: Box::new(layout.clone()), key: Box::new(public_key.clone()) };
        let proved = described.digest();
        for (region, roster) in &trust.rosters {
            check(region, roster, (&layout, &public_key), proved)?;
            trust.lists(roster).map_err(|_| AuthorityError::Profile { region: region.clone() })?;
        }
        let vault = Vault::open(&vault, Digest(public_key.fingerprint())).await?;
        vault.enrol(trust.rosters.values()).await?;
        let programs = match engines {
            Some(engines) => Some(Programs::open(&vault, &secret_key, engines).await?),
            None => None,
        };
        let gate = Gate::new(policy.at_work_max, policy.waiting_max, crowded(policy.waiting_max));
        let hearings = Gate::new(1, policy.at_work_max, crowded(policy.at_work_max));
        Ok(Self {
            secret_key,
            public_key,
            layout,
            trust,
            policy,
            vault,
            programs,
            bodies: bodies(),
            gate,
            hearings,
        })
    }
}

impl Programs {
    async fn open(
        vault: &Vault,
        secret: &SecretKey,
        engines: Arc<dyn Engines>,
    ) -> Result<Self, AuthorityError> {
        let key = vault.evaluation_key(secret).await?;
        let evaluation_key = Digest(key.id());
        let evaluation_key_bytes = key.to_bytes().into();
        let limits = Limits { sessions_max: usize::MAX, ..Limits::default() };
        let batcher = blocking(move || {
            let engine = engines.exact(&key).map_err(super::internal)?;
            Batcher::start(engine, limits, |_| ()).map_err(super::internal)
        });
        let batcher = batcher.await.map_err(|error| AuthorityError::Programs(error.detail))?;
        Ok(Self { evaluation_key, evaluation_key_bytes, batcher })
    }
}

/// What the roster's devices sign means here what it means to them, and each of them is listed once.
fn check(
    region: &Name,
    roster: &Roster,
    (layout, public_key): (&Layout, &PublicKey),
    proved: Digest,
) -> Result<(), AuthorityError> {
    let meaning = meaning(layout, public_key.fingerprint());
    let unproved = Profile::Unproved { meaning }.digest();
    // What is not proved is another profile; nothing of it is decrypted, but it is no mistake.
    let profile = if roster.profile == unproved { unproved } else { proved };
    for (field, found, expected) in [
        ("region", roster.region.to_string(), region.to_string()),
        ("words", roster.words.to_string(), layout.words().to_string()),
        ("profile", roster.profile.to_string(), profile.to_string()),
    ] {
        if found != expected {
            return Err(AuthorityError::Roster { region: region.clone(), field, found, expected });
        }
    }
    let mut names = BTreeMap::new();
    for (name, key) in &roster.devices {
        if let Some(first) = names.insert(key.to_bytes(), name) {
            let (first, second) = (first.clone(), name.clone());
            return Err(AuthorityError::RepeatedKey { region: region.clone(), first, second });
        }
    }
    Ok(())
}

/// What is answered when so many questions wait.
fn crowded(waiting: usize) -> Problem {
    let detail = "too many questions are waiting; ask this one again";
    Problem::new(429, "too-many-questions", detail).limit(waiting as u64)
}
