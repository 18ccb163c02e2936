//! Other libraries' multiplications, beside ours on the same inputs.

use std::fmt;
use std::str::FromStr;

use pulseproof_kernels::group::Group;
use pulseproof_kernels::msm::ScalarShape;

use super::measure::{BenchError, Subject};

/// A library to compare with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// arkworks: all fields and groups.
    Arkworks,
    /// blst: G1 of BLS12-381. It has a thread pool of its own, with a thread for each core.
    Blst,
    /// halo2curves: G1 of BN254.
    Halo2curves,
}

impl Peer {
    /// Every peer.
    pub const ALL: [Self; 3] = [Self::Arkworks, Self::Blst, Self::Halo2curves];
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Arkworks => "arkworks",
            Self::Blst => "blst",
            Self::Halo2curves => "halo2curves",
        })
    }
}

/// The name is no peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownPeer(String);

impl fmt::Display for UnknownPeer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown peer {:?}: expected arkworks, blst, halo2curves or none", self.0)
    }
}

impl std::error::Error for UnknownPeer {}

impl FromStr for Peer {
    type Err = UnknownPeer;

    fn from_str(name: &str) -> Result<Self, UnknownPeer> {
        let peer = Self::ALL.into_iter().find(|peer| peer.to_string() == name);
        peer.ok_or_else(|| UnknownPeer(name.to_owned()))
    }
}

/// A peer other than arkworks on these inputs, `None` if it does not have the group.
///
/// # Errors
/// It was left out of this build, or its result is not `sums`.
#[cfg(not(feature = "peers"))]
pub(super) fn subject<'a, G: Group>(
    peer: Peer,
    _: &[G::Affine],
    _: &[&'a [u64]],
    _: ScalarShape,
    _: &[G],
) -> Result<Option<Subject<'a>>, BenchError> {
    Err(BenchError::LeftOut { peer: peer.to_string() })
}

#[cfg(feature = "peers")]
pub(super) use linked::subject;

#[cfg(feature = "peers")]
mod linked {
    //! The peers that are linked.

    use blst::MultiPoint;
    use halo2curves::bn256;
    use halo2curves::ff::PrimeField as _;
    use halo2curves::group::Curve as _;
    use pulseproof_kernels::element::{Element, from_words, to_words};
    use pulseproof_kernels::group::GroupId;
    use pulseproof_kernels::traits::PrimeField;

    use super::*;

    /// A peer other than arkworks on these inputs, `None` if it does not have the group.
    ///
    /// # Errors
    /// Its result is not `sums`.
    pub fn subject<'a, G: Group>(
        peer: Peer,
        bases: &[G::Affine],
        vectors: &[&'a [u64]],
        shape: ScalarShape,
        sums: &[G],
    ) -> Result<Option<Subject<'a>>, BenchError> {
        let bits = shape.bits as usize;
        let right = match (peer, G::ID) {
            (Peer::Blst, GroupId::Bls12_381G1) => {
                let points = blst_points::<G>(bases);
                let scalars = vectors.iter().map(|words| blst_scalars(words, shape));
                let scalars: Vec<Vec<u8>> = scalars.collect();
                let first = scalars.iter().map(|scalars| of_blst::<G>(&points.mult(scalars, bits)));
                if first.ne(sums.iter().map(|sum| Some(*sum))) {
                    return Err(BenchError::Wrong { subject: peer.to_string() });
                }
                Subject::peer("blst", move || {
                    for scalars in &scalars {
                        std::hint::black_box(points.mult(scalars, bits));
                    }
                    Ok(())
                })
            }
            (Peer::Halo2curves, GroupId::Bn254G1) => {
                let points = halo2_points::<G>(bases);
                let scalars = vectors.iter().map(|words| halo2_scalars(words, shape));
                let scalars: Vec<Vec<bn256::Fr>> = scalars.collect();
                let sum = |scalars: &Vec<_>| halo2curves::msm::msm_best(scalars, &points);
                let first = scalars.iter().map(|scalars| of_halo2::<G>(&sum(scalars).to_affine()));
                if first.ne(sums.iter().copied()) {
                    return Err(BenchError::Wrong { subject: peer.to_string() });
                }
                Subject::peer("halo2curves", move || {
                    for scalars in &scalars {
                        std::hint::black_box(halo2curves::msm::msm_best(scalars, &points));
                    }
                    Ok(())
                })
            }
            _ => return Ok(None),
        };
        Ok(Some(right))
    }

    /// blst keeps coordinates as arkworks does: Montgomery form with R = 2^384.
    fn blst_points<G: Group>(bases: &[G::Affine]) -> Vec<blst::blst_p1_affine> {
        let point = |base| {
            let mut point = blst::blst_p1_affine::default();
            if let Some((x, y)) = G::coordinates(base) {
                x.write(&mut point.x.l);
                y.write(&mut point.y.l);
            }
            point
        };
        bases.iter().map(point).collect()
    }

    /// ⌈bits/8⌉ bytes each.
    fn blst_scalars(words: &[u64], shape: ScalarShape) -> Vec<u8> {
        let bytes = shape.bits.div_ceil(8) as usize;
        let integer = |words: &[u64]| {
            let all: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
            all[..bytes].to_vec()
        };
        words.chunks_exact(shape.words()).flat_map(integer).collect()
    }

    /// From Jacobian coordinates: (X/Z², Y/Z³). `None` if Z is zero.
    fn of_blst<G: Group>(point: &blst::blst_p1) -> Option<G> {
        use pulseproof_kernels::traits::Field;
        let [x, y, z] = [point.x.l, point.y.l, point.z.l].map(|l| G::Coordinate::read(&l));
        let inverse = z.inverse()?;
        let square = inverse.square();
        Some(G::from_coordinates(x * square, y * square * inverse).into())
    }

    fn halo2_points<G: Group>(bases: &[G::Affine]) -> Vec<bn256::G1Affine> {
        let point = |base| {
            let (x, y) = G::coordinates(base).expect("bases of benches are not infinite");
            let [x, y] = [x, y].map(|coordinate| {
                let [word0, word1, word2, word3] = integer::<G>(coordinate);
                bn256::Fq::from_raw([word0, word1, word2, word3])
            });
            bn256::G1Affine { x, y }
        };
        bases.iter().map(point).collect()
    }

    fn integer<G: Group>(coordinate: G::Coordinate) -> [u64; 4] {
        let prime: Vec<G::Prime> = from_words(&to_words(&[coordinate]));
        let integer = prime[0].into_bigint();
        std::array::from_fn(|i| integer.as_ref()[i])
    }

    fn halo2_scalars(words: &[u64], shape: ScalarShape) -> Vec<bn256::Fr> {
        let integer = |words: &[u64]| {
            let raw = std::array::from_fn(|i| words.get(i).copied().unwrap_or(0));
            bn256::Fr::from_raw(raw)
        };
        words.chunks_exact(shape.words()).map(integer).collect()
    }

    fn of_halo2<G: Group>(point: &bn256::G1Affine) -> G {
        let [x, y] = [point.x, point.y].map(|coordinate| {
            let prime = G::Prime::from_le_bytes_mod_order(coordinate.to_repr().as_ref());
            from_words::<G::Coordinate>(&to_words(&[prime]))[0]
        });
        G::from_coordinates(x, y).into()
    }
}
