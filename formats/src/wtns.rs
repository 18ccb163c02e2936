//! Witnesses (`.wtns`): the values of all of a circuit's wires for one input.
//!
//! They are secrets. Memory that held them is overwritten, buffers included; nothing here prints them.

use std::fmt;
use std::io::{Read, Seek, Write};
use std::marker::PhantomData;

use pulseproof_kernels::CurveId;
use pulseproof_kernels::traits::*;
use rayon::prelude::*;
use zeroize::Zeroizing;

use crate::container::{Container, ContainerWriter, Section, read_u32};
use crate::elements::{is_below, read_words};
use crate::error::{ElementProblem, FileKind, FormatError};
use crate::prime::{PrimeRole, check_prime, curve_of, encode_prime, read_only_prime, width};

const FILE: FileKind = FileKind::Wtns;
const HEADER: u32 = 1;
const VALUES: u32 = 2;
const VALUES_NAME: &str = "values";
/// Bytes of values held in a buffer at a time: a multiple of every value's size.
const BUFFER: usize = 3 << 14;

/// The values of all wires, wire 0 first, which is the constant 1.
pub struct Witness<F> {
    words: Zeroizing<Vec<u64>>,
    field: PhantomData<F>,
}

/// The curve whose scalars a witness is made of.
///
/// # Errors
/// Not such a file, or the prime of no curve known here.
pub fn curve(source: &mut (impl Read + Seek)) -> Result<CurveId, FormatError> {
    let mut file = Container::open(source, FILE)?;
    let (_, found) = header(&mut file)?;
    curve_of(FILE, &found, PrimeRole::Scalar)
}

/// The header, and the prime in it.
fn header<S: Read + Seek>(file: &mut Container<S>) -> Result<(Section, Vec<u8>), FormatError> {
    let section = file.section(HEADER, "header")?;
    let prime = read_only_prime(file, section, 4)?;
    Ok((section, prime))
}

impl<F: PrimeField> Witness<F> {
    /// Reads a file of at most `values_max` values.
    ///
    /// # Errors
    /// Not a well-formed file for this field, too many values, or values that [`Self::from_words`]
    /// refuses.
    pub fn read(source: &mut (impl Read + Seek), values_max: usize) -> Result<Self, FormatError> {
        let mut file = Container::open(source, FILE)?;
        let (section, found) = header(&mut file)?;
        check_prime::<F>(FILE, &found, PrimeRole::Scalar)?;
        let count = read_u32(&file.read(section, 4 + found.len() as u64, 4)?);
        let (got, limit) = (u64::from(count), values_max as u64);
        if got > limit {
            return Err(FormatError::Limit { file: FILE, field: "number of values", got, limit });
        }
        let size = got * u64::from(width::<F>());
        let section = file.sized_section(VALUES, VALUES_NAME, size)?;
        Self::checked(read_values(&mut file, section, count as usize * Self::word_count())?)
    }

    /// Takes plain integers: the field's number of little-endian 64-bit words each.
    ///
    /// # Errors
    /// There is no value, or part of one; the first is not 1; one is not below the prime.
    pub fn from_words(words: Vec<u64>) -> Result<Self, FormatError> {
        Self::checked(Zeroizing::new(words))
    }

    /// Takes values.
    ///
    /// # Errors
    /// There is none, or the first is not 1.
    pub fn from_values(values: &[F]) -> Result<Self, FormatError> {
        let mut words = Zeroizing::new(Vec::with_capacity(values.len() * Self::word_count()));
        for value in values {
            words.extend_from_slice(value.into_bigint().as_ref());
        }
        Self::checked(words)
    }

    fn checked(words: Zeroizing<Vec<u64>>) -> Result<Self, FormatError> {
        let invalid = |field, reason: &str| {
            Err(FormatError::Invalid { file: FILE, field, reason: reason.to_owned() })
        };
        let mut values = words.chunks_exact(Self::word_count());
        if !values.remainder().is_empty() {
            return invalid("last value", "is not complete");
        }
        if let Some(index) = values.clone().position(|value| !is_below::<F>(value)) {
            let (section, index) = (VALUES_NAME, index as u64);
            let problem = ElementProblem::NonCanonical;
            return Err(FormatError::Element { file: FILE, section, index, problem });
        }
        match values.next() {
            None => invalid("number of values", "is 0, and the constant 1 is always one"),
            Some(first) if first != F::ONE.into_bigint().as_ref() => {
                invalid("value 0", "is not the constant 1")
            }
            Some(_) => Ok(Self { words, field: PhantomData }),
        }
    }

    /// Words of a value.
    fn word_count() -> usize {
        F::MODULUS.as_ref().len()
    }

    /// How many values there are: as many as wires.
    #[expect(clippy::len_without_is_empty, reason = "it never is empty")]
    pub fn len(&self) -> usize {
        self.words.len() / Self::word_count()
    }

    /// All values as [`Self::from_words`] takes them.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// The same, for whoever overwrites them in the end.
    pub fn into_words(mut self) -> Vec<u64> {
        std::mem::take(&mut *self.words)
    }

    /// The value of a wire.
    pub fn value(&self, wire: usize) -> Option<F> {
        let start = wire.checked_mul(Self::word_count())?;
        self.words.get(start..start.checked_add(Self::word_count())?).map(value_of)
    }

    /// The values of all wires, in order.
    pub fn values(&self) -> impl IndexedParallelIterator<Item = F> {
        self.words.par_chunks_exact(Self::word_count()).map(value_of)
    }

    /// Writes a file.
    ///
    /// # Errors
    /// More values than such a file can hold, or writing fails.
    pub fn write(&self, sink: &mut impl Write) -> Result<(), FormatError> {
        let (got, limit) = (self.len() as u64, u64::from(u32::MAX));
        let count = u32::try_from(got).map_err(|_| FormatError::Limit {
            file: FILE,
            field: "number of values",
            got,
            limit,
        })?;
        let mut writer = ContainerWriter::new(sink, FILE, 2)?;
        let header = [encode_prime::<F>(), count.to_le_bytes().to_vec()].concat();
        writer.section(HEADER, header.len() as u64)?;
        writer.bytes(&header)?;
        writer.section(VALUES, 8 * self.words.len() as u64)?;
        // As long as it will ever be, so that it is never moved, which would leave a copy behind.
        let mut buffer = Zeroizing::new(Vec::with_capacity(BUFFER));
        for words in self.words.chunks(BUFFER / 8) {
            buffer.clear();
            words.iter().for_each(|word| buffer.extend_from_slice(&word.to_le_bytes()));
            writer.bytes(&buffer)?;
        }
        writer.finish()
    }
}

/// The value of a plain integer that was found to be below the prime.
fn value_of<F: PrimeField>(words: &[u64]) -> F {
    let mut integer = F::BigInt::default();
    integer.as_mut().copy_from_slice(words);
    F::from(integer)
}

/// Reads a section of words.
fn read_values<S: Read + Seek>(
    file: &mut Container<S>,
    section: Section,
    count: usize,
) -> Result<Zeroizing<Vec<u64>>, FormatError> {
    let mut words = Zeroizing::new(vec![0; count]);
    let mut buffer = Zeroizing::new(vec![0; BUFFER.min(8 * count)]);
    for (number, words) in words.chunks_mut(BUFFER / 8).enumerate() {
        let bytes = &mut buffer[..8 * words.len()];
        file.read_into(section, (number * BUFFER) as u64, bytes)?;
        read_words(bytes, words);
    }
    Ok(words)
}

impl<F: PrimeField> fmt::Debug for Witness<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Witness").field("values", &self.len()).finish_non_exhaustive()
    }
}
