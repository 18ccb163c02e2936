//! A wearable: encrypts, commits, signs, proves that it encrypted readings, and checks afterwards that it was
//! counted.

use std::sync::Arc;

use pulseproof_fhe::{Encrypt, EncryptError, EncryptionWitness, Layout, PublicKey};
use pulseproof_kernels::Curve;
use pulseproof_kernels::cpu::Cpu;
use pulseproof_prover::commitment::{CommitmentKey, Opening};
use pulseproof_prover::encryption::{NotProvable, Proof, ProveError, Secrets, prove};
use pulseproof_prover::engine::prove::ProvingKey;
use pulseproof_prover::srs::Srs;
use pulseproof_sdk::profile::{ProfileVerifier, meaning};
use pulseproof_sdk::signing::{DeviceKey, DevicePublicKey};
use pulseproof_sdk::submission::Label;
use pulseproof_sdk::{Digest, Name, ProvedResult, Submission};
use rand::rngs::OsRng;

/// What all devices share: how readings are packed, encrypted, committed to and proved.
pub struct Profile<C: Curve> {
    /// The packing.
    pub layout: Layout,
    /// The authority's encryption key.
    pub public_key: PublicKey,
    /// The commitment key.
    pub commitment_key: CommitmentKey<C>,
    /// What submissions are checked with.
    pub lists: Arc<ProfileVerifier<C>>,
    /// What devices prove with, if they do.
    prover: Option<ProvingKey<C>>,
}

/// Devices cannot be given this profile.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The layout is larger than what can be proved.
    #[error(transparent)]
    NotProvable(#[from] NotProvable),
    /// There is no room for the prover.
    #[error(transparent)]
    Kernel(#[from] pulseproof_kernels::Error),
}

impl<C: Curve> Profile<C> {
    /// A profile whose devices prove that they encrypt readings.
    ///
    /// # Errors
    /// The layout is too large for that.
    pub fn proved(
        layout: Layout,
        public_key: PublicKey,
        srs: Arc<Srs<C>>,
    ) -> Result<Self, ProfileError> {
        let (packing, key) = (Box::new(layout.clone()), Box::new(public_key.clone()));
        let described = pulseproof_sdk::Profile::Proved { layout: packing, key };
        let lists = Arc::new(ProfileVerifier::new(&described)?);
        let commitment_key = CommitmentKey::new(&srs);
        let prover = Some(ProvingKey::new(Cpu::new(), srs)?);
        Ok(Self { layout, public_key, commitment_key, lists, prover })
    }

    /// A profile whose devices cannot prove anything. The authority decrypts nothing of theirs.
    ///
    /// # Errors
    /// Never: nothing is too large for what is not proved.
    pub fn unproved(
        layout: Layout,
        public_key: PublicKey,
        srs: &Srs<C>,
    ) -> Result<Self, ProfileError> {
        let described = pulseproof_sdk::Profile::Unproved {
            meaning: meaning(&layout, public_key.fingerprint()),
        };
        let (lists, commitment_key) =
            (Arc::new(ProfileVerifier::new(&described)?), CommitmentKey::new(srs));
        Ok(Self { layout, public_key, commitment_key, lists, prover: None })
    }

    /// What an appliance is told.
    pub fn described(&self) -> pulseproof_sdk::Profile {
        let (layout, key) = (self.layout.clone(), self.public_key.clone());
        match self.prover {
            None => {
                pulseproof_sdk::Profile::Unproved { meaning: meaning(&layout, key.fingerprint()) }
            }
            Some(_) => {
                pulseproof_sdk::Profile::Proved { layout: Box::new(layout), key: Box::new(key) }
            }
        }
    }

    /// Identifies what a word means, and whether that is proved.
    pub fn digest(&self) -> Digest {
        self.lists.digest()
    }

    /// The proof that a submission's words encrypt these readings, if devices prove; none of other words.
    ///
    /// # Errors
    /// The words are not what the witness makes of these readings.
    pub fn prove(
        &self,
        submission: &Submission<C>,
        encryption: &EncryptionWitness,
        readings: &[i64],
    ) -> Result<Option<Proof<C>>, SubmitError> {
        let (Some(prover), Some(scheme)) = (&self.prover, self.lists.scheme()) else {
            return Ok(None);
        };
        let Submission { label, commitment, words, blinders, .. } = submission;
        let opening = Opening { commitment: *commitment, words, blinders };
        let slots = self.layout.quantities(readings)?;
        let secrets = Secrets { encryption, slots: &slots };
        let context = label.message::<C>(commitment);
        Ok(Some(prove(prover, scheme, &opening, &secrets, &context, &mut OsRng)?))
    }
}

/// A device has nothing to submit.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// A reading that the layout has no place for.
    #[error(transparent)]
    Encrypt(#[from] EncryptError),
    /// Its prover failed.
    #[error(transparent)]
    Prove(#[from] ProveError),
}

/// A device.
pub struct Device<C: Curve> {
    region: Name,
    name: Name,
    key: DeviceKey,
    /// The number of its next submission.
    next: u64,
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
    /// A device with a key that is its own alone, and that has signed nothing yet.
    pub fn new(region: Name, name: Name, key: DeviceKey, profile: Arc<Profile<C>>) -> Self {
        Self { region, name, key, next: 1, profile }
    }

    /// The same device, whose next submission has this number: above those of all that it has signed.
    #[must_use]
    pub fn numbered_from(self, next: u64) -> Self {
        Self { next, ..self }
    }

    /// Its name.
    pub fn name(&self) -> &Name {
        &self.name
    }

    /// The key its region's roster lists.
    pub fn public_key(&self) -> DevicePublicKey {
        self.key.public()
    }

    /// Encrypts, commits, signs and proves one epoch's raw readings.
    ///
    /// # Errors
    /// A reading that the layout has no place for, or the prover failed.
    pub fn submit(
        &mut self,
        epoch: u64,
        readings: &[i64],
    ) -> Result<(Submission<C>, Receipt<C>), SubmitError> {
        let profile = &self.profile;
        let (words, encryption) =
            profile.public_key.encrypt_with_witness(&profile.layout, readings)?;
        let profile = Arc::clone(profile);
        let mut submission = self.seal(epoch, words);
        submission.proof = profile.prove(&submission, &encryption, readings)?;
        let receipt =
            Receipt { label: submission.label.clone(), commitment: submission.commitment };
        Ok((submission, receipt))
    }

    /// Commits to words, whatever they are, and signs the commitment.
    fn seal(&mut self, epoch: u64, words: Vec<u64>) -> Submission<C> {
        let sequence = self.next;
        self.next = self.next.saturating_add(1);
        let (profile, key) = (&self.profile, &self.key);
        let label = Label {
            region: self.region.clone(),
            epoch,
            device: self.name.clone(),
            sequence,
            profile: profile.digest(),
            srs: Digest(profile.commitment_key.srs_id()),
        };
        Submission::seal(label, words, &profile.commitment_key, key, &mut OsRng)
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
