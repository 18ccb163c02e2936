//! What a verifier knows of a circuit. Knows the curve and nothing else.

use std::io::{Read, Seek};

use pulseproof_formats::FormatError;
use pulseproof_formats::elements::Check;
use pulseproof_formats::zkey::{Header, PointsG1, Zkey};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1Affine, G2Affine};

use crate::weakness::{KnownTau, Weakness};

/// Points that are read at a time to learn about τ.
const SOME: usize = 1 << 13;

/// A circuit's verifying key. As with [`Proof`](crate::Proof), whoever fills the fields answers for the
/// points being in their groups.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey<C: Curve> {
    /// \[α\]₁.
    pub alpha_g1: G1Affine<C>,
    /// \[β\]₂.
    pub beta_g2: G2Affine<C>,
    /// \[γ\]₂.
    pub gamma_g2: G2Affine<C>,
    /// \[δ\]₂.
    pub delta_g2: G2Affine<C>,
    /// One point for the constant one, then one for each public input.
    pub ic: Vec<G1Affine<C>>,
}

impl<C: Curve> VerifyingKey<C> {
    /// That of a proving key.
    pub fn of(header: &Header<C>, ic: Vec<G1Affine<C>>) -> Self {
        let &Header { alpha_g1, beta_g2, gamma_g2, delta_g2, .. } = header;
        Self { alpha_g1, beta_g2, gamma_g2, delta_g2, ic }
    }

    /// That in a proving key's file, and what shows there that the key is insecure.
    ///
    /// # Errors
    /// A point is bad, or a section is missing.
    pub fn from_zkey(
        file: &mut Zkey<C, impl Read + Seek>,
    ) -> Result<(Self, Option<Weakness>), FormatError> {
        let ic = file.points_g1(PointsG1::Ic, Check::Full, &mut |_, _| ())?;
        let key = Self::of(file.header(), ic);
        let weakness = match file.contributions()? {
            0 => Some(Weakness::NoContribution),
            _ if tau_is_known(file)? => Some(Weakness::Tau),
            _ => key.weakness(),
        };
        Ok((key, weakness))
    }

    /// How many public inputs a proof under this key has.
    pub fn public_inputs(&self) -> usize {
        self.ic.len().saturating_sub(1)
    }

    /// e(α, β). arkworks takes the same power of the Miller loop's value as snarkjs, on both curves, so this is
    /// what snarkjs writes into its keys.
    pub fn alpha_beta(&self) -> PairingOutput<C> {
        C::pairing(self.alpha_g1, self.beta_g2)
    }
}

/// Whether the key's τ is a root of unity. Of a key whose τ is not, a few points are read.
fn tau_is_known<C: Curve>(file: &mut Zkey<C, impl Read + Seek>) -> Result<bool, FormatError> {
    let mut tau = KnownTau::default();
    for points in file.pieces_g1(PointsG1::H, Check::OnCurve, SOME)? {
        tau.see(&points?);
        if tau.is_refuted() {
            break;
        }
    }
    Ok(tau.is_found())
}
