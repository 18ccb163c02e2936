//! A device's readings of one epoch: encrypted, committed, signed.
//!
//! The vector's words are ciphertext, so a gateway or an appliance that sees them learns nothing
//! from them. The blinders travel with the words because the appliance must open the sum; whoever
//! sees only the commitment (the cloud, an auditor) learns nothing about the words.

use pulseproof_kernels::{Curve, G1Affine};
use pulseproof_prover::commitment::{Blinders, CommitmentKey};
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};
use pulseproof_prover::encryption::{PROOF_BYTES_MAX, Proof};
use rand::{CryptoRng, RngCore};

use crate::digest::Digest;
use crate::name::{NAME_BYTES_MAX, Name};
use crate::signing::{DeviceKey, DevicePublicKey, SIGNATURE_BYTES};

const MAGIC: [u8; 4] = *b"PPSU";
const BATCH_MAGIC: [u8; 4] = *b"PPSB";
const VERSION: u8 = 2;
/// What a sum of what is signed is proved to be.
const FORM: &[u8] = b"weighted sum modulo 2^64";

/// Most submissions in one batch.
pub const BATCH_MAX: usize = 1024;
/// Longest submission in bytes: a vector of 2^20 words, a proof and its envelope.
pub const SUBMISSION_BYTES_MAX: usize = (8 << 20) + PROOF_BYTES_MAX + 1024;

/// What a device signs, besides the commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// The device.
    pub device: Name,
    /// Counts the device's submissions; must grow with each.
    pub sequence: u64,
    /// What the words mean; the roster's.
    pub profile: Digest,
    /// The SRS that the commitment is made with.
    pub srs: Digest,
}

impl Label {
    /// The message a device signs: everything the commitment's meaning depends on, and what may be proved
    /// of it.
    pub fn message<C: Curve>(&self, commitment: &G1Affine<C>) -> Vec<u8> {
        let mut writer = Writer::default();
        writer.string(b"pulseproof submission v2").string(FORM).u8(C::ID.byte());
        self.write(&mut writer);
        writer.element(commitment);
        writer.finish()
    }

    fn write(&self, writer: &mut Writer) {
        writer.string(self.region.as_str().as_bytes()).u64(self.epoch);
        writer.string(self.device.as_str().as_bytes()).u64(self.sequence);
        writer.bytes(&self.profile.0).bytes(&self.srs.0);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            region: read_name(reader, "region")?,
            epoch: reader.u64("epoch")?,
            device: read_name(reader, "device")?,
            sequence: reader.u64("sequence")?,
            profile: Digest(reader.array("profile")?),
            srs: Digest(reader.array("srs")?),
        })
    }
}

pub(crate) fn read_name(reader: &mut Reader<'_>, field: &'static str) -> Result<Name, DecodeError> {
    let text = reader.text(NAME_BYTES_MAX, field)?;
    text.parse().map_err(|e| DecodeError::Invalid { field, reason: format!("{e}") })
}

/// A proof, or that there is none: an empty string.
pub(crate) fn write_proof<C: Curve>(writer: &mut Writer, proof: Option<&Proof<C>>) {
    writer.string(&proof.map(Proof::to_bytes).unwrap_or_default());
}

pub(crate) fn read_proof<C: Curve>(
    reader: &mut Reader<'_>,
) -> Result<Option<Proof<C>>, DecodeError> {
    match reader.string(PROOF_BYTES_MAX, "proof")? {
        [] => Ok(None),
        bytes => Proof::from_bytes(bytes).map(Some),
    }
}

/// A submission.
#[derive(Debug)]
pub struct Submission<C: Curve> {
    /// Where it belongs.
    pub label: Label,
    /// The commitment to the words.
    pub commitment: G1Affine<C>,
    /// The device's signature on label and commitment.
    pub signature: [u8; SIGNATURE_BYTES],
    /// The vector: ciphertext words.
    pub words: Vec<u64>,
    /// What opens the commitment.
    pub blinders: Blinders<C>,
    /// That the words are a well-formed encryption, bound to what is signed; see
    /// [`profile`](crate::profile).
    pub proof: Option<Proof<C>>,
}

impl<C: Curve> Submission<C> {
    /// Commits to the words and signs the commitment; there is no proof yet.
    ///
    /// # Panics
    /// If there are more words than the key commits to.
    pub fn seal(
        label: Label,
        words: Vec<u64>,
        commitment_key: &CommitmentKey<C>,
        device_key: &DeviceKey,
        rng: &mut (impl RngCore + CryptoRng),
    ) -> Self {
        let blinders = Blinders::random(rng);
        let commitment = commitment_key.commit(&words, &blinders);
        let signature = device_key.sign(&label.message::<C>(&commitment));
        Self { label, commitment, signature, words, blinders, proof: None }
    }

    /// Whether the device whose key this is signed this label and commitment. Says nothing about
    /// the words: that the commitment opens is checked in batches, by
    /// [`find_culprits`](pulseproof_prover::commitment::find_culprits).
    pub fn is_signed_by(&self, key: &DevicePublicKey) -> bool {
        key.verifies(&self.label.message::<C>(&self.commitment), &self.signature)
    }

    /// The binary form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        writer.u8(C::ID.byte());
        self.label.write(&mut writer);
        writer.element(&self.commitment).bytes(&self.signature).words(&self.words);
        self.blinders.write(&mut writer);
        write_proof(&mut writer, self.proof.as_ref());
        writer.finish()
    }

    /// Reads what [`Self::to_bytes`] wrote; at most `words_max` words.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8], words_max: usize) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "submission")?;
        reader.curve::<C>()?;
        let submission = Self {
            label: Label::read(&mut reader)?,
            commitment: reader.g1::<C>("commitment")?,
            signature: reader.array("signature")?,
            words: reader.words(words_max, "words")?,
            blinders: Blinders::read(&mut reader)?,
            proof: read_proof(&mut reader)?,
        };
        reader.finish()?;
        Ok(submission)
    }
}

/// Packs submissions, as bytes, into one body. A gateway need not understand what it forwards.
pub fn batch_to_bytes<B: AsRef<[u8]>>(submissions: &[B]) -> Vec<u8> {
    let mut writer = Writer::with_header(BATCH_MAGIC, VERSION);
    writer.length(submissions.len());
    for submission in submissions {
        writer.string(submission.as_ref());
    }
    writer.finish()
}

/// Unpacks a body into the bytes of its submissions, without reading them.
///
/// # Errors
/// The body is no batch, or over a limit.
pub fn batch_from_bytes(bytes: &[u8]) -> Result<Vec<&[u8]>, DecodeError> {
    let mut reader = Reader::with_header(bytes, BATCH_MAGIC, VERSION, "submission batch")?;
    let count = reader.length(BATCH_MAX, "batch")?;
    let submissions = (0..count)
        .map(|_| reader.string(SUBMISSION_BYTES_MAX, "submission"))
        .collect::<Result<_, _>>()?;
    reader.finish()?;
    Ok(submissions)
}
