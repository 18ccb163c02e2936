//! Decimal and hexadecimal numbers and field elements. Knows fields and nothing else.

use pulseproof_kernels::traits::*;

/// Why a text is not a field element, in its one decimal form unless said otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// Nothing there.
    #[error("an empty string, expected a decimal number")]
    Empty,
    /// A sign, a blank, a letter.
    #[error("a character that is no decimal digit")]
    Digit,
    /// A second form of a number.
    #[error("a leading zero")]
    LeadingZero,
    /// A number that is not reduced.
    #[error("not below the field's modulus")]
    Modulus,
}

/// The element a text stands for: digits only, no leading zero, below the modulus.
pub(crate) fn canonical<F: PrimeField>(text: &str) -> Result<F, NotCanonical> {
    if text.is_empty() {
        return Err(NotCanonical::Empty);
    }
    if text.len() > 1 && text.starts_with('0') {
        return Err(NotCanonical::LeadingZero);
    }
    let mut integer = F::BigInt::default();
    for byte in text.bytes() {
        if !byte.is_ascii_digit() {
            return Err(NotCanonical::Digit);
        }
        if !push(integer.as_mut(), 10, byte - b'0') {
            return Err(NotCanonical::Modulus);
        }
    }
    F::from_bigint(integer).ok_or(NotCanonical::Modulus)
}

/// The element that hexadecimal digits stand for, of either case, with as many zeros in front as there are.
pub(crate) fn hexadecimal<F: PrimeField>(digits: &str) -> Result<F, NotCanonical> {
    if digits.is_empty() {
        return Err(NotCanonical::Empty);
    }
    let mut integer = F::BigInt::default();
    for digit in digits.chars() {
        let digit = digit.to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        if !push(integer.as_mut(), 16, digit.ok_or(NotCanonical::Digit)?) {
            return Err(NotCanonical::Modulus);
        }
    }
    F::from_bigint(integer).ok_or(NotCanonical::Modulus)
}

/// Appends a digit; whether the number still fits.
fn push(words: &mut [u64], radix: u128, digit: u8) -> bool {
    let mut carry = u128::from(digit);
    for word in words {
        let sum = u128::from(*word) * radix + carry;
        #[expect(clippy::cast_possible_truncation, reason = "the low word; the rest is carried")]
        {
            *word = sum as u64;
        }
        carry = sum >> 64;
    }
    carry == 0
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bn254, Curve, Scalar, for_each_curve};
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn every_element_has_one_form() {
        fn test<C: Curve>() {
            let mut rng = StdRng::seed_from_u64(1);
            let edges = [Scalar::<C>::ZERO, Scalar::<C>::ONE, -Scalar::<C>::ONE];
            for value in edges.into_iter().chain((0..100).map(|_| Scalar::<C>::rand(&mut rng))) {
                let text = value.into_bigint().to_string();
                assert_eq!(canonical(&text), Ok(value));
                assert_eq!(
                    canonical::<Scalar<C>>(&format!("0{text}")),
                    Err(NotCanonical::LeadingZero)
                );
            }
        }
        for_each_curve!(test);
    }

    #[test]
    fn hexadecimal_is_the_same_number() {
        type F = Scalar<Bn254>;
        for (digits, value) in [("0", 0), ("1f", 31), ("1F", 31), ("00ff", 255)] {
            assert_eq!(hexadecimal::<F>(digits), Ok(F::from(value)));
        }
        let last = -F::ONE;
        let words: String =
            last.into_bigint().0.iter().rev().map(|w| format!("{w:016x}")).collect();
        assert_eq!(hexadecimal::<F>(&words), Ok(last));
        let modulus: String = F::MODULUS.0.iter().rev().map(|w| format!("{w:016x}")).collect();
        for beyond in [modulus, "f".repeat(64), format!("1{}", "0".repeat(64))] {
            assert_eq!(hexadecimal::<F>(&beyond), Err(NotCanonical::Modulus));
        }
        for digits in ["g", "-1", " 1", "0x1"] {
            assert_eq!(hexadecimal::<F>(digits), Err(NotCanonical::Digit));
        }
        assert_eq!(hexadecimal::<F>(""), Err(NotCanonical::Empty));
    }

    #[test]
    fn other_texts_are_refused() {
        type F = Scalar<Bn254>;
        assert_eq!(canonical::<F>(""), Err(NotCanonical::Empty));
        for text in ["-1", "+1", " 1", "1 ", "0x1", "1e3", "1.0", "١", "1_0"] {
            let refused = canonical::<F>(text).unwrap_err();
            assert!([NotCanonical::Digit, NotCanonical::LeadingZero].contains(&refused), "{text}");
        }
        let modulus = F::MODULUS.to_string();
        assert_eq!(canonical::<F>(&modulus), Err(NotCanonical::Modulus));
        assert_eq!(canonical::<F>(&"9".repeat(10_000)), Err(NotCanonical::Modulus));
    }
}
