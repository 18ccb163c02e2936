//! Whether many points are in the subgroup of prime order, all at once.
//!
//! A point of the curve is P = S + T with S in the subgroup and the order of T a divisor of the cofactor. If
//! T_j ≠ 0, then whatever the other weights are, Σ ρ_i·P_i is in the subgroup for at most one value of ρ_j modulo
//! the order of T_j, which is at least q, the cofactor's least prime factor. Weights of b bits from the system
//! let that pass with probability at most ⌈2^b/q⌉/2^b, and k sums of it with probability at most 2^−128. k sums
//! with short weights cost a few additions for each point; a check of its own costs a multiplication by the
//! order.

use pulseproof_kernels::Error;
use pulseproof_kernels::backend::MsmOps;
use pulseproof_kernels::group::{Group, GroupId};
use pulseproof_kernels::msm::Integers;
use pulseproof_kernels::traits::*;
use rand::RngCore;
use rand::rngs::OsRng;

/// Sums at a time, and weights if there are more points: bounds on memory.
const BATCH: usize = 8;
const WEIGHTS: usize = 1 << 18;

/// The bits of weights, and how many sums there are.
struct Plan {
    bits: u32,
    sums: usize,
}

/// What a group needs; nothing if its cofactor is 1.
fn plan(group: GroupId) -> Option<Plan> {
    match group {
        GroupId::Bn254G1 => None,
        GroupId::Bn254G2 => Some(Plan { bits: 16, sums: 10 }),
        GroupId::Bls12_381G1 => Some(Plan { bits: 8, sums: 82 }),
        GroupId::Bls12_381G2 => Some(Plan { bits: 8, sums: 35 }),
    }
}

/// Whether all of the points, which are on the curve, are in the subgroup. A false yes has a probability of at
/// most 2^−128.
pub fn holds_all<G: Group, B: MsmOps<G>>(backend: &B, bases: &B::Bases) -> Result<bool, Error> {
    let count = backend.bases_len(bases);
    let Some(plan) = plan(G::ID).filter(|_| count > 0) else { return Ok(true) };
    let shape = Integers::unsigned(count, plan.bits);
    let mut left = plan.sums;
    while left > 0 {
        let now = left.min((WEIGHTS / count).clamp(1, BATCH));
        let weights = backend.upload(&weights(now * count, plan.bits))?;
        let sums = backend.msm_batch(bases, &weights, shape)?;
        if sums.len() != now || !sums.into_iter().all(is_in_subgroup) {
            return Ok(false);
        }
        left -= now;
    }
    Ok(true)
}

fn weights(count: usize, bits: u32) -> Vec<u64> {
    let bytes = bits as usize / 8;
    let mut random = vec![0; count * bytes];
    OsRng.fill_bytes(&mut random);
    let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
    random.chunks_exact(bytes).map(word).collect()
}

fn is_in_subgroup<G: Group>(sum: G) -> bool {
    passes(&sum.into_affine())
}

fn passes<P: AffineRepr>(point: &P) -> bool {
    point.check().is_ok()
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::cpu::Cpu;
    use pulseproof_kernels::{Bls12_381, Bn254, G1, G2};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// The cofactors: (x − 1)²/3 and (x⁸ − 4x⁷ + 5x⁶ − 4x⁴ + 6x³ − 4x² − 4x + 13)/9 of BLS12-381, with
    /// x = −0xd201000000010000, and 36x⁴ + 36x³ + 30x² + 6x + 1 of BN254, x = 4965661367192848881.
    /// Each with its least prime factor.
    const COFACTORS: [(GroupId, u64, &str); 3] = [
        (GroupId::Bn254G2, 10_069, BN254_G2),
        (GroupId::Bls12_381G1, 3, "76329603384216526031706109802092473003"),
        (GroupId::Bls12_381G2, 13, BLS12_381_G2),
    ];
    const BN254_G2: &str =
        "21888242871839275222246405745257275088844257914179612981679871602714643921549";
    const BLS12_381_G2: &str = "305502333931268344200999753193121504214466019254188142667664032982267604182971884026507427359259977847832272839041616661285803823378372096355777062779109";

    fn modulo(decimal: &str, divisor: u64) -> u64 {
        let digits = decimal.bytes().map(|byte| u64::from(byte - b'0'));
        digits.fold(0, |value, digit| (value * 10 + digit) % divisor)
    }

    #[test]
    fn plans_reach_128_bits() {
        for (group, least_factor, cofactor) in COFACTORS {
            let Plan { bits, sums } = plan(group).unwrap();
            assert_eq!(modulo(cofactor, least_factor), 0, "{group}");
            let smaller = (2..least_factor).find(|divisor| modulo(cofactor, *divisor) == 0);
            assert_eq!(smaller, None, "{group}");
            let hits = (1u64 << bits).div_ceil(least_factor);
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let per_sum = f64::from(bits) - (hits as f64).log2();
            #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
            let sums = sums as f64;
            assert!(per_sum * sums >= 128.0, "{group}: {per_sum} bits a sum");
        }
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

    fn one_bad_point_is_found<G: Group>()
    where
        Cpu: MsmOps<G>,
    {
        let rng = &mut StdRng::seed_from_u64(1);
        let mut points: Vec<G::Affine> =
            (1..40u64).map(|i| (G::generator() * G::ScalarField::from(i)).into_affine()).collect();
        let cpu = Cpu::new();
        let holds = |points: &[G::Affine]| {
            let bases = MsmOps::<G>::bases(&cpu, points, 1).unwrap();
            holds_all::<G, _>(&cpu, &bases).unwrap()
        };
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
