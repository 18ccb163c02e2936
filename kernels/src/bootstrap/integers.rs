//! The roundings: digits, and switches between the moduli 2^64, p and 2N.

use super::MODULUS;

/// Bits of p.
pub const MODULUS_BITS: u32 = u64::BITS - MODULUS.leading_zeros();

/// ⌊2^64·(2^64 − 2^14·p)/p⌉: what [`to_word`] multiplies by.
#[expect(clippy::cast_possible_truncation, reason = "2^64 − 2^14·p is below p/2^7")]
pub const WORD_FRACTION: u64 = {
    let excess = (1u128 << 64) - ((MODULUS as u128) << WORD_SHIFT);
    (((excess << 64) + MODULUS as u128 / 2) / MODULUS as u128) as u64
};

/// How far [`to_word`] shifts.
pub const WORD_SHIFT: u32 = u64::BITS - MODULUS_BITS;

/// The digits of a word modulo 2^64, least significant first.
///
/// The word is rounded to its `levels`·`base_log` top bits, a half upwards, and the rounded number r is
/// read from −B^levels/2 to B^levels/2, where the upper end stands for itself if it was not rounded up
/// to. Digits run from −B/2 to B/2 with B = 2^base_log.
///
/// Source: the balanced decomposition of Joye, "Balanced non-adjacent forms" (ePrint 2021/1161), as
/// tfhe-rs's `SignedDecomposer` has it.
pub fn digits_of_word(word: u64, base_log: u32, levels: u32) -> impl Iterator<Item = i64> {
    let bits = base_log * levels;
    let with_half = word >> (u64::BITS - bits - 1);
    let rounded = (with_half.wrapping_add(1) >> 1) & (u64::MAX >> (u64::BITS - bits));
    let half = 1 << (bits - 1);
    let is_upper = rounded > half || (rounded == half && with_half & 1 == 1);
    let centred = rounded.wrapping_sub(u64::from(is_upper) << bits);
    digits(centred.cast_signed(), base_log, levels)
}

/// The digits of a residue modulo p, least significant first.
///
/// The residue is read from −(p − 1)/2 to (p − 1)/2; its absolute value is rounded to the top
/// `levels`·`base_log` of [`MODULUS_BITS`] bits, a half upwards, and cut; the sign goes to every digit.
/// Digits run from −B/2 to B/2.
///
/// Source: tfhe-rs's `SignedDecomposerNonNative`.
pub fn digits_of_residue(residue: u64, base_log: u32, levels: u32) -> impl Iterator<Item = i64> {
    let (sign, magnitude) =
        if residue <= MODULUS / 2 { (1, residue) } else { (-1, MODULUS - residue) };
    let shift = MODULUS_BITS - base_log * levels;
    let rounded = (magnitude + (1 << (shift - 1))) >> shift;
    digits(rounded.cast_signed(), base_log, levels).map(move |digit| sign * digit)
}

/// The digits of a number. A digit is B/2 rather than −B/2 where the next bit of the number is 0.
fn digits(mut rest: i64, base_log: u32, levels: u32) -> impl Iterator<Item = i64> {
    let base = 1i64 << base_log;
    (0..levels).map(move |_| {
        let digit = rest & (base - 1);
        rest >>= base_log;
        let is_negative =
            digit > base / 2 || (digit == base / 2 && rest >> (base_log - 1) & 1 == 1);
        rest += i64::from(is_negative);
        if is_negative { digit - base } else { digit }
    })
}

/// The exponents modulo 2N of a ciphertext: those of the mask, and then that of the body.
///
/// Words are scaled by 2N/2^64 and rounded, a half upwards. Before that the body is corrected by
/// ⌊Σ_i e_i/2⌋ − 2^63/2N, where e_i is what rounding added to mask word i: since the key is binary, the
/// error of the phase then has mean 0 and half the variance, and half a step is taken off so that a
/// step of a table is centred on its value.
///
/// Source: Bernard, Joye, Smart, Walter, "Drifting towards better error probabilities in fully
/// homomorphic encryption schemes" (ePrint 2024/1718); the form with a mean that is centred is that of
/// tfhe-rs, `lwe_ciphertext_centered_binary_modulus_switch`.
#[must_use]
pub fn monomials(ciphertext: &[u64], log_size: u32) -> Vec<u32> {
    let (&body, mask) = ciphertext.split_last().expect("a ciphertext has a body");
    let errors: i128 = mask.iter().map(|&word| i128::from(rounding_error(word, log_size))).sum();
    #[expect(clippy::cast_possible_truncation, reason = "modulo 2^64")]
    let correction = ((errors >> 1) as i64).cast_unsigned().wrapping_sub(half_step(log_size));
    let body = body.wrapping_add(correction);
    mask.iter().chain([&body]).map(|&word| exponent(word, log_size)).collect()
}

/// Half of 2^64/2N.
fn half_step(log_size: u32) -> u64 {
    1 << (u64::BITS - log_size - 2)
}

/// word·2N/2^64, rounded, modulo 2N.
#[expect(clippy::cast_possible_truncation, reason = "at most 13 bits")]
fn exponent(word: u64, log_size: u32) -> u32 {
    (word.wrapping_add(half_step(log_size)) >> (u64::BITS - log_size - 1)) as u32
}

/// What rounding adds to a word.
fn rounding_error(word: u64, log_size: u32) -> i64 {
    let half = half_step(log_size);
    half.cast_signed() - (word.wrapping_add(half) & (2 * half - 1)).cast_signed()
}

/// word·p/2^64, rounded, a half upwards, modulo p.
#[must_use]
pub fn to_residue(word: u64) -> u64 {
    let scaled = ((u128::from(word) * u128::from(MODULUS) + (1 << 63)) >> 64) as u64;
    if scaled == MODULUS { 0 } else { scaled }
}

/// residue·2^64/p to within one: 2^14·residue + ⌊residue·[`WORD_FRACTION`]/2^64⌋.
#[must_use]
pub fn to_word(residue: u64) -> u64 {
    let fraction = (u128::from(residue) * u128::from(WORD_FRACTION)) >> 64;
    (residue << WORD_SHIFT) + fraction as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(digits: impl Iterator<Item = i64>, base_log: u32) -> i128 {
        digits.enumerate().map(|(i, digit)| i128::from(digit) << (base_log as usize * i)).sum()
    }

    proptest! {
        #[test]
        fn digits_of_words_are_balanced_and_near(
            word in any::<u64>(), base_log in 1u32..=31, levels in 1u32..=16,
        ) {
            prop_assume!(base_log * levels < 64);
            let digits: Vec<_> = digits_of_word(word, base_log, levels).collect();
            prop_assert!(digits.iter().all(|digit| digit.abs() <= 1 << (base_log - 1)));
            let shift = 64 - base_log * levels;
            let error = (value(digits.into_iter(), base_log) << shift) - i128::from(word);
            let error = error.rem_euclid(1 << 64);
            prop_assert!(error.min((1 << 64) - error) <= 1 << (shift - 1));
        }

        #[test]
        fn digits_of_residues_are_balanced_and_near(
            residue in 0..MODULUS, base_log in 1u32..=31, levels in 1u32..=16,
        ) {
            prop_assume!(base_log * levels < MODULUS_BITS);
            let digits: Vec<_> = digits_of_residue(residue, base_log, levels).collect();
            prop_assert!(digits.iter().all(|digit| digit.abs() <= 1 << (base_log - 1)));
            let shift = MODULUS_BITS - base_log * levels;
            let error = (value(digits.into_iter(), base_log) << shift) - i128::from(residue);
            let error = error.rem_euclid(i128::from(MODULUS));
            let error = error.min(i128::from(MODULUS) - error);
            prop_assert!(error <= 1 << (shift - 1), "{error}");
        }

        #[test]
        fn switches_are_nearest(word in any::<u64>(), residue in 0..MODULUS) {
            let scaled = u128::from(to_residue(word)) << 64;
            let exact = u128::from(word) * u128::from(MODULUS);
            let modulus = u128::from(MODULUS) << 64;
            let error = scaled.abs_diff(exact).min(modulus - scaled.abs_diff(exact));
            prop_assert!(error <= 1 << 63);
            let back = u128::from(to_word(residue)) * u128::from(MODULUS);
            let exact = u128::from(residue) << 64;
            prop_assert!(back.abs_diff(exact) <= u128::from(MODULUS) + (1 << 36), "{residue}");
            prop_assert_eq!(to_residue(to_word(residue)), residue);
        }

        #[test]
        fn exponents_are_rounded_phases(mask in prop::collection::vec(any::<u64>(), 1..9), body: u64) {
            let log_size = 11;
            let mut ciphertext = mask.clone();
            ciphertext.push(body);
            let exponents = monomials(&ciphertext, log_size);
            let step = 2f64.powi(52);
            for (&word, &exponent) in mask.iter().zip(&exponents) {
                let exact = word as f64 / step;
                prop_assert!((f64::from(exponent) - exact).abs() <= 0.5001
                    || (f64::from(exponent) + 4096.0 - exact).abs() <= 0.5001);
            }
            // For a key of ones half of the errors remain, and the half step.
            let error: i64 = mask.iter().map(|&word| rounding_error(word, log_size)).sum();
            let corrected = body.wrapping_add((error >> 1).cast_unsigned()).wrapping_sub(1 << 51);
            prop_assert_eq!(exponents[mask.len()], exponent(corrected, log_size));
        }
    }

    #[test]
    fn edges() {
        assert_eq!(MODULUS_BITS, 50);
        assert_eq!(digits_of_residue(0, 23, 1).collect::<Vec<_>>(), [0]);
        assert_eq!(digits_of_residue(MODULUS / 2, 23, 1).collect::<Vec<_>>(), [(1 << 22) - 2]);
        assert_eq!(digits_of_residue(MODULUS / 2 + 1, 23, 1).collect::<Vec<_>>(), [2 - (1 << 22)]);
        assert_eq!(digits_of_residue(MODULUS - 1, 23, 1).collect::<Vec<_>>(), [0]);
        assert_eq!(digits_of_word(u64::MAX, 4, 4).collect::<Vec<_>>(), [0; 4]);
        assert_eq!(digits_of_word(1 << 63, 4, 4).collect::<Vec<_>>(), [0, 0, 0, 8]);
        assert_eq!(digits_of_word(u64::MAX, 21, 3).collect::<Vec<_>>(), [0; 3]);
        assert_eq!(to_residue(u64::MAX), 0);
        assert_eq!(to_word(0), 0);
        assert_eq!(exponent(u64::MAX, 11), 0);
        assert_eq!(rounding_error(1 << 51, 11), 1 << 51);
    }
}
