//! What shows that a key is insecure: somebody knows a secret of it, or it binds nothing, and anybody forges
//! proofs. Looks at points alone; that a secret is not known cannot be seen from them.

use std::collections::HashSet;
use std::fmt;

use pulseproof_kernels::Curve;
use pulseproof_kernels::traits::*;

use crate::VerifyingKey;

/// Why proofs under a key are worth nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weakness {
    /// The key lists no contribution of phase 2: it was made up, or is not finished.
    NoContribution,
    /// δ is γ, or −γ: there was no phase 2, whatever is listed.
    DeltaIsGamma,
    /// β is δ or γ, or the negative of one: A and B cancel what C should show.
    BetaIsOther,
    /// δ is 1, or −1.
    Delta,
    /// α is 1, or −1, as at the start of every ceremony.
    Alpha,
    /// β is 1, or −1.
    Beta,
    /// τ is a root of unity: all points of H are at infinity.
    Tau,
    /// A point at infinity, where a secret should be.
    Infinity,
    /// A public signal whose point is at infinity: its value does not matter. Or that of the constant 1: where all
    /// signals are 0, anything is proved.
    FreeSignal,
    /// Two public signals have the same point up to its sign, so that one may take from the other; or one has α's.
    EqualSignals,
    /// Whoever exported the key marked it.
    Marked,
}

impl Weakness {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::NoContribution,
        Self::DeltaIsGamma,
        Self::BetaIsOther,
        Self::Delta,
        Self::Alpha,
        Self::Beta,
        Self::Tau,
        Self::Infinity,
        Self::FreeSignal,
        Self::EqualSignals,
        Self::Marked,
    ];

    /// Its name where it is stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoContribution => "no-contribution",
            Self::DeltaIsGamma => "delta-is-gamma",
            Self::BetaIsOther => "beta-is-other",
            Self::Delta => "delta",
            Self::Alpha => "alpha",
            Self::Beta => "beta",
            Self::Tau => "tau",
            Self::Infinity => "infinity",
            Self::FreeSignal => "free-signal",
            Self::EqualSignals => "equal-signals",
            Self::Marked => "marked",
        }
    }
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContribution => "it lists no contribution of phase 2",
            Self::DeltaIsGamma => "delta = gamma: nobody contributed in phase 2",
            Self::BetaIsOther => "beta is delta or gamma",
            Self::Delta => "delta is 1: nobody contributed in phase 2",
            Self::Alpha => "alpha is 1: nobody contributed to its ceremony",
            Self::Beta => "beta is 1: nobody contributed to its ceremony",
            Self::Tau => "tau is a root of unity: nobody contributed to its ceremony",
            Self::Infinity => "a point is at infinity where a secret should be",
            Self::FreeSignal => "a public signal counts for nothing",
            Self::EqualSignals => "public signals can be exchanged for each other",
            Self::Marked => "it was exported from an insecure key",
        })?;
        f.write_str("; anybody may be able to forge proofs")
    }
}

impl<C: Curve> VerifyingKey<C> {
    /// What shows in the key itself that it is insecure, if anything does.
    pub fn weakness(&self) -> Option<Weakness> {
        let (g1, g2) = (C::G1Affine::generator(), C::G2Affine::generator());
        let g2_points = [self.beta_g2, self.gamma_g2, self.delta_g2];
        if self.alpha_g1.is_zero() || g2_points.iter().any(AffineRepr::is_zero) {
            Some(Weakness::Infinity)
        } else if same_up_to_sign(self.delta_g2, self.gamma_g2) {
            Some(Weakness::DeltaIsGamma)
        } else if [self.delta_g2, self.gamma_g2].iter().any(|o| same_up_to_sign(self.beta_g2, *o)) {
            Some(Weakness::BetaIsOther)
        } else if same_up_to_sign(self.delta_g2, g2) {
            Some(Weakness::Delta)
        } else if same_up_to_sign(self.alpha_g1, g1) {
            Some(Weakness::Alpha)
        } else if same_up_to_sign(self.beta_g2, g2) {
            Some(Weakness::Beta)
        } else if self.ic.iter().any(AffineRepr::is_zero) {
            Some(Weakness::FreeSignal)
        } else {
            self.has_equal_signals().then_some(Weakness::EqualSignals)
        }
    }

    /// Whether two of α and the signals' points are the same up to their sign: points of one x. A key that was made
    /// as it should be has a row for each of its signals alone.
    fn has_equal_signals(&self) -> bool {
        let mut seen = HashSet::new();
        let points = self.ic.iter().chain([&self.alpha_g1]);
        !points.filter_map(AffineRepr::x).all(|x| seen.insert(x))
    }
}

/// Looks for a τ that everybody knows, in what it makes of a key: the Lagrange polynomials of odd powers are all zero
/// at a root of unity, or all but one.
#[derive(Debug, Default)]
pub(crate) struct KnownTau {
    finite: usize,
    all: usize,
}

impl KnownTau {
    /// Takes in points of the section H.
    pub fn see<P: AffineRepr>(&mut self, points: &[P]) {
        self.finite += points.iter().filter(|point| !point.is_zero()).count();
        self.all += points.len();
    }

    /// Whether more points can change nothing: τ is not known.
    pub fn is_refuted(&self) -> bool {
        self.finite > 1
    }

    /// Whether τ is a root of unity, once all points were seen.
    pub fn is_found(&self) -> bool {
        self.finite < 2.min(self.all)
    }
}

fn same_up_to_sign<P: AffineRepr>(first: P, second: P) -> bool {
    first == second || first == -second
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bn254, for_each_curve};

    use super::*;

    /// A key whose secrets are small numbers.
    fn key<C: Curve>([alpha, beta, gamma, delta, signal]: [i64; 5]) -> VerifyingKey<C> {
        let (g1, g2) = (C::G1Affine::generator(), C::G2Affine::generator());
        let one = |n: i64| (g1 * C::ScalarField::from(n)).into_affine();
        let two = |n: i64| (g2 * C::ScalarField::from(n)).into_affine();
        VerifyingKey {
            alpha_g1: one(alpha),
            beta_g2: two(beta),
            gamma_g2: two(gamma),
            delta_g2: two(delta),
            ic: vec![one(11), one(signal)],
        }
    }

    #[test]
    fn toys_show_what_they_are() {
        fn test<C: Curve>() {
            use Weakness::*;
            for (secrets, expected) in [
                ([5, 6, 1, 7, 8], None),
                ([5, 6, 1, 1, 8], Some(DeltaIsGamma)),
                ([5, 6, 1, -1, 8], Some(DeltaIsGamma)),
                ([5, 6, 9, 9, 8], Some(DeltaIsGamma)),
                ([5, 6, 9, 1, 8], Some(Delta)),
                ([1, 6, 1, 7, 8], Some(Alpha)),
                ([-1, 6, 1, 7, 8], Some(Alpha)),
                ([5, 1, 9, 7, 8], Some(Beta)),
                ([5, 1, 1, 7, 8], Some(BetaIsOther)),
                ([5, -9, 9, 7, 8], Some(BetaIsOther)),
                ([5, 7, 1, 7, 8], Some(BetaIsOther)),
                ([5, -7, 1, 7, 8], Some(BetaIsOther)),
                ([5, 6, 1, 7, 11], Some(EqualSignals)),
                ([5, 6, 1, 7, -11], Some(EqualSignals)),
                ([5, 6, 1, 7, 5], Some(EqualSignals)),
                ([-11, 6, 1, 7, 8], Some(EqualSignals)),
                ([5, 6, 1, 7, 0], Some(FreeSignal)),
                ([0, 6, 1, 7, 8], Some(Infinity)),
                ([5, 0, 1, 7, 8], Some(Infinity)),
                ([5, 6, 0, 7, 8], Some(Infinity)),
                ([5, 6, 1, 0, 8], Some(Infinity)),
            ] {
                assert_eq!(key::<C>(secrets).weakness(), expected, "{secrets:?}");
            }
        }
        for_each_curve!(test);
    }

    #[test]
    fn a_root_of_unity_shows_in_h() {
        type P = <Bn254 as Pairing>::G1Affine;
        let (zero, one) = (P::zero(), P::generator());
        for (points, found) in [
            (&[zero, zero, zero, zero][..], true),
            (&[zero, zero, one, zero], true),
            (&[zero, one, one, zero], false),
            (&[one, one], false),
            // A domain of one row: the only polynomial is 1.
            (&[one], false),
            (&[zero], true),
        ] {
            let mut tau = KnownTau::default();
            points.chunks(3).for_each(|points| tau.see(points));
            assert_eq!(tau.is_found(), found, "{points:?}");
        }
    }

    #[test]
    fn the_constant_counts() {
        let mut toy = key::<Bn254>([5, 6, 1, 7, 8]);
        toy.ic[0] = <_>::default();
        assert_eq!(toy.weakness(), Some(Weakness::FreeSignal));
        toy.ic.truncate(1);
        assert_eq!(toy.weakness(), Some(Weakness::FreeSignal));
    }

    #[test]
    fn names_are_different() {
        let names: HashSet<_> = Weakness::ALL.map(Weakness::name).into();
        assert_eq!(names.len(), Weakness::ALL.len());
    }
}
