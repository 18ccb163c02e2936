//! What a program computed: ciphertexts, and what they were computed from.
//!
//! Nothing proves that they are what the program says. The appliance signs what it claims: the digest of
//! everything but who bootstrapped. Bootstrapping is exact, so whoever computes the same program on the same
//! results under the same evaluation key has the same digest.

use pulseproof_fhe::Ciphertext;
use pulseproof_fhe::program::result::{EncryptedOutput, OutputShape};
use pulseproof_prover::encoding::{DecodeError, Reader, Writer};

use crate::digest::Digest;
use crate::fhe::{SUMS_MAX, WORDS_MAX};
use crate::identity::{ApplianceKey, AppliancePublicKey, Signed};
use crate::name::Name;
use crate::signing::SIGNATURE_BYTES;
use crate::submission::read_name;

const MAGIC: [u8; 4] = *b"PPFO";
const VERSION: u8 = 2;

/// Most outputs of a program.
pub const OUTPUTS_MAX: usize = 256;
/// Most digits of all outputs together: 16 MiB.
pub const DIGITS_MAX: usize = 1024;
/// Longest name of an output or an engine, in bytes.
const TEXT_BYTES_MAX: usize = 64;

/// A sum that a program was computed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SumUsed {
    /// The region.
    pub region: Name,
    /// The epoch.
    pub epoch: u64,
    /// What was summed, and the sum: [`sum_digest`](crate::ProvedResult::sum_digest).
    pub sum: Digest,
}

/// The result of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outputs {
    /// The evaluation key.
    pub key: Digest,
    /// Who bootstrapped.
    pub engine: String,
    /// The program; see [`program_digest`](crate::fhe::program_digest).
    pub program: Digest,
    /// The sums, as the program counts them.
    pub sums: Vec<SumUsed>,
    /// The encrypted words, as the program counts them; see [`word_digest`](crate::fhe::word_digest).
    pub words: Vec<Digest>,
    /// The outputs, in the program's order.
    pub outputs: Vec<EncryptedOutput>,
    /// The root of the [tree](crate::merkle) over what the lookups gave.
    pub lookups: Digest,
    /// The appliance's signature on [`Self::digest`].
    pub signature: [u8; SIGNATURE_BYTES],
}

impl Outputs {
    /// The hash of all but engine and signature.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut writer = Writer::default();
        self.write(&mut writer);
        Digest::of("pulseproof outputs v2", &writer.finish())
    }

    /// Signs what is there.
    #[must_use]
    pub fn signed(mut self, key: &ApplianceKey) -> Self {
        self.signature = key.sign(Signed::Outputs, &self.digest());
        self
    }

    /// Whether the appliance whose key this is signed them.
    #[must_use]
    pub fn is_signed_by(&self, key: &AppliancePublicKey) -> bool {
        key.verifies(Signed::Outputs, &self.digest(), &self.signature)
    }

    /// The binary form.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut writer = Writer::with_header(MAGIC, VERSION);
        writer.string(self.engine.as_bytes());
        self.write(&mut writer);
        writer.bytes(&self.signature);
        writer.finish()
    }

    fn write(&self, writer: &mut Writer) {
        writer.bytes(&self.key.0).bytes(&self.program.0);
        writer.length(self.sums.len());
        for sum in &self.sums {
            writer.string(sum.region.as_str().as_bytes()).u64(sum.epoch).bytes(&sum.sum.0);
        }
        writer.length(self.words.len());
        for word in &self.words {
            writer.bytes(&word.0);
        }
        writer.length(self.outputs.len());
        for EncryptedOutput { shape, digits } in &self.outputs {
            writer.string(shape.name.as_bytes()).u8(shape.is_bit.into()).length(digits.len());
            for word in digits.iter().flat_map(Ciphertext::words) {
                writer.u64(*word);
            }
        }
        writer.bytes(&self.lookups.0);
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// Any other bytes, with the field that is wrong.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::with_header(bytes, MAGIC, VERSION, "program outputs")?;
        let engine = reader.text(TEXT_BYTES_MAX, "engine")?.to_owned();
        let key = Digest(reader.array("key")?);
        let program = Digest(reader.array("program")?);
        let sums = reader.length(SUMS_MAX, "sums")?;
        let sums = (0..sums).map(|_| read_sum(&mut reader)).collect::<Result<_, _>>()?;
        let words = reader.length(WORDS_MAX, "words")?;
        let words =
            (0..words).map(|_| reader.array("word").map(Digest)).collect::<Result<_, _>>()?;
        let count = reader.length(OUTPUTS_MAX, "outputs")?;
        let mut left = DIGITS_MAX;
        let outputs =
            (0..count).map(|_| read_output(&mut reader, &mut left)).collect::<Result<_, _>>()?;
        let lookups = Digest(reader.array("lookups")?);
        let signature = reader.array("signature")?;
        reader.finish()?;
        Ok(Self { key, engine, program, sums, words, outputs, lookups, signature })
    }
}

fn read_sum(reader: &mut Reader<'_>) -> Result<SumUsed, DecodeError> {
    Ok(SumUsed {
        region: read_name(reader, "region")?,
        epoch: reader.u64("epoch")?,
        sum: Digest(reader.array("sum")?),
    })
}

fn read_output(reader: &mut Reader<'_>, left: &mut usize) -> Result<EncryptedOutput, DecodeError> {
    let name = reader.text(TEXT_BYTES_MAX, "name")?.to_owned();
    let is_bit = match reader.u8("is_bit")? {
        0 => false,
        1 => true,
        other => {
            let reason = format!("{other} is neither 0 nor 1");
            return Err(DecodeError::Invalid { field: "is_bit", reason });
        }
    };
    let count = reader.length(*left, "digits")?;
    *left -= count;
    if is_bit && count != 1 {
        let reason = format!("a bit has 1 digit, not {count}");
        return Err(DecodeError::Invalid { field: "digits", reason });
    }
    let digits = (0..count).map(|_| read_digit(reader)).collect::<Result<_, _>>()?;
    Ok(EncryptedOutput { shape: OutputShape { name, is_bit, digits: count }, digits })
}

fn read_digit(reader: &mut Reader<'_>) -> Result<Ciphertext, DecodeError> {
    let bytes = reader.take(8 * Ciphertext::WORDS, "digit")?;
    let words = bytes.as_chunks().0.iter().map(|&word| u64::from_le_bytes(word)).collect();
    let reason = "another number of words".to_owned();
    Ciphertext::from_words(words).ok_or(DecodeError::Invalid { field: "digit", reason })
}
