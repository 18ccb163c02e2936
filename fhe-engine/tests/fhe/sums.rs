//! Sums of encrypted lists decrypt to the totals of the readings in the clear.

use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use pulseproof_fhe::{
    DIMENSION, DecryptError, Encrypt, EncryptError, Layout, LayoutRequest, PublicKey, Quantity,
    Scale, SecretKey, Totals, add_assign, generate_keys,
};
use std::sync::LazyLock;
use tfhe::core_crypto::prelude::*;

static KEYS: LazyLock<(SecretKey, PublicKey)> = LazyLock::new(generate_keys);

const GLUCOSE: Scale = Scale { decimals: 0, minimum: 40, maximum: 400 };

fn glucose(slots: usize, summands_max: u64) -> Layout {
    plan(GLUCOSE, (70, 180), slots, summands_max)
}

fn plan(scale: Scale, inside: (i64, i64), slots: usize, summands_max: u64) -> Layout {
    let request = LayoutRequest { scale, inside, slots, summands_max, totals: false };
    Layout::plan(request).expect("the request can be served")
}

/// The encrypted sum of devices, each with its weight, and the totals in the clear.
fn sum(layout: &Layout, devices: &[(Vec<i64>, u64)]) -> (Vec<u64>, Totals) {
    let mut sum = vec![0; layout.words()];
    let mut expected = Totals::default();
    for (readings, weight) in devices {
        let list = KEYS.1.encrypt(layout, readings).expect("the readings fit the layout");
        add_assign(&mut sum, &list, *weight);
        let totals = Totals::of_readings(layout, readings.iter().copied());
        let weight = u128::from(*weight);
        expected.count += weight * totals.count;
        expected.inside += weight * totals.inside;
        expected.sum += weight * totals.sum;
        expected.sum_of_squares += weight * totals.sum_of_squares;
    }
    (sum, expected)
}

fn assert_sum(layout: &Layout, devices: &[(Vec<i64>, u64)]) {
    let (sum, expected) = sum(layout, devices);
    let summands = devices.iter().map(|(_, weight)| weight).sum();
    assert_eq!(KEYS.0.decrypt(layout, &sum, summands), Ok(expected));
}

#[test]
fn one_day_of_one_device() {
    let day: Vec<i64> = (0..288).map(|slot| 40 + (slot * 7919) % 361).collect();
    for summands_max in [1, 10, 160] {
        assert_sum(&glucose(288, summands_max), &[(day.clone(), 1)]);
    }
}

#[test]
fn fields_may_be_filled_to_the_brim() {
    for (slots, summands_max) in [(288, 1), (288, 160), (17, 100_000)] {
        let layout = glucose(slots, summands_max);
        for raw in [40, 69, 70, 180, 181, 400] {
            assert_sum(&layout, &[(vec![raw; slots], summands_max)]);
        }
    }
}

#[test]
fn many_devices_at_their_maximum() {
    let layout = glucose(288, 40);
    assert_sum(&layout, &vec![(vec![400; 288], 1); 40]);
}

#[test]
fn no_readings_give_zero_totals() {
    let layout = glucose(288, 10);
    assert_sum(&layout, &[(vec![], 3), (vec![], 7)]);
    let (sum, _) = sum(&layout, &[(vec![], 10)]);
    assert_eq!(KEYS.0.decrypt(&layout, &sum, 10), Ok(Totals::default()));
}

#[test]
fn scales_of_every_kind() {
    let wide = Scale { decimals: 9, minimum: -1_000_000_000_000, maximum: 1_000_000_000_000 };
    let layout = plan(wide, (-5, 5), 50, 1000);
    let readings = vec![-1_000_000_000_000, -5, -6, 0, 5, 6, 1_000_000_000_000];
    assert_sum(&layout, &[(readings.clone(), 999), (readings, 1)]);

    let whole = Scale { decimals: 0, minimum: i64::MIN / 16, maximum: i64::MAX / 16 };
    let layout = plan(whole, (0, i64::MAX / 16), 3, 30);
    assert_sum(
        &layout,
        &[(vec![i64::MIN / 16, -1, i64::MAX / 16], 29), (vec![i64::MAX / 16; 3], 1)],
    );

    let binary = Scale { decimals: 0, minimum: 0, maximum: 1 };
    let layout = plan(binary, (1, 1), 2048, 3);
    assert_sum(&layout, &[((0..2048).map(|slot| slot % 2).collect(), 1), (vec![1; 2048], 2)]);
}

#[test]
fn random_devices_with_random_weights() {
    let device = (prop::collection::vec(40i64..=400, 0..=24), 1u64..=9);
    let devices = prop::collection::vec(device, 1..6);
    let layout = glucose(24, 45);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    TestRunner::new_with_rng(
        Config { cases: 60, failure_persistence: None, ..Config::default() },
        rng,
    )
    .run(&devices, |devices| {
        let (sum, expected) = sum(&layout, &devices);
        let summands = devices.iter().map(|(_, weight)| weight).sum();
        prop_assert_eq!(KEYS.0.decrypt(&layout, &sum, summands), Ok(expected));
        Ok(())
    })
    .unwrap();
}

/// tfhe-rs expands the list and decrypts each ciphertext; the fields are then read off a layout in
/// which each of the five limbs has a body of its own, the widest first.
#[test]
fn another_decryption_agrees() {
    let layout = plan(Scale { decimals: 0, minimum: 0, maximum: 2047 }, (1000, 2000), 1, 4096);
    assert_eq!((layout.plaintext_bits(), layout.words()), (23, DIMENSION + 5));
    let devices = [(vec![1500], 4000), (vec![2047], 90), (vec![2], 6)];
    let (sum, expected) = sum(&layout, &devices);

    let packed = &KEYS.0.to_bytes()[10 + 32..];
    let bits: Vec<u64> = (0..DIMENSION).map(|i| u64::from(packed[i / 8] >> (i % 8) & 1)).collect();
    let secret = LweSecretKey::from_container(bits);
    let list = LweCompactCiphertextList::from_container(
        sum.clone(),
        LweDimension(DIMENSION).to_lwe_size(),
        LweCiphertextCount(layout.words() - DIMENSION),
        CiphertextModulus::new_native(),
    );
    let limbs: Vec<u64> = list
        .expand_into_lwe_ciphertext_list()
        .iter()
        .map(|ciphertext| decrypt_lwe_ciphertext(&secret, &ciphertext).0)
        .map(|phase| phase.wrapping_add(1 << 40) >> 41)
        .collect();

    let weighted = |limb: fn(u64) -> u64| 4000 * limb(1500) + 90 * limb(2047) + 6 * limb(2);
    let low = weighted(|x| x * x % 2048);
    let high = weighted(|x| x * x / 2048);
    assert_eq!(limbs, [weighted(|x| x), low, high, 4096, 4000]);
    assert_eq!(u128::from(low + 2048 * high), expected.sum_of_squares);
    assert_eq!(KEYS.0.decrypt(&layout, &sum, 4096), Ok(expected));
}

#[test]
fn readings_that_do_not_fit_are_refused() {
    let layout = glucose(3, 10);
    assert_eq!(
        KEYS.1.encrypt(&layout, &[100; 4]),
        Err(EncryptError::TooManyReadings { found: 4, slots: 3 })
    );
    for found in [39, 401, i64::MIN, i64::MAX] {
        assert_eq!(
            KEYS.1.encrypt(&layout, &[100, found]),
            Err(EncryptError::OutOfRange { index: 1, found, minimum: 40, maximum: 400 })
        );
    }
}

#[test]
fn sums_that_do_not_fit_are_refused() {
    let layout = glucose(3, 10);
    let list = KEYS.1.encrypt(&layout, &[100]).unwrap();
    let expected = layout.words();
    for found in [0, expected - 1, expected + 1] {
        let mut list = list.clone();
        list.resize(found, 0);
        assert_eq!(
            KEYS.0.decrypt(&layout, &list, 1),
            Err(DecryptError::Length { found, expected })
        );
    }
    assert_eq!(KEYS.0.decrypt(&layout, &list, 0), Err(DecryptError::NoSummands));
    assert_eq!(
        KEYS.0.decrypt(&layout, &list, 11),
        Err(DecryptError::TooManySummands { found: 11, limit: 10 })
    );
}

#[test]
fn more_than_was_declared_is_refused() {
    let layout = glucose(288, 10);
    let (sum, expected) = sum(&layout, &[(vec![40], 1), (vec![40], 1)]);
    let implausible = DecryptError::Implausible { field: Quantity::Count, summands: 1 };
    assert_eq!(KEYS.0.decrypt(&layout, &sum, 2), Ok(expected));
    assert_eq!(KEYS.0.decrypt(&layout, &sum, 1), Err(implausible.clone()));
    assert_eq!(
        implausible.to_string(),
        "the field `count` is not what lists of total weight 1 add up to: \
         another key, another layout, another weight, or not a sum of readings"
    );
}

#[test]
fn the_wrong_key_is_noticed() {
    let layout = glucose(288, 10);
    let (sum, _) = sum(&layout, &[(vec![100; 288], 10)]);
    let error = generate_keys().0.decrypt(&layout, &sum, 10).unwrap_err();
    assert!(matches!(error, DecryptError::Implausible { .. } | DecryptError::UnusedBits));
}

#[test]
fn encryption_is_never_twice_the_same() {
    let layout = glucose(3, 10);
    let lists = [(); 2].map(|()| KEYS.1.encrypt(&layout, &[100]).unwrap());
    let equal = lists[0].iter().zip(&lists[1]).filter(|(a, b)| a == b).count();
    assert_eq!(equal, 0);
}

#[test]
#[should_panic(expected = "equally long")]
fn lists_of_different_lengths_do_not_add() {
    add_assign(&mut [0; 3], &[0; 2], 1);
}
