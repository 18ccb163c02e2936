//! What the first contribution to a ceremony starts from: the hash of all points when every secret is 1. Touches
//! nothing.

use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, G1, G1Affine, G2, G2Affine};

use crate::hash::{self, PointHash};

/// The power from which on the hash is looked up: below, it takes seconds.
const KNOWN_FROM: u32 = 23;
/// The hashes of larger ceremonies, up to the largest, of which each takes minutes. Made by a program that shares
/// nothing with this one (`tests/fixtures/first.py`).
const BN254: [&str; 6] = [
    "da01c213149ff5065924f3ade76df2ec6ae7bb941ab4ffe25e3e2d1ae9f0474faebb201bddef89d841692d71e10f3f7a3d0ffe5ce2b6162d8b692b95c28b4039",
    "adc423b1cd43ea5a40601c30364febdcdf4796f0ffc56c01e1f64019146e60f9c9b68c75f1e36e275c336acbee5632f69569c9f2267dfda4ad59dcb15b8f3e84",
    "661de6f41b1150ac7448085558e5ecdaae345272e662da9851b0ff3816901a2b2141722a38a35a314b41a53abba15f7198f30c57891111864081aa38d3012a5b",
    "5140c98bda53f8c1fc3a25d574c409d5de41561b585b4224ab5ed369a98f2e41389c39c83b47470701e52261fa199918666181be3855d33e2ef19377365b038b",
    "36bcd31f9d5ed309ded4a17ee8279e34eceec40b56be88e2fb604aebe2c714bafbf99218e7269f20ec3392bab9d45f5198b826c94bd3d3c2d780f46dfd65be67",
    "93da91920d5a54a8a0fde55cd9dc3a10c4f3eef768b62c0948741370864254b4c1920f3f29d4ebc0ef3acecf2e2db63a755713d77e1ed77347a56fbc317c7a93",
];
const BLS12_381: [&str; 6] = [
    "921855d7d8702daa81a6ddff90e62fef818666566aa2bc8b4171bc05e2d09302b6de194e141138db4dc47c54e34c1bad9457b951b70b8fae6b2fc681a45513b5",
    "b2cd5d53aac5fd63c7a81426f1278b58a3b0a8efe0bd250689d563059b8d24257b4a742ae6e56031b37940b458163fea61fb7904e9a1eafdd4b6b46e1d1f585d",
    "54840b92054e51b8bca445ae2080917677f1c3f4ba253691f5186251db2f048955cd808005d2e2e053d6e50ceb6e7925a18b8136e86e5255f5ab27f032006b3a",
    "cdcca8f7487477c3e76402659e31da1ab9654edac37d101d5394febfa4b143c43b65b075171ee51f5cd29927ed9735a583a88dc8722bc16e1457838629db6e6b",
    "310750eece83e243cb0a869cc2644bd6f90156f21b4af31e283c98554c2ff7acc9a43bfb96fb5c5016e0ddecb3614dd362f29ee6bdef71633b9b382fabea52ef",
    "b8e04177cf3afbe1c815fa7b70f6e84b729c3b62282d1aa381e3ece77458ddbf3727b0fb3ef299d6a6a337c58d606117ae988efe2359f1f2e69ec6cc8bfd96a6",
];

/// The hash for a ceremony of some power.
pub fn challenge<C: Curve>(power: u32) -> [u8; hash::BYTES] {
    let known = match C::ID {
        CurveId::Bn254 => &BN254,
        CurveId::Bls12_381 => &BLS12_381,
    };
    let place = power.checked_sub(KNOWN_FROM).and_then(|place| known.get(place as usize));
    let mut bytes = [0; hash::BYTES];
    match place {
        Some(text) => hex::decode_to_slice(text, &mut bytes).expect("128 digits"),
        None => bytes = computed::<C>(power),
    }
    bytes
}

/// Repeated points are hashed this many at a time.
const AT_ONCE: u64 = 1 << 12;

fn computed<C: Curve>(power: u32) -> [u8; hash::BYTES] {
    let (g1, g2) = (
        hash::uncompressed::<G1<C>>(&G1Affine::<C>::generator()),
        hash::uncompressed::<G2<C>>(&G2Affine::<C>::generator()),
    );
    let mut hash = PointHash::default();
    hash.bytes(&PointHash::default().finish());
    let size = 1u64 << power;
    for (point, count) in [(&g1, 2 * size - 1), (&g2, size), (&g1, size), (&g1, size), (&g2, 1)] {
        let block = point.repeat(usize::try_from(AT_ONCE.min(count)).expect("a few thousand"));
        let whole = count / AT_ONCE;
        (0..whole).for_each(|_| hash.bytes(&block));
        (whole * AT_ONCE..count).for_each(|_| hash.bytes(point));
    }
    hash.finish()
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bls12_381, Bn254};

    use super::*;

    /// Against `tests/fixtures/first.py`; whole files of snarkjs's are in `tests/record.rs`.
    #[test]
    fn first_challenges_are_those_of_another_program() {
        let of = |challenge: [u8; 64]| hex::encode(challenge);
        assert_eq!(
            of(challenge::<Bn254>(4)),
            "2054432085403180e1678602c83562f1f4ddefafb4b9e7171b53070455a4cc6db11b2e5bfe5e89c0cb9ab4a7b3b9fd5a17bad62ad5ba013c34e7dd2fbb4f143b"
        );
        assert_eq!(
            of(challenge::<Bls12_381>(4)),
            "351f5c7d2398a94d8a219a3603dbdcbda8a67123d511e01b9c225df024e0f202a2414ed48ad78579517f0945482965dbe6239fbff90d4ea85a47879641c2320e"
        );
    }

    /// The smallest of those that are looked up.
    #[test]
    fn what_is_looked_up_is_what_is_computed() {
        assert_eq!(challenge::<Bn254>(KNOWN_FROM), computed::<Bn254>(KNOWN_FROM));
    }
}
