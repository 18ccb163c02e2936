//! Whether many points are in the subgroup of prime order, all at once.
//!
//! A point of the curve is P = S + T with S in the subgroup. If T_j ≠ 0 for some j, then whatever else is in a
//! subset's sum, it is in the subgroup for at most one of the two answers to whether P_j is a member. 128 subsets,
//! each with every point in it or not by a bit from the system, are all in the subgroup with a probability of at
//! most 2^−128. Sums of c subsets cost an addition for each point and a few for each of 2^c masks; a check of its
//! own costs a multiplication by the order for each point.

use pulseproof_kernels::Error;
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::msm::Subsets;
use pulseproof_kernels::traits::*;
use rand::RngCore;
use rand::rngs::OsRng;

/// Subsets: bits of security against a point that slips through.
const SUBSETS: u32 = 128;
/// Most at a time: a mask is 16 bits from the system.
const AT_ONCE_MAX: u32 = 16;

/// Whether all of the points, which are on the curve, are in the subgroup. A false yes has a probability of at
/// most 2^−128.
pub fn holds_all<G: Group>(points: &[G::Affine]) -> Result<bool, Error> {
    // Its cofactor is 1.
    if G::ID == GroupId::Bn254G1 {
        return Ok(true);
    }
    let subsets = Subsets::<G>::new(points)?;
    let at_once = at_once(points.len());
    let mut left = SUBSETS;
    while left > 0 {
        let now = left.min(at_once);
        if !subsets.sums(&masks(points.len(), now), now)?.into_iter().all(is_in_subgroup) {
            return Ok(false);
        }
        left -= now;
    }
    Ok(true)
}

/// How many subsets at a time take the fewest additions.
fn at_once(points: usize) -> u32 {
    let additions = |count: u32| SUBSETS.div_ceil(count) as usize * (points + (3 << count));
    (1..=AT_ONCE_MAX).min_by_key(|&count| additions(count)).unwrap_or(1)
}

fn masks(points: usize, bits: u32) -> Vec<u32> {
    let mut random = vec![0; 2 * points];
    OsRng.fill_bytes(&mut random);
    let (pairs, _) = random.as_chunks::<2>();
    pairs.iter().map(|pair| u32::from(u16::from_le_bytes(*pair)) & ((1 << bits) - 1)).collect()
}

fn is_in_subgroup<G: Group>(sum: G) -> bool {
    passes(&sum.into_affine())
}

fn passes<P: AffineRepr>(point: &P) -> bool {
    point.check().is_ok()
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bls12_381, Bn254, G1, G2};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn subsets_at_a_time_are_as_many_as_pay() {
        assert_eq!(at_once(0), 1);
        assert!((11..=14).contains(&at_once(1 << 16)));
        assert_eq!(at_once(1 << 24), AT_ONCE_MAX);
        let masks = masks(1000, 3);
        assert!(masks.len() == 1000 && (0..8).all(|mask| masks.contains(&mask)));
        assert!(masks.iter().all(|&mask| mask < 8));
    }

    /// A point of the curve that is outside the subgroup.
    fn outside<G: Group>(rng: &mut StdRng) -> G::Affine {
        loop {
            let mut bytes = vec![0; G::Affine::GENERATOR.serialized_size(Compress::Yes)];
            rng.fill_bytes(&mut bytes);
            let read = G::Affine::deserialize_with_mode(&bytes[..], Compress::Yes, Validate::No);
            match read {
                Ok(point) if !point.is_zero() && !passes(&point) && on_curve::<G>(&point) => {
                    return point;
                }
                _ => {}
            }
        }
    }

    fn on_curve<G: Group>(point: &G::Affine) -> bool {
        let constant = |point: &G::Affine| {
            let (x, y) = G::coordinates(point).unwrap();
            y.square() - x.square() * x
        };
        constant(point) == constant(&G::Affine::GENERATOR)
    }

    fn one_bad_point_is_found<G: Group>() {
        let rng = &mut StdRng::seed_from_u64(1);
        let mut points: Vec<G::Affine> =
            (1..40u64).map(|i| (G::generator() * G::ScalarField::from(i)).into_affine()).collect();
        let holds = |points: &[G::Affine]| holds_all::<G>(points).unwrap();
        assert!(holds(&points));
        assert!(holds(&[]));
        let stranger = outside::<G>(rng);
        points[17] = stranger;
        assert!(!holds(&points));
        // Two whose strange parts cancel in an unweighted sum.
        points[30] = (-stranger.into_group()).into_affine();
        assert!(!holds(&points));
    }

    #[test]
    fn no_point_outside_is_overlooked() {
        one_bad_point_is_found::<G2<Bn254>>();
        one_bad_point_is_found::<G1<Bls12_381>>();
        one_bad_point_is_found::<G2<Bls12_381>>();
    }
}
