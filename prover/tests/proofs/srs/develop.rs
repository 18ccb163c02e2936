//! Development SRS and consistency.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Curve, Domain, G1Affine, G2Affine, Scalar, for_each_curve};
use pulseproof_prover::encoding::DecodeError;
use pulseproof_prover::srs::develop::generate;
use pulseproof_prover::srs::{EXTRA_POWERS, LOG_SIZE_MAX, Origin, Srs, SrsError, VerifyingKey};
use rand::rngs::StdRng;
use rand::{CryptoRng, Error, RngCore, SeedableRng};

use super::{outside_subgroup, seeded};

/// The τ that [`seeded`] draws.
fn seeded_tau<C: Curve>(seed: u64) -> Scalar<C> {
    Scalar::<C>::rand(&mut StdRng::seed_from_u64(seed))
}

/// The SRS of a known τ, by the definitions.
fn naive<C: Curve>(log_size: u32, tau: Scalar<C>) -> Srs<C> {
    let (g, h) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    let domain = Domain::new(log_size).unwrap();
    let points: Vec<Scalar<C>> = domain.points().collect();
    let lagrange = |j: usize| -> Scalar<C> {
        let others = points.iter().enumerate().filter(|(k, _)| *k != j).map(|(_, point)| *point);
        others.map(|point| (tau - point) / (points[j] - point)).product()
    };
    let count = (2 * points.len() + EXTRA_POWERS) as u64;
    Srs {
        powers: (0..count).map(|i| (g * tau.pow([i])).into_affine()).collect(),
        lagrange: (0..points.len()).map(|j| (g * lagrange(j)).into_affine()).collect(),
        verifying_key: VerifyingKey {
            domain,
            origin: Origin::Development,
            g,
            h,
            tau_h: (h * tau).into_affine(),
        },
    }
}

#[test]
fn generates_what_the_definitions_say() {
    fn test<C: Curve>() {
        for log_size in 1..=4 {
            assert_eq!(seeded::<C>(log_size, 7), naive::<C>(log_size, seeded_tau::<C>(7)));
        }
    }
    for_each_curve!(test);
}

#[test]
fn generated_srs_is_valid_and_its_lagrange_points_evaluate_monomials() {
    fn test<C: Curve>() {
        let srs = seeded::<C>(5, 1);
        assert!(srs.is_consistent());
        srs.validate().unwrap();
        assert!(srs.verifying_key.origin.is_insecure());
        for (power, expected) in srs.powers[..srs.size()].iter().enumerate() {
            // X^k is the polynomial with values ω^(jk).
            let values = srs.verifying_key.domain.points().map(|w| w.pow([power as u64]));
            let sum: C::G1 = srs.lagrange.iter().zip(values).map(|(point, w)| *point * w).sum();
            assert_eq!(sum, expected.into_group());
        }
        assert_ne!(srs.verifying_key.id(), seeded::<C>(5, 2).verifying_key.id());
    }
    for_each_curve!(test);
}

#[test]
fn refuses_sizes_out_of_range() {
    fn test<C: Curve>() {
        for size in [0, LOG_SIZE_MAX + 1, 63, 64, u32::MAX] {
            let error = generate::<C>(size, &mut StdRng::seed_from_u64(0)).unwrap_err();
            assert!(matches!(error, SrsError::LogSize { got, limit: 20 } if got == size));
            assert_eq!(error.to_string(), format!("log_size {size} is outside 1..=20"));
        }
    }
    for_each_curve!(test);
}

/// A generator that begins with zero bytes, so that the first τ drawn is 0.
struct ZerosFirst {
    zeros: usize,
    then: StdRng,
}

impl RngCore for ZerosFirst {
    fn next_u32(&mut self) -> u32 {
        if self.zeros > 0 { 0 } else { self.then.next_u32() }
    }

    fn next_u64(&mut self) -> u64 {
        match self.zeros {
            0 => self.then.next_u64(),
            _ => {
                self.zeros -= 1;
                0
            }
        }
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            *byte = self.next_u64().to_le_bytes()[0];
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for ZerosFirst {}

#[test]
fn draws_again_when_the_secret_is_zero() {
    fn test<C: Curve>() {
        let words = Scalar::<C>::MODULUS_BIT_SIZE.div_ceil(64) as usize;
        let mut rng = ZerosFirst { zeros: words, then: StdRng::seed_from_u64(3) };
        assert!(Scalar::<C>::rand(&mut rng).is_zero(), "the first draw is zero");
        rng = ZerosFirst { zeros: words, then: StdRng::seed_from_u64(3) };
        let srs: Srs<C> = generate(2, &mut rng).unwrap();
        srs.validate().unwrap();
    }
    for_each_curve!(test);
}

/// A way to spoil an SRS.
type Spoil<C> = fn(&mut Srs<C>);

#[test]
fn canary_every_spoiled_srs_is_inconsistent() {
    fn test<C: Curve>() {
        let spoils: [(&str, Spoil<C>); 12] = [
            ("two powers swapped", |srs| srs.powers.swap(2, 3)),
            ("last two powers swapped", |srs| {
                let last = srs.powers.len() - 1;
                srs.powers.swap(last, last - 1);
            }),
            ("powers shifted", |srs| srs.powers.rotate_left(1)),
            ("powers scaled", |srs| {
                srs.powers = srs.powers.iter().map(|p| (*p + *p).into_affine()).collect();
            }),
            ("a power missing", |srs| srs.powers.truncate(23)),
            ("no powers", |srs| srs.powers.clear()),
            ("a Lagrange point altered", |srs| {
                srs.lagrange[5] = (srs.lagrange[5] + srs.verifying_key.g).into_affine();
            }),
            ("two Lagrange points swapped", |srs| srs.lagrange.swap(0, 7)),
            ("a Lagrange point missing", |srs| srs.lagrange.truncate(7)),
            ("another secret in the key", |srs| {
                srs.verifying_key.tau_h = seeded::<C>(1, 99).verifying_key.tau_h;
            }),
            ("other generators", |srs| {
                srs.verifying_key.h = -srs.verifying_key.h;
                srs.verifying_key.tau_h = -srs.verifying_key.tau_h;
            }),
            ("another size", |srs| srs.verifying_key.domain = Domain::new(4).unwrap()),
        ];
        let good = seeded::<C>(3, 4);
        assert!(good.is_consistent());
        for (what, spoil) in spoils {
            let mut bad = good.clone();
            spoil(&mut bad);
            assert!(!bad.is_consistent(), "{what}");
            assert!(bad.validate().is_err(), "{what}");
        }
    }
    for_each_curve!(test);
}

#[test]
fn refuses_degenerate_secrets() {
    fn test<C: Curve>() {
        let root = Domain::<Scalar<C>>::new(3).unwrap().generator();
        for tau in [Scalar::<C>::ZERO, Scalar::<C>::ONE, root, root.square()] {
            let srs = naive::<C>(3, tau);
            assert!(!srs.is_consistent());
        }
        // Of order 16, so outside a domain of size 8, and fine.
        let outside = Domain::<Scalar<C>>::new(4).unwrap().generator();
        assert!(naive::<C>(3, outside).is_consistent());
    }
    for_each_curve!(test);
}

#[test]
fn validation_finds_a_point_outside_the_subgroup() {
    let stray: G1Affine<Bls12_381> = outside_subgroup();
    let mut srs = seeded::<Bls12_381>(3, 5);
    srs.lagrange[6] = (srs.lagrange[6] + stray).into_affine();
    let error = srs.validate().unwrap_err();
    let expected = DecodeError::WrongSubgroup { field: "lagrange" };
    assert!(matches!(&error, SrsError::Point { index: 6, source } if *source == expected));
    assert_eq!(
        error.to_string(),
        "point 6 of lagrange: the point is outside the prime-order subgroup"
    );
}
