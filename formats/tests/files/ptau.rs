//! Ceremonies. What the prover's import asks of them is tested there.

use std::io::Cursor;

use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau, curve};
use pulseproof_formats::roots::root_of_unity;
use pulseproof_formats::{Check, ElementProblem, FormatError};
use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bn254, Curve, G1, G1Affine, G2, G2Affine, Scalar, for_each_curve};
use serde_json::Value;

use crate::common::*;

const POWER: u32 = 3;

fn file<C: Curve>() -> &'static [u8] {
    fixture!(C, "tiny.ptau")
}

fn open<C: Curve>(bytes: &[u8]) -> Result<Ptau<C, Cursor<&[u8]>>, FormatError> {
    Ptau::open(source(bytes))
}

/// Everything that a file of this power has.
fn reads<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    let (mut file, quiet) = (open::<C>(bytes)?, &mut |_, _| {});
    for which in [PowersG1::Tau, PowersG1::AlphaTau, PowersG1::BetaTau] {
        file.powers_g1(which, 0..8, Check::Full, quiet)?;
        for log_size in 0..=POWER {
            file.lagrange_g1(which, log_size, Check::Full, quiet)?;
        }
    }
    file.powers_g2(PowersG2::Tau, 0..8, Check::Full, quiet)?;
    file.powers_g2(PowersG2::Beta, 0..1, Check::Full, quiet)?;
    for log_size in 0..=POWER {
        file.lagrange_g2(log_size, Check::Full, quiet)?;
    }
    Ok(())
}

fn g1<C: Curve>(which: PowersG1, count: u64) -> Vec<G1Affine<C>> {
    let mut file = open::<C>(file::<C>()).unwrap();
    file.powers_g1(which, 0..count, Check::Full, &mut |_, _| {}).unwrap()
}

fn g2<C: Curve>(which: PowersG2, count: u64) -> Vec<G2Affine<C>> {
    let mut file = open::<C>(file::<C>()).unwrap();
    file.powers_g2(which, 0..count, Check::Full, &mut |_, _| {}).unwrap()
}

fn basis_g1<C: Curve>(which: PowersG1, log_size: u32) -> Vec<G1Affine<C>> {
    let mut file = open::<C>(file::<C>()).unwrap();
    file.lagrange_g1(which, log_size, Check::Full, &mut |_, _| {}).unwrap()
}

fn basis_g2<C: Curve>(log_size: u32) -> Vec<G2Affine<C>> {
    let mut file = open::<C>(file::<C>()).unwrap();
    file.lagrange_g2(log_size, Check::Full, &mut |_, _| {}).unwrap()
}

fn check_points<G: Group>(points: &[G::Affine], expected: &Value) {
    let expected = expected.as_array().unwrap();
    assert_eq!(points.len(), expected.len());
    for (point, expected) in points.iter().zip(expected) {
        assert_eq!(decimal::<G>(point), Some(texts(expected)));
    }
}

#[test]
fn holds_what_an_independent_reader_finds() {
    fn test<C: Curve>() {
        let json = json(fixture!(C, "ptau.json"));
        check_points::<G1<C>>(&g1::<C>(PowersG1::Tau, 3), &json["tauG1"]);
        check_points::<G1<C>>(&g1::<C>(PowersG1::AlphaTau, 3), &json["alphaTauG1"]);
        check_points::<G1<C>>(&g1::<C>(PowersG1::BetaTau, 3), &json["betaTauG1"]);
        check_points::<G2<C>>(&g2::<C>(PowersG2::Tau, 3), &json["tauG2"]);
        check_points::<G2<C>>(&g2::<C>(PowersG2::Beta, 1), &json["betaG2"]);
        let basis = basis_g1::<C>;
        check_points::<G1<C>>(&basis(PowersG1::Tau, 3), &json["lagrangeTauG1"]);
        check_points::<G1<C>>(&basis(PowersG1::AlphaTau, 2), &json["lagrangeAlphaTauG1"]);
        check_points::<G1<C>>(&basis(PowersG1::BetaTau, 2), &json["lagrangeBetaTauG1"]);
        check_points::<G2<C>>(&basis_g2::<C>(2), &json["lagrangeTauG2"]);
        let file = open::<C>(file::<C>()).unwrap();
        assert_eq!((file.power(), file.is_prepared()), (POWER, true));
        assert_eq!(curve(&mut source(self::file::<C>())).unwrap(), C::ID);
    }
    for_each_curve!(test);
}

/// Σ_j f(ω^j)·L_j(τ) = f(τ) for f = X^i, with ω the root this crate names: it is the right order, and
/// no other.
#[test]
fn bases_belong_to_the_powers_and_the_root_of_unity() {
    fn check<G: Group>(basis: &[G::Affine], powers: &[G], log_size: u32) {
        let root: G::ScalarField = root_of_unity(log_size).unwrap();
        for (i, power) in powers.iter().take(basis.len()).enumerate() {
            let terms = basis.iter().enumerate();
            let sum: G = terms.map(|(j, point)| *point * root.pow([(i * j) as u64])).sum();
            assert_eq!(sum, *power, "{log_size}: {i}");
        }
    }
    fn lifted<G: Group>(points: &[G::Affine]) -> Vec<G> {
        points.iter().map(|point| point.into_group()).collect()
    }
    fn test<C: Curve>() {
        for which in [PowersG1::Tau, PowersG1::AlphaTau, PowersG1::BetaTau] {
            let powers = lifted::<G1<C>>(&g1::<C>(which, 8));
            for log_size in 0..=POWER {
                check::<G1<C>>(&basis_g1::<C>(which, log_size), &powers, log_size);
            }
        }
        let powers = lifted::<G2<C>>(&g2::<C>(PowersG2::Tau, 8));
        for log_size in 0..=POWER {
            check::<G2<C>>(&basis_g2::<C>(log_size), &powers, log_size);
        }
        // The one that is twice as large lacks a power.
        let mut powers = lifted::<G1<C>>(&g1::<C>(PowersG1::Tau, 15));
        powers.push(G1::<C>::zero());
        check::<G1<C>>(&basis_g1::<C>(PowersG1::Tau, POWER + 1), &powers, POWER + 1);
    }
    for_each_curve!(test);
}

#[test]
fn roots_have_the_order_they_claim() {
    fn test<C: Curve>() {
        type F<C> = Scalar<C>;
        for log_size in [1, 2, 5, F::<C>::TWO_ADICITY] {
            let root: F<C> = root_of_unity(log_size).unwrap();
            assert_eq!(root.pow([1 << (log_size - 1)]), -F::<C>::ONE);
        }
        assert_eq!(root_of_unity::<F<C>>(0), Some(F::<C>::ONE));
        assert_eq!(root_of_unity::<F<C>>(F::<C>::TWO_ADICITY + 1), None);
    }
    for_each_curve!(test);
}

#[test]
fn only_what_is_there_can_be_read() {
    let mut file = open::<Bn254>(file::<Bn254>()).unwrap();
    let quiet = &mut |_, _| {};
    let tau = PowersG1::Tau;
    assert_eq!(file.powers_g1(tau, 14..15, Check::Full, quiet).unwrap().len(), 1);
    assert!(file.powers_g1(tau, 3..3, Check::Full, quiet).unwrap().is_empty());
    for range in [14..16, 0..u64::MAX, u64::MAX - 1..u64::MAX] {
        let error = file.powers_g1(tau, range, Check::None, quiet).unwrap_err();
        assert!(matches!(error, FormatError::Limit { limit: 15, .. }), "{error}");
    }
    let error = file.powers_g2(PowersG2::Beta, 0..2, Check::None, quiet).unwrap_err();
    assert!(matches!(error, FormatError::Limit { got: 2, limit: 1, .. }), "{error}");
    for log_size in [5, 64, u32::MAX] {
        let error = file.lagrange_g1(tau, log_size, Check::None, quiet).unwrap_err();
        assert!(matches!(error, FormatError::Limit { limit: 4, .. }), "{error}");
        let error = file.lagrange_g2(log_size, Check::None, quiet).unwrap_err();
        assert!(matches!(error, FormatError::Limit { limit: 3, .. }), "{error}");
    }
    let error = file.lagrange_g1(PowersG1::BetaTau, 4, Check::None, quiet).unwrap_err();
    assert!(matches!(error, FormatError::Limit { limit: 3, .. }), "{error}");
}

#[test]
fn files_that_were_not_prepared_say_so() {
    for section in [12, 13, 14, 15] {
        let bytes = patched(file::<Bn254>(), head_of(file::<Bn254>(), section), &[99]);
        let mut file = open::<Bn254>(&bytes).unwrap();
        assert!(!file.is_prepared());
        let error = file.lagrange_g2(1, Check::None, &mut |_, _| {}).unwrap_err();
        assert!(matches!(error, FormatError::NotPrepared), "{error}");
    }
}

#[test]
fn bad_containers_are_refused() {
    fn test<C: Curve>() {
        check_container(file::<C>(), &[1, 2, 3, 4, 5, 6], reads::<C>);
    }
    for_each_curve!(test);
    check_lengths(file::<Bn254>(), reads::<Bn254>);
}

#[test]
fn every_section_has_the_size_that_the_power_gives() {
    let power = content_of(file::<Bn254>(), 1) + 36;
    for other in [0, 2, 4, 28] {
        // The file's, and the ceremony's.
        let bytes = patched(file::<Bn254>(), power, &[other, 0, 0, 0, other.max(3)]);
        let (mut file, quiet) = (open::<Bn254>(&bytes).unwrap(), &mut |_, _| {});
        let results = [
            file.powers_g1(PowersG1::Tau, 0..1, Check::None, quiet).map(drop),
            file.powers_g1(PowersG1::AlphaTau, 0..1, Check::None, quiet).map(drop),
            file.powers_g1(PowersG1::BetaTau, 0..1, Check::None, quiet).map(drop),
            file.powers_g2(PowersG2::Tau, 0..1, Check::None, quiet).map(drop),
            file.lagrange_g1(PowersG1::Tau, 0, Check::None, quiet).map(drop),
            file.lagrange_g1(PowersG1::AlphaTau, 0, Check::None, quiet).map(drop),
            file.lagrange_g1(PowersG1::BetaTau, 0, Check::None, quiet).map(drop),
            file.lagrange_g2(0, Check::None, quiet).map(drop),
        ];
        for result in results {
            assert!(matches!(result, Err(FormatError::SectionSize { .. })), "{result:?}");
        }
    }
    for over in [29, u32::MAX] {
        let bytes = patched(file::<Bn254>(), power, &over.to_le_bytes());
        let error = open::<Bn254>(&bytes).map(drop).unwrap_err();
        assert!(matches!(error, FormatError::Limit { field: "power", limit: 28, .. }), "{error}");
    }
}

#[test]
fn bad_points_are_refused_in_every_section() {
    fn test<C: Curve>() {
        for section in [2, 3, 4, 5, 6, 12, 13, 14, 15] {
            let bytes = patched(file::<C>(), content_of(file::<C>(), section), &[1; 8]);
            let error = reads::<C>(&bytes).unwrap_err();
            let found = matches!(
                error,
                FormatError::Element { index: 0, problem: ElementProblem::NotOnCurve, .. }
            );
            assert!(found, "{section}: {error}");
        }
    }
    for_each_curve!(test);
}

/// That it holds is asked in `pulseproof-ceremony`.
#[test]
fn records_of_contributions_are_read() {
    fn test<C: Curve>() {
        let bytes = file::<C>();
        let read = |bytes: &[u8]| open::<C>(bytes).unwrap().contributions();
        let all = read(bytes).unwrap();
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].name.as_deref(), Some("pulseproof fixture"));
        assert_eq!(all[0].beacon, None);
        let record = content_of(bytes, 7);
        let more = patched(bytes, record, &2u32.to_le_bytes());
        assert!(matches!(read(&more), Err(FormatError::Truncated { .. })));
        let fewer = patched(bytes, record, &0u32.to_le_bytes());
        let error = read(&fewer).unwrap_err();
        assert!(matches!(error, FormatError::Invalid { field: "contributions", .. }), "{error}");
        let error = read(&patched(bytes, record + 4, &[1; 8])).unwrap_err();
        let problem = ElementProblem::NotOnCurve;
        assert!(
            matches!(error, FormatError::Element { index: 0, problem: p, .. } if p == problem),
            "{error}"
        );
    }
    for_each_curve!(test);
}
