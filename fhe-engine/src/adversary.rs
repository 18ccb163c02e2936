//! Devices that collude and know all keys cannot make a sum decrypt wrongly, with keys as bad as key
//! generation lets pass.

use pulseproof_packing::{
    DIMENSION, EncryptionWitness, KEY_NOISE_MAX, Layout, LayoutRequest, NOISE_BOUND,
    NOISE_MAX_PER_SUMMAND, PublicKey, SECRET_WEIGHT_MAX, Scale, Totals, head_room,
};
use zeroize::Zeroizing;

use crate::cipher::add_assign;
use crate::encrypt::list;
use crate::keys::{SecretKey, generate_keys};
use crate::phase::phases;

/// 2^17.
const L: i64 = NOISE_BOUND.cast_signed();
/// So much in each coefficient of e is as much as key generation lets pass.
const EVEN: i64 = KEY_NOISE_MAX.cast_signed() / DIMENSION as i64;

/// A secret key with this many ones, in the first places, and its public key with the noise e.
fn crafted(weight: u64, e: &[i64]) -> (SecretKey, PublicKey) {
    let bits: Vec<u64> = (0..DIMENSION as u64).map(|i| u64::from(i < weight)).collect();
    let mask =
        (0..DIMENSION as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect::<Vec<_>>();
    let products = phases(&bits, &mask, &[0; DIMENSION]);
    let body = e.iter().zip(products.iter().rev());
    let body = body.map(|(e, minus)| e.cast_unsigned().wrapping_sub(*minus));
    let words = mask.iter().copied().chain(body).collect();
    let public = PublicKey::from_words(words).unwrap();
    let mut bytes = b"PPFHESEC\x01\x00".to_vec();
    bytes.extend(public.fingerprint());
    let byte =
        |bits: &[u64]| bits.iter().rev().fold(0, |byte, bit| byte << 1 | u8::from(*bit == 1));
    bytes.extend(bits.chunks(8).map(byte));
    (SecretKey::from_bytes(&bytes).unwrap(), public)
}

/// e = b − a·s̄.
fn noise_of((secret, public): &(SecretKey, PublicKey)) -> Vec<i64> {
    let body: Vec<u64> = public.body().iter().rev().copied().collect();
    let noise = phases(secret.bits(), public.mask(), &body);
    noise.iter().rev().map(|word| word.cast_signed()).collect()
}

/// The randomness that makes the noise of `body` as large as it can be, above (1) or below (−1).
fn worst(e: &[i64], body: usize, bodies: usize, sign: i64) -> EncryptionWitness {
    let m = DIMENSION - 1 - body;
    let met = |b: usize| {
        let e = e[(DIMENSION + m - b) % DIMENSION];
        if b <= m { e } else { -e }
    };
    let selector = (0..DIMENSION).map(|b| u64::from(sign * met(b) > 0)).collect();
    let mask_noise = (0..DIMENSION).map(|a| if a <= m { -sign * L } else { sign * L }).collect();
    EncryptionWitness::new(
        Zeroizing::new(selector),
        Zeroizing::new(mask_noise),
        Zeroizing::new(vec![sign * L; bodies]),
    )
}

fn extreme_keys() -> [(SecretKey, PublicKey); 2] {
    [EVEN, -EVEN].map(|each| crafted(SECRET_WEIGHT_MAX, &[each; DIMENSION]))
}

#[test]
fn sums_of_the_worst_lists_decrypt_to_their_totals() {
    let [above, below] = extreme_keys();
    let pairs = [generate_keys(), above, below];
    for (maximum, slots, summands_max) in
        [(360, 288, 160), (1, 3, 1), (4000, 24, 1000), (9, 17, 20_000)]
    {
        let scale = Scale { decimals: 0, minimum: 0, maximum };
        let request = LayoutRequest { scale, inside: (0, 1), slots, summands_max, totals: false };
        let layout = Layout::plan(request).unwrap();
        let readings = vec![maximum; slots];
        let plaintexts = layout.encode(&readings).unwrap();
        let expected =
            Totals::of_readings(&layout, readings.repeat(usize::try_from(summands_max).unwrap()));
        for pair in &pairs {
            assert!(pair.0.opens(&pair.1));
            let e = noise_of(pair);
            for (body, sign) in
                [(0, 1), (0, -1), (layout.bodies() / 2, 1), (layout.bodies() - 1, -1)]
            {
                let witness = worst(&e, body, layout.bodies(), sign);
                let mut sum = vec![0; layout.words()];
                add_assign(&mut sum, &list(&pair.1, &plaintexts, &witness), summands_max);
                assert_eq!(pair.0.decrypt(&layout, &sum, summands_max), Ok(expected));
            }
        }
    }
}

/// The noise of the worst list of the worst keys is the bound, and a plaintext of one bit more does not
/// survive it.
#[test]
fn the_bound_is_reached_and_one_more_bit_fails() {
    for (pair, sign) in extreme_keys().iter().zip([1, -1]) {
        let witness = worst(&noise_of(pair), 0, 1, sign);
        for weight in [1, 10, 100, 160, 1000, 100_000] {
            let mut sum = vec![0; DIMENSION + 1];
            add_assign(&mut sum, &list(&pair.1, &[0], &witness), weight);
            let (mask, bodies) = sum.split_at(DIMENSION);
            let phase = phases(pair.0.bits(), mask, bodies)[0];
            assert_eq!(phase.cast_signed(), sign * (weight * NOISE_MAX_PER_SUMMAND).cast_signed());
            let decrypts = |plaintext_bits: u32| {
                let noise_bits = u64::BITS - plaintext_bits;
                phase.wrapping_add(1 << (noise_bits - 1)) >> noise_bits == 0
            };
            let planned = head_room(weight).unwrap().plaintext_bits;
            assert!(decrypts(planned) && !decrypts(planned + 1), "weight {weight}");
        }
    }
}

#[test]
fn keys_that_allow_more_noise_are_refused() {
    let opens = |weight, e: &[i64]| {
        let (secret, public) = crafted(weight, e);
        secret.opens(&public)
    };
    assert!(opens(SECRET_WEIGHT_MAX, &[0; DIMENSION]));
    assert!(!opens(SECRET_WEIGHT_MAX + 1, &[0; DIMENSION]));
    for sign in [1, -1] {
        // Where the signs turn, all values have the same in body 2047 − turn.
        for turn in [0, 1, 700, DIMENSION - 1] {
            let mut e: Vec<i64> = (0..DIMENSION)
                .map(|a| if a <= turn { sign * EVEN } else { -sign * EVEN })
                .collect();
            assert!(opens(1000, &e), "{turn}");
            e[turn] += sign;
            assert!(!opens(1000, &e), "{turn}");
        }
        let mut e = [0; DIMENSION];
        e[5] = sign * L;
        assert!(opens(1000, &e));
        e[5] += sign;
        assert!(!opens(1000, &e));
    }
}
