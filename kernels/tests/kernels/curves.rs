//! What runs on the host alone agrees with its naive twin: the MSM of the moment, domains, names.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bn254, Curve, Domain, G1, Scalar, for_each_curve, msm, naive};
use rand::SeedableRng;
use rand::rngs::StdRng;

fn points<C: Curve>(n: usize, rng: &mut StdRng) -> Vec<C::G1Affine> {
    (0..n).map(|_| G1::<C>::rand(rng).into_affine()).collect()
}

fn msm_agrees<C: Curve>() {
    let rng = &mut StdRng::seed_from_u64(1);
    for n in [0, 1, 2, 3, 31, 32, 33, 200] {
        let bases = points::<C>(n, rng);
        let full: Vec<Scalar<C>> = (0..n).map(|_| Scalar::<C>::rand(rng)).collect();
        let small: Vec<Scalar<C>> = (0..n as u64).map(|i| (u64::MAX - i).into()).collect();
        let edge: Vec<Scalar<C>> = (0..n)
            .map(|i| [Scalar::<C>::ZERO, Scalar::<C>::ONE, -Scalar::<C>::ONE][i % 3])
            .collect();
        for scalars in [full, small, edge] {
            let fast = msm::<C>(&bases, &scalars).into_affine();
            assert_eq!(fast, naive::msm::<C>(&bases, &scalars), "n = {n}");
        }
    }
}

fn msm_takes_degenerate_points<C: Curve>() {
    let rng = &mut StdRng::seed_from_u64(2);
    let p = points::<C>(1, rng)[0];
    let minus: C::G1Affine = (-p.into_group()).into_affine();
    let bases = [p, p, minus, C::G1Affine::zero(), p];
    let scalars: Vec<Scalar<C>> = [5u64, 7, 12, 3, 0].into_iter().map(Into::into).collect();
    assert_eq!(msm::<C>(&bases, &scalars).into_affine(), naive::msm::<C>(&bases, &scalars));
    assert!(msm::<C>(&bases, &scalars).is_zero());
}

fn domain_agrees<C: Curve>() {
    let rng = &mut StdRng::seed_from_u64(3);
    for log_size in [0, 1, 2, 5] {
        let domain = Domain::<Scalar<C>>::new(log_size).unwrap();
        let size = domain.size();
        for length in [0, 1, size] {
            let coefficients: Vec<_> = (0..length).map(|_| Scalar::<C>::rand(rng)).collect();
            for (shifted, offset) in
                [(domain, Scalar::<C>::ONE), (domain.coset(), Scalar::<C>::GENERATOR)]
            {
                let values = shifted.transform(coefficients.clone());
                let expected = naive::transform(&coefficients, domain.generator(), offset, size);
                assert_eq!(values, expected);
                let mut padded = coefficients.clone();
                padded.resize(size, Scalar::<C>::ZERO);
                assert_eq!(shifted.interpolate(values), padded);
            }
        }
        let x = Scalar::<C>::rand(rng);
        let lagrange = domain.lagrange_at(x).unwrap();
        for (j, &value) in lagrange.iter().enumerate() {
            assert_eq!(value, naive::lagrange(domain.generator(), size, j, x));
        }
        assert_eq!(domain.lagrange_at(domain.generator()), None);
    }
}

#[test]
fn msm_agrees_with_naive() {
    for_each_curve!(msm_agrees);
}

#[test]
fn msm_takes_repeated_opposite_and_zero_points() {
    for_each_curve!(msm_takes_degenerate_points);
}

#[test]
fn transforms_and_lagrange_values_agree_with_naive() {
    for_each_curve!(domain_agrees);
}

#[test]
fn one_flipped_scalar_is_noticed() {
    let rng = &mut StdRng::seed_from_u64(4);
    let bases = points::<Bn254>(40, rng);
    let mut scalars: Vec<_> = (0..40).map(|_| Scalar::<Bn254>::rand(rng)).collect();
    let before = naive::msm::<Bn254>(&bases, &scalars);
    scalars[17] += Scalar::<Bn254>::ONE;
    assert_ne!(msm::<Bn254>(&bases, &scalars).into_affine(), before);
}

#[test]
fn curves_are_found_by_name_and_byte() {
    use pulseproof_kernels::CurveId;
    for id in CurveId::ALL {
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(CurveId::from_byte(id.byte()), Some(id));
    }
    assert!("bls12_381".parse::<CurveId>().unwrap_err().to_string().contains("bls12-381 or bn254"));
    assert_eq!(CurveId::from_byte(0), None);
}
