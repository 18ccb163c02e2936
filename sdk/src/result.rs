//! A region's proved sum, as an appliance publishes it.
//!
//! Everything a verifier needs travels with it, except what a verifier must already trust: the
//! region's [`Roster`], the keys of its appliances and the SRS's verifying key.

use std::collections::BTreeSet;

use pulseproof_kernels::{Curve, G1Affine};
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_prover::encryption;
use pulseproof_prover::srs::{LOG_SIZE_MAX, VerifyingKey};
use pulseproof_prover::wsa::Statement;
use pulseproof_prover::wsa::modular::{Proof, VerifyError, verify};
use rayon::prelude::*;

use crate::digest::Digest;
use crate::identity::{ApplianceKey, AppliancePublicKey, Signed};
use crate::name::Name;
use crate::profile::{ProfileVerifier, ProofClaim};
use crate::roster::{DEVICES_MAX, Roster};
use crate::signing::SIGNATURE_BYTES;
use crate::submission::{Label, read_name, read_proof, write_proof};

const MAGIC: [u8; 4] = *b"PPRS";
const VERSION: u8 = 2;
/// Most bytes of a result that services read.
pub const RESULT_BYTES_MAX: usize = 16 << 20;

/// One device's part in a sum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution<C: Curve> {
    /// The device.
    pub device: Name,
    /// Its submission's sequence number.
    pub sequence: u64,
    /// Its weight.
    pub weight: u64,
    /// Its commitment.
    pub commitment: G1Affine<C>,
    /// Its signature on them.
    pub signature: [u8; SIGNATURE_BYTES],
    /// Its proof that what it committed to is a well-formed encryption, if its profile asks for one.
    pub proof: Option<encryption::Proof<C>>,
}

/// What is claimed, without the claim's proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<C: Curve> {
    /// The SRS it is proved with.
    pub srs: Digest,
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// Hash of the region's roster.
    pub roster: Digest,
    /// What the words mean.
    pub profile: Digest,
    /// Who is in the sum, ordered by name.
    pub contributions: Vec<Contribution<C>>,
    /// Who of the roster is not, ordered by name.
    pub missing: Vec<Name>,
}

/// A region's sum for one epoch, with its proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvedResult<C: Curve> {
    /// What is claimed.
    pub claim: Claim<C>,
    /// Σ w_i·v_i modulo 2^64: a ciphertext.
    pub aggregate: Vec<u64>,
    /// The proof.
    pub proof: Proof<C>,
    /// The signature of the appliance that summed, so that nobody else publishes a sum before it does.
    pub signature: [u8; SIGNATURE_BYTES],
}

/// Why a result is not accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResultError {
    /// Proved with another SRS than the one trusted.
    #[error("srs: the result was proved with {got}, trusted is {trusted}")]
    WrongSrs {
        /// The result's.
        got: Digest,
        /// The verifier's.
        trusted: Digest,
    },
    /// Another region, another roster, or other words than the roster's.
    #[error("{field}: the result's is {got}, the trusted roster's is {trusted}")]
    WrongRoster {
        /// What differs.
        field: &'static str,
        /// The result's.
        got: String,
        /// The roster's.
        trusted: String,
    },
    /// A device that the roster lacks, or that is listed twice or out of order.
    #[error("{field}: {device} is listed twice, out of order, or not in the roster")]
    DeviceList {
        /// `contributions` or `missing`.
        field: &'static str,
        /// The device.
        device: Name,
    },
    /// A device of the roster that is neither summed nor listed as missing.
    #[error("missing: {0} is in the roster, but neither summed nor listed as missing")]
    Unaccounted(Name),
    /// A commitment that its device did not sign.
    #[error("contributions: the signature of {0} does not verify")]
    Signature(Name),
    /// A commitment that is not shown to be to an encryption of readings, as the profile asks, or one whose
    /// profile asks for no proof.
    #[error("contributions: the proof of {0} is missing, superfluous or wrong")]
    Encryption(Name),
    /// Published by nobody who is trusted to.
    #[error("signature: not that of an appliance that is trusted for {0}")]
    Untrusted(Name),
    /// The proof or the statement.
    #[error(transparent)]
    Proof(#[from] VerifyError),
}

impl<C: Curve> Claim<C> {
    /// The proof's context: everything claimed that the statement does not carry itself.
    pub fn context(&self) -> Digest {
        let mut writer = Writer::default();
        self.write(&mut writer);
        Digest::of("pulseproof aggregate v1", &writer.finish())
    }

    /// The label that a contribution's device signed.
    pub fn label(&self, contribution: &Contribution<C>) -> Label {
        Label {
            region: self.region.clone(),
            epoch: self.epoch,
            device: contribution.device.clone(),
            sequence: contribution.sequence,
            profile: self.profile,
            srs: self.srs,
        }
    }

    /// Σ w_i, or `None` on overflow.
    pub fn total_weight(&self) -> Option<u64> {
        self.contributions.iter().try_fold(0u64, |total, c| total.checked_add(c.weight))
    }

    fn write(&self, writer: &mut Writer) {
        writer.bytes(&self.srs.0).string(self.region.as_str().as_bytes()).u64(self.epoch);
        writer.bytes(&self.roster.0).bytes(&self.profile.0).length(self.contributions.len());
        for contribution in &self.contributions {
            writer.string(contribution.device.as_str().as_bytes());
            writer.u64(contribution.sequence).u64(contribution.weight);
            writer.element(&contribution.commitment).bytes(&contribution.signature);
            write_proof(writer, contribution.proof.as_ref());
        }
        writer.length(self.missing.len());
        for device in &self.missing {
            writer.string(device.as_str().as_bytes());
        }
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let srs = Digest(reader.array("srs")?);
        let region = read_name(reader, "region")?;
        let epoch = reader.u64("epoch")?;
        let roster = Digest(reader.array("roster")?);
        let profile = Digest(reader.array("profile")?);
        let contributions = (0..reader.length(DEVICES_MAX, "contributions")?)
            .map(|_| {
                Ok(Contribution {
                    device: read_name(reader, "device")?,
                    sequence: reader.u64("sequence")?,
                    weight: reader.u64("weight")?,
                    commitment: reader.g1::<C>("commitment")?,
                    signature: reader.array("signature")?,
                    proof: read_proof(reader)?,
                })
            })
            .collect::<Result<_, DecodeError>>()?;
        let missing = (0..reader.length(DEVICES_MAX, "missing")?)
            .map(|_| read_name(reader, "missing device"))
            .collect::<Result<_, _>>()?;
        Ok(Self { srs, region, epoch, roster, profile, contributions, missing })
    }

    /// Everyone of the roster is summed or missing, once, and nobody else is.
    fn check_devices(&self, roster: &Roster) -> Result<(), ResultError> {
        let summed = self.contributions.iter().map(|c| &c.device);
        let mut accounted = BTreeSet::new();
        for (field, devices) in [
            ("contributions", summed.collect::<Vec<_>>()),
            ("missing", self.missing.iter().collect()),
        ] {
            let mut previous = None;
            for device in devices {
                let in_order = previous.is_none_or(|previous| previous < device);
                let known = roster.devices.contains_key(device);
                if !in_order || !known || !accounted.insert(device) {
                    return Err(ResultError::DeviceList { field, device: device.clone() });
                }
                previous = Some(device);
            }
        }
        match roster.devices.keys().find(|device| !accounted.contains(device)) {
            Some(device) => Err(ResultError::Unaccounted(device.clone())),
            None => Ok(()),
        }
    }

    fn check_signatures(&self, roster: &Roster) -> Result<(), ResultError> {
        let forged = self.contributions.par_iter().find_first(|contribution| {
            let message = self.label(contribution).message::<C>(&contribution.commitment);
            let key = &roster.devices[&contribution.device];
            !key.verifies(&message, &contribution.signature)
        });
        match forged {
            Some(contribution) => Err(ResultError::Signature(contribution.device.clone())),
            None => Ok(()),
        }
    }

    fn check_encryptions(
        &self,
        key: &VerifyingKey<C>,
        lists: &ProfileVerifier<C>,
    ) -> Result<(), ResultError> {
        let claimed: Vec<_> = (self.contributions.iter())
            .map(|contribution| ProofClaim {
                commitment: contribution.commitment,
                message: self.label(contribution).message::<C>(&contribution.commitment),
                proof: contribution.proof.as_ref(),
            })
            .collect();
        match lists.find_false(key, &claimed, 1).found.first() {
            Some(&wrong) => Err(ResultError::Encryption(self.contributions[wrong].device.clone())),
            None => Ok(()),
        }
    }
}

impl<C: Curve> ProvedResult<C> {
    /// A result, signed by the appliance that proved it.
    pub fn signed(
        claim: Claim<C>,
        aggregate: Vec<u64>,
        proof: Proof<C>,
        key: &ApplianceKey,
    ) -> Self {
        let mut result = Self { claim, aggregate, proof, signature: [0; SIGNATURE_BYTES] };
        result.signature = key.sign(Signed::Result, &result.digest());
        result
    }

    /// The hash of all but the signature: the context, which binds the claim, the sum and the proof.
    pub fn digest(&self) -> Digest {
        let mut writer = Writer::default();
        writer.u8(C::ID.byte()).bytes(&self.claim.context().0);
        writer.words(&self.aggregate).string(&self.proof.to_bytes());
        Digest::of("pulseproof result v2", &writer.finish())
    }

    /// The hash of what was summed and of the sum, whoever proved and published it: the same sum proved again
    /// has the same.
    pub fn sum_digest(&self) -> Digest {
        let mut bytes = self.claim.context().0.to_vec();
        bytes.extend(self.aggregate.iter().flat_map(|word| word.to_le_bytes()));
        Digest::of("medguard claim v1", &bytes)
    }

    /// Checks everything: roster, who published it, device list, signatures, the devices' proofs, the sum's.
    /// What passes is exactly the weighted sum of what these devices committed to and signed for this region
    /// and epoch, each of them an encryption of readings if the profile says so, and one of these appliances
    /// published it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify(
        &self,
        key: &VerifyingKey<C>,
        roster: &Roster,
        appliances: &[AppliancePublicKey],
        lists: &ProfileVerifier<C>,
    ) -> Result<(), ResultError> {
        self.check_appliance(appliances)?;
        self.verify_sum(key, roster, lists)
    }

    /// The same, whoever published it.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn verify_sum(
        &self,
        key: &VerifyingKey<C>,
        roster: &Roster,
        lists: &ProfileVerifier<C>,
    ) -> Result<(), ResultError> {
        let claim = &self.claim;
        let trusted = Digest(key.id());
        if claim.srs != trusted {
            return Err(ResultError::WrongSrs { got: claim.srs, trusted });
        }
        self.check_roster(roster, lists)?;
        claim.check_devices(roster)?;
        claim.check_signatures(roster)?;
        claim.check_encryptions(key, lists)?;
        verify(key, &self.statement(), &self.proof)?;
        Ok(())
    }

    /// What the proof is about.
    pub fn statement(&self) -> Statement<C, u64> {
        let contributions = &self.claim.contributions;
        Statement {
            commitments: contributions.iter().map(|c| c.commitment).collect(),
            weights: contributions.iter().map(|c| c.weight).collect(),
            aggregate: self.aggregate.clone(),
            context: self.claim.context().0.to_vec(),
        }
    }

    fn check_appliance(&self, appliances: &[AppliancePublicKey]) -> Result<(), ResultError> {
        let digest = self.digest();
        let signed =
            |key: &AppliancePublicKey| key.verifies(Signed::Result, &digest, &self.signature);
        if appliances.iter().any(signed) {
            return Ok(());
        }
        Err(ResultError::Untrusted(self.claim.region.clone()))
    }

    fn check_roster(&self, roster: &Roster, lists: &ProfileVerifier<C>) -> Result<(), ResultError> {
        let claim = &self.claim;
        for (field, got, trusted) in [
            ("region", claim.region.to_string(), roster.region.to_string()),
            ("profile", claim.profile.to_string(), roster.profile.to_string()),
            ("profile", claim.profile.to_string(), lists.digest().to_string()),
            ("words", self.aggregate.len().to_string(), roster.words.to_string()),
            ("roster", claim.roster.to_string(), roster.digest().to_string()),
        ] {
            if got != trusted {
                return Err(ResultError::WrongRoster { field, got, trusted });
            }
        }
        Ok(())
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        writer.u8(C::ID.byte());
        self.claim.write(&mut writer);
        writer.words(&self.aggregate).string(&self.proof.to_bytes()).bytes(&self.signature);
        writer.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "proved result")?;
        reader.curve::<C>()?;
        let claim = Claim::read(&mut reader)?;
        let aggregate = reader.words(1 << LOG_SIZE_MAX, "aggregate")?;
        let proof = Proof::from_bytes(reader.string(4096, "proof")?)?;
        let signature = reader.array("signature")?;
        reader.finish()?;
        Ok(Self { claim, aggregate, proof, signature })
    }
}
