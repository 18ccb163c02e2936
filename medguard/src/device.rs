//! A wearable: encrypts, commits, signs, and checks afterwards that it was counted.

use std::sync::Arc;

use pulseproof_fhe::{Encrypt, EncryptError, Layout, PublicKey};
use pulseproof_kernels::Curve;
use pulseproof_prover::commitment::CommitmentKey;
use pulseproof_sdk::signing::{DeviceKey, DevicePublicKey};
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Name, ProvedResult, Submission};
use rand::rngs::OsRng;

/// What all devices share: how readings are packed, encrypted and committed to.
pub struct Profile<C: Curve> {
    /// The packing.
    pub layout: Layout,
    /// The authority's encryption key.
    pub public_key: PublicKey,
    /// The commitment key.
    pub commitment_key: CommitmentKey<C>,
}

impl<C: Curve> Profile<C> {
    /// Identifies what a word means: the packing and the key it is encrypted under.
    pub fn digest(&self) -> Digest {
        profile_digest(&self.layout, self.public_key.fingerprint())
    }
}

/// See [`Profile::digest`].
pub fn profile_digest(layout: &Layout, key_fingerprint: [u8; 32]) -> Digest {
    Digest::of("medguard profile v1", &[layout.id(), key_fingerprint].concat())
}

/// A device.
pub struct Device<C: Curve> {
    region: Name,
    name: Name,
    key: DeviceKey,
    sequence: u64,
    profile: Arc<Profile<C>>,
}

/// What a device keeps of a submission, to audit the result with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt<C: Curve> {
    label: Label,
    commitment: C::G1Affine,
}

/// A device was not counted, or not as it submitted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// Submitted, yet listed as missing.
    #[error("{device} submitted its readings of epoch {epoch}, and the result lists it as missing")]
    LeftOut {
        /// The device.
        device: Name,
        /// The epoch.
        epoch: u64,
    },
    /// Counted with another submission.
    #[error("{device} was counted in epoch {epoch} with a submission it did not make for it")]
    Exchanged {
        /// The device.
        device: Name,
        /// The epoch.
        epoch: u64,
    },
}

impl<C: Curve> Device<C> {
    /// A device with a fresh key.
    pub fn new(region: Name, name: Name, profile: Arc<Profile<C>>) -> Self {
        Self { region, name, key: DeviceKey::generate(&mut OsRng), sequence: 0, profile }
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The key its region's roster lists.
    pub fn public_key(&self) -> DevicePublicKey {
        self.key.public()
    }

    /// Encrypts, commits and signs one epoch's raw readings.
    ///
    /// # Errors
    /// A reading that the layout has no place for.
    pub fn submit(
        &mut self,
        epoch: u64,
        readings: &[i64],
    ) -> Result<(Submission<C>, Receipt<C>), EncryptError> {
        let profile = &self.profile;
        let words = profile.public_key.encrypt(&profile.layout, readings)?;
        self.sequence += 1;
        let label = Label {
            region: self.region.clone(),
            epoch,
            device: self.name.clone(),
            sequence: self.sequence,
            profile: profile.digest(),
            srs: Digest(profile.commitment_key.srs_id()),
        };
        let submission =
            Submission::seal(label, words, &profile.commitment_key, &self.key, &mut OsRng);
        let receipt =
            Receipt { label: submission.label.clone(), commitment: submission.commitment };
        Ok((submission, receipt))
    }
}

impl<C: Curve> Receipt<C> {
    /// Checks that a published result counts this submission. The result must have been verified.
    ///
    /// # Errors
    /// It does not: the receipt and the device's signature are the evidence.
    pub fn audit(&self, result: &ProvedResult<C>) -> Result<(), AuditError> {
        let (device, epoch) = (self.label.device.clone(), self.label.epoch);
        let counted = result.claim.contributions.iter().find(|c| c.device == device);
        let Some(counted) = counted else {
            return Err(AuditError::LeftOut { device, epoch });
        };
        let same =
            result.claim.label(counted) == self.label && counted.commitment == self.commitment;
        if same { Ok(()) } else { Err(AuditError::Exchanged { device, epoch }) }
    }
}
