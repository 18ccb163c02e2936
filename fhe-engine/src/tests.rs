//! What only shows inside: phases and noise.

use proptest::prelude::*;
use pulseproof_packing::{
    DIMENSION, DecryptError, Layout, LayoutRequest, ListTotal, NOISE_BOUND, NOISE_BOUND_LOG2,
    PublicKey, Scale, head_room,
};
use tfhe::core_crypto::commons::generators::{DeterministicSeeder, NoiseRandomGenerator};
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude::*;

use crate::cipher::add_assign;
use crate::encrypt::{Encrypt, draw, list};
use crate::keys::{SecretKey, generate_keys_from};
use crate::phase::phases;

/// Variance of one TUniform(17) variable.
const NOISE_VARIANCE: f64 = ((1u64 << (2 * NOISE_BOUND_LOG2 + 1)) + 1) as f64 / 6.0;

type TestSeeder = DeterministicSeeder<DefaultRandomGenerator>;

fn seeder(seed: u128) -> TestSeeder {
    DeterministicSeeder::new(Seed(seed))
}

fn request(maximum: i64, slots: usize, summands_max: u64) -> LayoutRequest {
    let scale = Scale { decimals: 0, minimum: 0, maximum };
    LayoutRequest { scale, inside: (0, 0), slots, summands_max, totals: false }
}

/// tfhe-rs encrypts the same plaintexts with the same seed to the same words.
#[test]
fn lists_are_those_of_tfhe_word_for_word() {
    for seed in 0..4 {
        let (_, public) = generate_keys_from(&mut seeder(100 + seed));
        for bodies in [1, 2, 300, 672, DIMENSION] {
            let plaintexts: Vec<u64> = (0..bodies as u64).map(|i| i << 40 | i << 27).collect();
            let ours = encrypt_words(&public, &plaintexts, &mut seeder(seed));
            let mut theirs = LweCompactCiphertextList::new(
                0,
                LweDimension(DIMENSION).to_lwe_size(),
                LweCiphertextCount(bodies),
                CiphertextModulus::new_native(),
            );
            encrypt_lwe_compact_ciphertext_list_with_compact_public_key(
                &LweCompactPublicKey::from_container(
                    public.words(),
                    CiphertextModulus::new_native(),
                ),
                &mut theirs,
                &PlaintextList::from_container(plaintexts),
                crate::keys::noise(),
                crate::keys::noise(),
                &mut NoiseRandomGenerator::<DefaultRandomGenerator>::new(&mut seeder(seed)),
            );
            assert_eq!(ours, theirs.into_container(), "seed {seed}, {bodies} bodies");
        }
    }
}

/// Coefficient k of left·right modulo X^2048 + 1.
fn coefficient(left: &[u64], right: &[u64], k: usize) -> u64 {
    (0..DIMENSION).fold(0, |sum: u64, i| {
        let product = left[i].wrapping_mul(right[(DIMENSION + k - i) % DIMENSION]);
        if i <= k { sum.wrapping_add(product) } else { sum.wrapping_sub(product) }
    })
}

#[test]
fn a_witness_satisfies_the_equations_of_its_list() {
    let (_, public) = generate_keys_from(&mut seeder(3));
    let layouts = [(1, 3, 1), (400, 288, 160), (4000, 1, 30)];
    for (maximum, slots, summands_max) in layouts {
        let request = LayoutRequest { totals: true, ..request(maximum, slots, summands_max) };
        let layout = Layout::plan(request).unwrap();
        let readings = vec![1; slots / 2];
        let (words, witness) = public.encrypt_with_witness(&layout, &readings).unwrap();
        let plaintexts = layout.encode(&readings).unwrap();
        let (mask, bodies) = words.split_at(DIMENSION);
        assert_eq!(bodies.len(), witness.body_noise().len());
        for (k, (&u, &noise)) in mask.iter().zip(witness.mask_noise()).enumerate() {
            let product = coefficient(public.mask(), witness.selector(), k);
            assert_eq!(u, product.wrapping_add(noise.cast_unsigned()));
        }
        for (i, (&c, &noise)) in bodies.iter().zip(witness.body_noise()).enumerate() {
            let product = coefficient(public.body(), witness.selector(), DIMENSION - 1 - i);
            let clear = noise.cast_unsigned().wrapping_add(plaintexts[i]);
            assert_eq!(c, product.wrapping_add(clear));
        }
        let noise = witness.mask_noise().iter().chain(witness.body_noise());
        assert!(noise.clone().all(|noise| noise.unsigned_abs() <= NOISE_BOUND));
        assert!(noise.clone().any(|noise| noise.unsigned_abs() > NOISE_BOUND / 2));
        assert!((900..1150).contains(&witness.selector().iter().sum::<u64>()));
        assert_eq!(format!("{witness:?}"), "EncryptionWitness { .. }");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(4) })]

    /// tfhe-rs expands the list to one ciphertext a body and decrypts each.
    #[test]
    fn phases_are_those_of_the_expanded_list(
        key in prop::collection::vec(0u64..=1, DIMENSION),
        list in prop::collection::vec(any::<u64>(), DIMENSION + 1..=2 * DIMENSION),
    ) {
        let (mask, bodies) = list.split_at(DIMENSION);
        let ours = phases(&key, mask, bodies);
        let expanded = LweCompactCiphertextList::from_container(
            list.clone(),
            LweDimension(DIMENSION).to_lwe_size(),
            LweCiphertextCount(bodies.len()),
            CiphertextModulus::new_native(),
        )
        .expand_into_lwe_ciphertext_list();
        let secret = LweSecretKey::from_container(key);
        let theirs: Vec<u64> =
            expanded.iter().map(|one| decrypt_lwe_ciphertext(&secret, &one).0).collect();
        prop_assert_eq!(&*ours, &theirs);
    }
}

/// A list of these plaintexts.
fn encrypt_words(public: &PublicKey, words: &[u64], seeder: &mut TestSeeder) -> Vec<u64> {
    list(public, words, &draw(words.len(), seeder))
}

/// The weighted sum of lists of zeros, with as many bodies as one mask serves: its phases are its noise.
fn noise_of_sum(
    (secret, public): &(SecretKey, PublicKey),
    weights: &[u64],
    seeder: &mut TestSeeder,
) -> Vec<f64> {
    let mut sum = vec![0; 2 * DIMENSION];
    for &weight in weights {
        add_assign(&mut sum, &encrypt_words(public, &[0; DIMENSION], seeder), weight);
    }
    let (mask, bodies) = sum.split_at(DIMENSION);
    phases(secret.bits(), mask, bodies).iter().map(|word| word.cast_signed() as f64).collect()
}

/// Mean square of the noise of a sum, over fresh keys and all bodies, and the largest. One key is not
/// enough: the noise of its public key is common to all bodies and all devices.
fn measured_noise(weights: &[u64], keys: u32) -> (f64, f64) {
    let mut largest = 0f64;
    let squares: f64 = (0..keys)
        .map(|key| {
            let mut seeder = seeder((weights.len() as u128) << 32 | u128::from(key));
            let keys = generate_keys_from(&mut seeder);
            let noise = noise_of_sum(&keys, weights, &mut seeder);
            largest = noise.iter().fold(largest, |largest, noise| largest.max(noise.abs()));
            noise.iter().map(|noise| noise * noise).sum::<f64>() / noise.len() as f64
        })
        .sum();
    (squares / f64::from(keys), largest)
}

/// σ²·(N·(W² + Σw²)/4 + (N/2 + 1)·Σw²): the mean of the variance over keys and encryption
/// randomness.
fn mean_variance(weights: &[u64]) -> f64 {
    let total = weights.iter().sum::<u64>() as f64;
    let squares = weights.iter().map(|weight| weight * weight).sum::<u64>() as f64;
    let dimension = DIMENSION as f64;
    let key_noise = dimension * (total * total + squares) / 4.0;
    NOISE_VARIANCE * (key_noise + (dimension / 2.0 + 1.0) * squares)
}

#[test]
fn measured_noise_is_as_derived() {
    let log2_std = |variance: f64| variance.log2() / 2.0;
    let mut table = String::from(
        "| summands | keys | measured | derived mean | largest | bound |\n\
         |---:|---:|---:|---:|---:|---:|\n",
    );
    let [one, _, hundred] = [(1, 256), (10, 64), (100, 24)].map(|(summands, keys)| {
        let weights = vec![1; summands];
        let (measured, largest) = measured_noise(&weights, keys);
        let mean = mean_variance(&weights);
        let bound = head_room(summands as u64).unwrap().noise_max as f64;
        assert!(largest < bound);
        assert!((0.6..1.5).contains(&(measured / mean)), "{measured} against {mean}");
        let [std, mean] = [measured, mean].map(log2_std);
        let [largest, bound] = [largest, bound].map(f64::log2);
        table += &format!(
            "| {summands} | {keys} | {std:.2} | {mean:.2} | {largest:.2} | {bound:.2} |\n"
        );
        measured
    });
    // Independent noise would grow by √100 = 10; the noise of the public key grows by 100/2.
    let growth = (hundred / one).sqrt();
    assert!((35.0..70.0).contains(&growth), "{growth}");

    println!("{table}");
    let document = include_str!("../../docs/encryption.md");
    assert!(document.contains(&table), "docs/encryption.md must contain\n{table}");
}

#[test]
fn weights_count_as_derived() {
    let weights = [60, 25, 10, 4, 1];
    let (measured, _) = measured_noise(&weights, 64);
    let mean = mean_variance(&weights);
    assert!((0.6..1.5).contains(&(measured / mean)), "{measured} against {mean}");
}

/// In a sum the noise of the public key outweighs that of the devices: neighbouring bodies have
/// nearly the same noise, which independent noise would not give.
#[test]
fn noise_of_a_sum_is_that_of_the_public_key() {
    let mut seeder = seeder(1);
    let keys = generate_keys_from(&mut seeder);
    let correlation = |noise: &[f64]| {
        let products: f64 = noise.windows(2).map(|pair| pair[0] * pair[1]).sum();
        products / noise.iter().map(|noise| noise * noise).sum::<f64>()
    };
    assert!(correlation(&noise_of_sum(&keys, &[1; 100], &mut seeder)) > 0.8);
}

#[test]
fn tuniform_noise_has_its_variance_and_bounds() {
    let samples = 1 << 18;
    let mut noise = vec![0u64; samples];
    let mut generator =
        EncryptionRandomGenerator::<DefaultRandomGenerator>::new(Seed(5), &mut seeder(5));
    let zero = LweSecretKey::from_container(vec![0u64; 1]);
    for word in &mut noise {
        let ciphertext = allocate_and_encrypt_new_lwe_ciphertext(
            &zero,
            Plaintext(0),
            crate::keys::noise(),
            CiphertextModulus::new_native(),
            &mut generator,
        );
        *word = *ciphertext.get_body().data;
    }
    assert!(noise.iter().all(|word| word.cast_signed().unsigned_abs() <= NOISE_BOUND));
    let squares: f64 = noise.iter().map(|word| (word.cast_signed() as f64).powi(2)).sum();
    assert!((squares / samples as f64 / NOISE_VARIANCE - 1.0).abs() < 0.01);
}

#[test]
fn totals_that_contradict_the_slots_are_refused() {
    let layout = Layout::plan(LayoutRequest { totals: true, ..request(360, 4, 10) }).unwrap();
    let (secret, public) = generate_keys_from(&mut seeder(7));
    let mut sum = vec![0; layout.words()];
    for readings in [&[100i64, 200][..], &[5], &[]] {
        add_assign(&mut sum, &public.encrypt(&layout, readings).unwrap(), 2);
    }
    let totals = secret.decrypt(&layout, &sum, 6).unwrap();
    assert_eq!((totals.count, totals.sum), (6, 610));
    for total in [ListTotal::Count, ListTotal::Inside, ListTotal::Sum] {
        let (body, bits) = layout.body_of(total).unwrap();
        let mut altered = sum.clone();
        altered[DIMENSION + body] = altered[DIMENSION + body].wrapping_add(1 << (64 - bits));
        let refused = secret.decrypt(&layout, &altered, 6);
        assert_eq!(refused, Err(DecryptError::Inconsistent { total }));
    }
}
