//! Contributions: snarkjs's are followed, ours are snarkjs's where they are not random, and none that was changed
//! gets through.

use std::fs::{self, File};
use std::io::{BufReader, Cursor};

use pulseproof_formats::Beacon;
use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::zkey::{self, Contents, Contribution, Zkey};
use pulseproof_groth16::phase2::{
    Contributed, Phase2Error, beacon, contribute, contributions, verify,
};
use pulseproof_groth16::setup::develop;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bls12_381, Bn254, Curve, Scalar};
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::fixtures::{circuit, file};

fn ceremony<C: Curve>(curve: &str) -> Ptau<C, BufReader<File>> {
    Ptau::open(BufReader::new(File::open(file(curve, "tiny.ptau")).unwrap())).unwrap()
}

fn contents<C: Curve>(curve: &str, name: &str) -> Contents<C> {
    let source = BufReader::new(File::open(file(curve, name)).unwrap());
    Zkey::<C, _>::open(source).unwrap().contents(Check::Full).unwrap()
}

fn bytes<C: Curve>(key: &Contents<C>) -> Vec<u8> {
    let mut bytes = Vec::new();
    zkey::write(&mut bytes, key).unwrap();
    bytes
}

fn verified<C: Curve>(curve: &str, key: &Contents<C>) -> Result<Vec<Contributed>, Phase2Error> {
    let mut key = Zkey::<C, _>::open(Cursor::new(bytes(key))).unwrap();
    verify(&mut key, &circuit::<C>(curve), &mut ceremony(curve), &mut |_, _| ())
}

/// The beacon of the fixtures, see `make.sh`.
fn fixed() -> Beacon {
    Beacon { value: (1..=32).collect(), iterations_log: 10 }
}

fn quiet() -> impl FnMut(usize, usize) {
    |_, _| ()
}

fn of_snarkjs<C: Curve>(curve: &str) {
    let key = contents::<C>(curve, "tiny.zkey");
    let found = verified(curve, &key).unwrap();
    let names: Vec<_> = found.iter().map(|one| one.name.as_deref()).collect();
    assert_eq!(names, [Some("first"), Some("beacon")]);
    assert_eq!((&found[0].beacon, &found[1].beacon), (&None, &Some(fixed())));
    assert!(verified(curve, &contents::<C>(curve, "new.zkey")).unwrap().is_empty());
    // Records are written as they were read.
    let records = Contribution::<C>::read_all(&key.contributions).unwrap();
    let again: Vec<u8> = records.iter().flat_map(|one| one.encode().unwrap()).collect();
    assert_eq!(again, key.contributions);
}

#[test]
fn contributions_by_snarkjs_hold() {
    of_snarkjs::<Bn254>("bn128");
    of_snarkjs::<Bls12_381>("bls12381");
}

/// The key that snarkjs made has a contribution and then a beacon. Taking the beacon away again gives the key before
/// it, because what it multiplies by is public; ours on top of that has to be the same file again.
fn beacon_of_snarkjs<C: Curve>(curve: &str) {
    let theirs = fs::read(file(curve, "tiny.zkey")).unwrap();
    let mut key = contents::<C>(curve, "tiny.zkey");
    let records = Contribution::<C>::read_all(&key.contributions).unwrap();
    let secret = secret_of_the_beacon(&key, &records);
    let undo = secret.inverse().unwrap();
    key.header.delta_g1 = records[0].delta;
    key.header.delta_g2 = (key.header.delta_g2 * undo).into_affine();
    for points in [&mut key.c, &mut key.h] {
        points.iter_mut().for_each(|point| *point = (*point * secret).into_affine());
    }
    key.contributions = records[0].encode().unwrap();
    assert_eq!(verified(curve, &key).unwrap().len(), 1);
    let made = beacon(&mut key, Some("beacon".to_owned()), fixed(), &mut quiet()).unwrap();
    assert!(bytes(&key) == theirs, "{curve}: other bytes than snarkjs's");
    assert_eq!(verified(curve, &key).unwrap()[1], made);
}

/// A beacon's secret, drawn by hand: what `draw` does is not believed here.
fn secret_of_the_beacon<C: Curve>(key: &Contents<C>, records: &[Contribution<C>]) -> Scalar<C> {
    let hash: [u8; 32] = {
        use sha2::{Digest, Sha256};
        (0..1 << 10)
            .fold(fixed().value, |value, _| Sha256::digest(value).to_vec())
            .try_into()
            .unwrap()
    };
    // ChaCha20's first block under it, as ffjavascript makes numbers of it: two words each, the high one first.
    use rand::RngCore;
    let mut seed = hash;
    seed.chunks_exact_mut(4).for_each(|word| word.reverse());
    let mut words = rand_chacha::ChaCha20Rng::from_seed(seed);
    let order = Scalar::<C>::MODULUS;
    let secret = loop {
        let mut number = order;
        number.as_mut().iter_mut().for_each(|word| {
            let high = u64::from(words.next_u32());
            *word = high << 32 | u64::from(words.next_u32());
        });
        let spare = 256 - Scalar::<C>::MODULUS_BIT_SIZE;
        *number.as_mut().last_mut().unwrap() &= u64::MAX >> spare;
        if number < order {
            // In Montgomery form: divided by 2^256.
            let two = Scalar::<C>::from(2u64);
            break Scalar::<C>::from_bigint(number).unwrap() * two.pow([256]).inverse().unwrap();
        }
    };
    let beacon = &records[1];
    assert_eq!((beacon.s * secret).into_affine(), beacon.sx);
    assert_eq!(key.header.delta_g1, beacon.delta);
    secret
}

#[test]
fn a_beacon_is_the_one_that_snarkjs_makes() {
    beacon_of_snarkjs::<Bn254>("bn128");
    beacon_of_snarkjs::<Bls12_381>("bls12381");
}

fn ours<C: Curve>(curve: &str) {
    let mut key = contents::<C>(curve, "new.zkey");
    let mut rng = StdRng::seed_from_u64(7);
    let mut heard = (0, 0);
    let first =
        contribute(&mut key, Some("ä".to_owned()), &mut rng, &mut |done, all| heard = (done, all));
    assert_eq!((heard.0, heard.1), (key.c.len() + key.h.len(), key.c.len() + key.h.len()));
    let second = contribute(&mut key, None, &mut rng, &mut quiet()).unwrap();
    let third = beacon(&mut key, None, fixed(), &mut quiet()).unwrap();
    assert_eq!(verified(curve, &key).unwrap(), [first.unwrap(), second, third]);
    assert!(key.header.delta_g1 != C::G1Affine::generator());
}

#[test]
fn our_contributions_hold() {
    ours::<Bn254>("bn128");
    ours::<Bls12_381>("bls12381");
}

/// What is changed in a key, and what is said of it.
fn refused(change: impl Fn(&mut Contents<Bn254>)) -> String {
    let mut key = contents::<Bn254>("bn128", "tiny.zkey");
    change(&mut key);
    verified("bn128", &key).unwrap_err().to_string()
}

#[test]
fn every_part_of_a_key_counts() {
    let other =
        (<Bn254 as Pairing>::G1Affine::generator() * Scalar::<Bn254>::from(7u64)).into_affine();
    let other_g2 =
        (<Bn254 as Pairing>::G2Affine::generator() * Scalar::<Bn254>::from(7u64)).into_affine();
    let differs = |name: &str, change: &dyn Fn(&mut Contents<Bn254>)| {
        let said = refused(change);
        assert!(said.starts_with(&format!("{name}: ")), "{name}: {said}");
    };
    differs("[α]₁", &|key| key.header.alpha_g1 = other);
    differs("[β]₁", &|key| key.header.beta_g1 = other);
    differs("[β]₂", &|key| key.header.beta_g2 = other_g2);
    differs("[γ]₂", &|key| key.header.gamma_g2 = other_g2);
    differs("[δ]₁", &|key| key.header.delta_g1 = other);
    differs("[δ]₂", &|key| key.header.delta_g2 = other_g2);
    differs("IC", &|key| key.ic[1] = other);
    differs("A", &|key| key.a[0] = other);
    differs("B1", &|key| key.b1[2] = other);
    differs("B2", &|key| key.b2[2] = other_g2);
    for place in 0..3 {
        differs("C", &|key| key.c[place] = other);
        differs("H", &|key| key.h[place] = other);
    }
    differs("H", &|key| key.h.swap(0, 1));
    differs("coefficients", &|key| key.coefficients[0].value += Scalar::<Bn254>::ONE);
    differs("coefficients", &|key| key.coefficients.truncate(1));
    differs("coefficients", &|key| key.coefficients.push(key.coefficients[0]));
}

#[test]
fn every_part_of_a_contribution_counts() {
    let other =
        (<Bn254 as Pairing>::G1Affine::generator() * Scalar::<Bn254>::from(7u64)).into_affine();
    let other_g2 =
        (<Bn254 as Pairing>::G2Affine::generator() * Scalar::<Bn254>::from(7u64)).into_affine();
    let says = |reason: &str, change: &dyn Fn(&mut Vec<Contribution<Bn254>>)| {
        let said = refused(|key| {
            let mut records = Contribution::read_all(&key.contributions).unwrap();
            change(&mut records);
            key.contributions = records.iter().flat_map(|one| one.encode().unwrap()).collect();
        });
        assert!(said.contains(reason), "{reason}: {said}");
    };
    says("contribution 1: its hash is not", &|all| all[0].s = other);
    says("contribution 1: its hash is not", &|all| all[0].sx = other);
    says("contribution 2: its hash is not", &|all| all[1].transcript[63] ^= 1);
    says("contribution 1: it does not prove", &|all| all[0].spx = other_g2);
    says("contribution 1: δ was not multiplied", &|all| all[0].delta = other);
    says("contribution 2: δ was not multiplied", &|all| all[1].delta = other);
    // A contribution left out, twice there, or in the wrong place.
    says("contribution 1: its hash is not", &|all| drop(all.remove(0)));
    says("[δ]₁", &|all| drop(all.pop()));
    says("contribution 2: its hash is not", &|all| all.insert(1, all[0].clone()));
    says("contribution 1: its hash is not", &|all| all.swap(0, 1));
    // What is said to be a beacon comes from it.
    says("contribution 2: it does not come from its beacon", &|all| {
        all[1].beacon.as_mut().unwrap().value[0] ^= 1;
    });
    says("contribution 2: it does not come from its beacon", &|all| {
        all[1].beacon.as_mut().unwrap().iterations_log += 1;
    });
    says("contribution 1: it does not come from its beacon", &|all| all[0].beacon = Some(fixed()));
    for log in [0, 9, 33, 255] {
        says("contribution 2: its beacon is to be hashed", &|all| {
            all[1].beacon.as_mut().unwrap().iterations_log = log;
        });
    }
}

#[test]
fn nothing_is_contributed_to_what_does_not_hold() {
    let mut rng = StdRng::seed_from_u64(1);
    let circuit = circuit::<Bn254>("bn128");
    let mut made_up = develop::<Bn254>(&circuit, &mut rng, &mut |_, _| ()).unwrap();
    let refused = contribute(&mut made_up, None, &mut rng, &mut quiet()).unwrap_err();
    assert!(matches!(refused, Phase2Error::NoCeremony), "{refused}");
    let mut broken = contents::<Bn254>("bn128", "tiny.zkey");
    broken.header.delta_g1 = broken.header.alpha_g1;
    let before = bytes(&broken);
    assert!(contribute(&mut broken, None, &mut rng, &mut quiet()).is_err());
    assert!(beacon(&mut broken, None, fixed(), &mut quiet()).is_err());
    assert!(bytes(&broken) == before, "nothing was changed");
    let mut key = contents::<Bn254>("bn128", "new.zkey");
    let name = Some("a".repeat(256));
    assert!(contribute(&mut key, name, &mut rng, &mut quiet()).is_err());
    for bad in [
        Beacon { value: vec![], iterations_log: 10 },
        Beacon { value: vec![1; 256], iterations_log: 10 },
        Beacon { value: vec![1], iterations_log: 9 },
        Beacon { value: vec![1], iterations_log: 33 },
    ] {
        let refused = beacon(&mut key, None, bad, &mut quiet()).unwrap_err();
        assert!(refused.to_string().starts_with("beacon: "), "{refused}");
    }
    assert!(bytes(&key) == fs::read(file("bn128", "new.zkey")).unwrap());
    let source = fs::read(file("bn128", "tiny.zkey")).unwrap();
    let mut whole = Zkey::<Bn254, _>::open(Cursor::new(source)).unwrap();
    assert_eq!(contributions(&mut whole).unwrap().len(), 2);
}
