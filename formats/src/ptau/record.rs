//! The record of who contributed to a ceremony. It is read; whether it holds is for others to find out. Touches
//! its section.
//!
//! An entry is τ in both groups, α and β in G1 and β in G2 as they were after it, the contribution's public keys
//! (six points of G1, three of G2), a hash's state, a hash, a kind, and parameters of a stated length.

use std::io::{Read, Seek};

use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine};

use super::{FILE, Ptau};
use crate::container::read_u32;
use crate::contributed::{Beacon, Contributor};
use crate::elements::{Check, PointDecoder, point_bytes};
use crate::error::FormatError;

const SECTION: u32 = 7;
const NAME: &str = "contributions";
/// Bytes of the hash of all points, from which the next contribution starts.
pub const CHALLENGE_BYTES: usize = 64;
/// Bytes of the state of a hash, on which nothing here depends.
const STATE_BYTES: usize = 216;
/// Bytes of a record: tens of thousands of contributions.
const SIZE_MAX: u64 = 1 << 26;

/// One contribution: τ, α and β were each multiplied by a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution<C: Curve> {
    /// The ceremony's secrets afterwards.
    pub secrets: Secrets<C>,
    /// What was contributed to τ, to α and to β.
    pub keys: [PublicKey<C>; 3],
    /// The hash of the response and of all points afterwards, as it is stated.
    pub next_challenge: [u8; CHALLENGE_BYTES],
    /// Who contributed, in whatever words.
    pub name: Option<String>,
    /// Where the secrets come from, if everybody may know them.
    pub beacon: Option<Beacon>,
}

/// The secrets of a ceremony, in the exponent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets<C: Curve> {
    /// \[τ\]₁.
    pub tau_g1: G1Affine<C>,
    /// \[τ\]₂.
    pub tau_g2: G2Affine<C>,
    /// \[α\]₁.
    pub alpha_g1: G1Affine<C>,
    /// \[β\]₁.
    pub beta_g1: G1Affine<C>,
    /// \[β\]₂.
    pub beta_g2: G2Affine<C>,
}

/// What shows a secret x.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey<C: Curve> {
    /// A point.
    pub s: G1Affine<C>,
    /// x times that.
    pub sx: G1Affine<C>,
    /// x times the point in G2 that the transcript gives.
    pub spx: G2Affine<C>,
}

impl<C: Curve, S: Read + Seek> Ptau<C, S> {
    /// Reads the record of contributions: nothing, if the file has none.
    ///
    /// # Errors
    /// It is malformed, or has a bad point.
    pub fn contributions(&mut self) -> Result<Vec<Contribution<C>>, FormatError> {
        if !self.file.has(SECTION) {
            return Ok(Vec::new());
        }
        let section = self.file.section(SECTION, NAME)?;
        if section.size > SIZE_MAX {
            let (field, got) = ("number of bytes of contributions", section.size);
            return Err(FormatError::Limit { file: FILE, field, got, limit: SIZE_MAX });
        }
        let length = usize::try_from(section.size).unwrap_or(usize::MAX);
        let bytes = self.file.read(section, 0, length)?;
        let mut entries = Entries { left: &bytes, index: 0 };
        let count = read_u32(entries.take(4)?);
        let all = (0..count).map(|_| entries.next()).collect::<Result<_, _>>()?;
        if entries.left.is_empty() {
            return Ok(all);
        }
        let reason = format!("bytes after the last of {count}");
        Err(FormatError::Invalid { file: FILE, field: NAME, reason })
    }
}

/// Entries that are still to be read.
struct Entries<'a> {
    left: &'a [u8],
    index: u64,
}

impl<'a> Entries<'a> {
    fn next<C: Curve>(&mut self) -> Result<Contribution<C>, FormatError> {
        let secrets = Secrets {
            tau_g1: self.g1::<C>()?,
            tau_g2: self.g2::<C>()?,
            alpha_g1: self.g1::<C>()?,
            beta_g1: self.g1::<C>()?,
            beta_g2: self.g2::<C>()?,
        };
        let mut pair = || Ok::<_, FormatError>((self.g1::<C>()?, self.g1::<C>()?));
        let [tau, alpha, beta] = [pair()?, pair()?, pair()?];
        let mut key = |(s, sx)| Ok::<_, FormatError>(PublicKey { s, sx, spx: self.g2::<C>()? });
        let keys = [key(tau)?, key(alpha)?, key(beta)?];
        self.take(STATE_BYTES)?;
        let next_challenge = self.take_array()?;
        let kind = read_u32(self.take(4)?);
        let length = read_u32(self.take(4)?);
        let parameters = self.take(usize::try_from(length).unwrap_or(usize::MAX))?;
        let Contributor { name, beacon } = Contributor::read(FILE, kind, parameters)?;
        self.index += 1;
        Ok(Contribution { secrets, keys, next_challenge, name, beacon })
    }

    fn g1<C: Curve>(&mut self) -> Result<G1Affine<C>, FormatError> {
        let bytes = self.take(point_bytes::<G1<C>>())?;
        let point = PointDecoder::<G1<C>>::new(Check::Full).finite().point(bytes);
        point.map_err(|problem| self.bad(problem))
    }

    fn g2<C: Curve>(&mut self) -> Result<G2Affine<C>, FormatError> {
        let bytes = self.take(point_bytes::<G2<C>>())?;
        let point = PointDecoder::<G2<C>>::new(Check::Full).finite().point(bytes);
        point.map_err(|problem| self.bad(problem))
    }

    fn bad(&self, problem: crate::error::ElementProblem) -> FormatError {
        FormatError::Element { file: FILE, section: NAME, index: self.index, problem }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], FormatError> {
        let (taken, left) =
            self.left.split_at_checked(count).ok_or_else(|| self.truncated(count))?;
        self.left = left;
        Ok(taken)
    }

    fn take_array<const N: usize>(&mut self) -> Result<[u8; N], FormatError> {
        let (&taken, left) = self.left.split_first_chunk().ok_or_else(|| self.truncated(N))?;
        self.left = left;
        Ok(taken)
    }

    fn truncated(&self, needed: usize) -> FormatError {
        let (needed, left) = (needed as u64, self.left.len() as u64);
        FormatError::Truncated { file: FILE, part: format!("section {NAME}"), needed, left }
    }
}
