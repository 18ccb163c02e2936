//! Which instructions arithmetic uses: the best of this machine, or what `PULSEPROOF_SIMD` says.

use std::sync::OnceLock;

#[cfg(target_arch = "aarch64")]
use super::simd::{self, Neon, Twice};
#[cfg(target_arch = "x86_64")]
use super::simd::{Avx2, Avx512, Avx512Ifma};
use crate::names::names;

/// The variable that forces them.
pub const SIMD_VARIABLE: &str = "PULSEPROOF_SIMD";

/// The instructions that arithmetic uses. Results are the same bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Instructions {
    /// Eight elements at a time, in the 52-bit multipliers of AVX-512.
    Ifma,
    /// Eight doubles at a time, with fused multiply-add, in AVX-512.
    Avx512,
    /// Four doubles at a time, with fused multiply-add, in AVX2.
    Avx2,
    /// Two doubles at a time, with fused multiply-add, in what every 64-bit ARM has.
    Neon,
    /// The same for words and the 50-bit prime; the fields of curves in 64-bit integers, one element at a time.
    NeonScalar,
    /// What every CPU has.
    Portable,
}

names!(
    Instructions, UnknownInstructions, "SIMD instructions":
    Ifma = "avx512-ifma",
    Avx512 = "avx512",
    Avx2 = "avx2",
    Neon = "neon",
    NeonScalar = "neon-scalar",
    Portable = "portable",
);

/// What `PULSEPROOF_SIMD` asks for cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInstructions {
    /// It names none.
    #[error("{SIMD_VARIABLE}: {0}")]
    Unknown(#[from] UnknownInstructions),
    /// This machine lacks them.
    #[error("{SIMD_VARIABLE}: this machine has no {asked}; it has {}", list(.there))]
    Lacking {
        /// What was asked for.
        asked: Instructions,
        /// What there is.
        there: Vec<Instructions>,
    },
}

fn list(names: &[Instructions]) -> String {
    let names: Vec<_> = names.iter().map(Instructions::to_string).collect();
    crate::names::one_of(&names.iter().map(String::as_str).collect::<Vec<_>>())
}

impl Instructions {
    /// Those that this machine has, the fastest first.
    pub fn available() -> Vec<Self> {
        Self::ALL.into_iter().filter(|&instructions| Level::of(instructions).is_some()).collect()
    }

    /// What the environment says: a name, nothing, or one that this machine lacks.
    ///
    /// # Errors
    /// For names that are unknown here or not available.
    pub fn asked() -> Result<Option<Self>, NoInstructions> {
        match std::env::var(SIMD_VARIABLE) {
            Ok(name) if !name.is_empty() => Self::read(&name).map(Some),
            _ => Ok(None),
        }
    }

    fn read(name: &str) -> Result<Self, NoInstructions> {
        let asked: Self = name.parse()?;
        let there = Self::available();
        if there.contains(&asked) {
            Ok(asked)
        } else {
            Err(NoInstructions::Lacking { asked, there })
        }
    }
}

/// The same, with the proof that the machine has them.
#[derive(Clone, Copy, Debug)]
pub(super) enum Level {
    #[cfg(target_arch = "x86_64")]
    Ifma(Avx512Ifma),
    #[cfg(target_arch = "x86_64")]
    Avx512(Avx512),
    #[cfg(target_arch = "x86_64")]
    Avx2(Avx2),
    #[cfg(target_arch = "aarch64")]
    Neon(Neon),
    #[cfg(target_arch = "aarch64")]
    NeonScalar(Neon),
    Portable,
}

impl Level {
    /// The proof, where the machine has the instructions.
    pub fn of(instructions: Instructions) -> Option<Self> {
        match instructions {
            #[cfg(target_arch = "x86_64")]
            Instructions::Ifma => Avx512Ifma::detect().map(Self::Ifma),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx512 => Avx512::detect().map(Self::Avx512),
            #[cfg(target_arch = "x86_64")]
            Instructions::Avx2 => Avx2::detect().map(Self::Avx2),
            #[cfg(target_arch = "aarch64")]
            Instructions::Neon => Neon::detect().map(Self::Neon),
            #[cfg(target_arch = "aarch64")]
            Instructions::NeonScalar => Neon::detect().map(Self::NeonScalar),
            Instructions::Portable => Some(Self::Portable),
            // Those of other architectures.
            _ => None,
        }
    }

    /// What the environment asks for, if it can be had; the best otherwise. Looked at once.
    pub fn chosen() -> Self {
        static CHOSEN: OnceLock<Level> = OnceLock::new();
        *CHOSEN.get_or_init(|| {
            let asked = Instructions::asked().ok().flatten();
            asked.and_then(Self::of).unwrap_or_else(Self::best)
        })
    }

    /// The best of this machine.
    fn best() -> Self {
        match Instructions::ALL.into_iter().find_map(Self::of).unwrap_or(Self::Portable) {
            // Cores differ by a factor of several in their multipliers of 64 bits.
            #[cfg(target_arch = "aarch64")]
            Self::Neon(neon) if !simd::doubles_win(Twice(Twice(neon))) => Self::NeonScalar(neon),
            level => level,
        }
    }

    pub fn instructions(self) -> Instructions {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Ifma(_) => Instructions::Ifma,
            #[cfg(target_arch = "x86_64")]
            Self::Avx512(_) => Instructions::Avx512,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2(_) => Instructions::Avx2,
            #[cfg(target_arch = "aarch64")]
            Self::Neon(_) => Instructions::Neon,
            #[cfg(target_arch = "aarch64")]
            Self::NeonScalar(_) => Instructions::NeonScalar,
            Self::Portable => Instructions::Portable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_comes_first_and_the_portable_are_always_there() {
        let available = Instructions::available();
        assert_eq!(available.last(), Some(&Instructions::Portable));
        for instructions in available {
            assert_eq!(Level::of(instructions).unwrap().instructions(), instructions);
            assert_eq!(Instructions::read(&instructions.to_string()), Ok(instructions));
        }
    }

    #[test]
    fn what_cannot_be_had_is_refused_with_what_there_is() {
        let error = Instructions::read("sse9").unwrap_err().to_string();
        assert_eq!(
            error,
            "PULSEPROOF_SIMD: unknown SIMD instructions \"sse9\": expected avx512-ifma, avx512, avx2, neon, neon-scalar or portable"
        );
        let there = vec![Instructions::Avx2, Instructions::Portable];
        let error = NoInstructions::Lacking { asked: Instructions::Ifma, there }.to_string();
        assert_eq!(
            error,
            "PULSEPROOF_SIMD: this machine has no avx512-ifma; it has avx2 or portable"
        );
    }
}
