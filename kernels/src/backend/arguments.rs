//! What every backend checks before it computes, so that all refuse the same arguments with the same
//! errors.

use ark_ff::FftField;

use crate::backend::Binary;
use crate::bootstrap::{BootstrapShape, KeyswitchShape, MODULUS};
use crate::error::Error;
use crate::msm::{BASES_MAX, LEVELS_MAX};
use crate::transform::Transform;

/// The second operand's length `period` divides the first's, `len`.
pub(crate) fn check_period(len: usize, period: usize) -> Result<(), Error> {
    if period > 0 && len.is_multiple_of(period) {
        return Ok(());
    }
    let expected = format!("a divisor of {len}");
    Err(Error::Length { what: "second operand", got: period, expected })
}

/// The second operand is no longer than the first.
pub(crate) fn check_prefix(len: usize, prefix: usize) -> Result<(), Error> {
    if prefix <= len {
        return Ok(());
    }
    let expected = format!("at most {len}");
    Err(Error::Length { what: "second operand", got: prefix, expected })
}

/// `len` elements are whole rows, and `op` has running totals.
pub(crate) fn check_scan(op: Binary, len: usize, row: usize) -> Result<(), Error> {
    if op == Binary::Sub {
        let expected = "0 (add) or 2 (multiply)";
        return Err(Error::Argument { what: "operation of a scan", got: 1, expected });
    }
    if row > 0 && len.is_multiple_of(row) {
        return Ok(());
    }
    let expected = format!("a divisor of {len}");
    Err(Error::Length { what: "row of a scan", got: row, expected })
}

/// ω and how many rows `len` elements are.
pub(crate) fn check_transform<F: FftField>(
    transform: &Transform<F>,
    len: usize,
) -> Result<(F, usize), Error> {
    let root = transform.root()?;
    Ok((root, transform.rows(len)?))
}

/// The length of each of the `weights` vectors that `len` words are.
pub(crate) fn check_weights(len: usize, weights: usize) -> Result<usize, Error> {
    if weights == 0 {
        let expected = "at least 1".to_owned();
        return Err(Error::Length { what: "weights", got: 0, expected });
    }
    if len.is_multiple_of(weights) {
        return Ok(len / weights);
    }
    let expected = format!("a multiple of {weights}");
    Err(Error::Length { what: "weighted vectors", got: len, expected })
}

/// Points with `levels` levels of multiples, to be prepared as bases.
pub(crate) fn check_bases(points: usize, levels: u32) -> Result<(), Error> {
    if levels == 0 || levels > LEVELS_MAX {
        let got = u64::from(levels);
        return Err(Error::Argument { what: "levels", got, expected: "1 to 32" });
    }
    let limit = BASES_MAX / levels as usize;
    if points > limit {
        let expected = format!("at most {limit} with {levels} levels");
        return Err(Error::Length { what: "bases", got: points, expected });
    }
    Ok(())
}

/// A key-switching key has the words its shape asks for.
pub(crate) fn check_keyswitch_key(shape: &KeyswitchShape, words: usize) -> Result<(), Error> {
    shape.check()?;
    check_key("key-switching key", words, shape.key_words())
}

/// A bootstrapping key has the residues its shape asks for.
pub(crate) fn check_bootstrap_key(shape: &BootstrapShape, residues: &[u64]) -> Result<(), Error> {
    shape.check()?;
    check_key("bootstrapping key", residues.len(), shape.key_words())?;
    match residues.iter().find(|&&residue| residue >= MODULUS) {
        None => Ok(()),
        Some(&got) => {
            let expected = "a residue below 1125899437080577";
            Err(Error::Argument { what: "bootstrapping key", got, expected })
        }
    }
}

fn check_key(what: &'static str, got: usize, expected: usize) -> Result<(), Error> {
    if got == expected {
        return Ok(());
    }
    Err(Error::Length { what, got, expected: format!("{expected} words") })
}

/// How many ciphertexts of `row` words `len` words are.
pub(crate) fn check_ciphertexts(len: usize, row: usize) -> Result<usize, Error> {
    if len.is_multiple_of(row) {
        return Ok(len / row);
    }
    let expected = format!("a multiple of {row}");
    Err(Error::Length { what: "ciphertexts", got: len, expected })
}

/// `tables` words are whole tables, and each of `count` ciphertexts has chosen one of them.
pub(crate) fn check_choices(
    shape: &BootstrapShape,
    count: usize,
    tables: usize,
    choices: &[u32],
) -> Result<(), Error> {
    let size = shape.size();
    if !tables.is_multiple_of(size) {
        let expected = format!("a multiple of {size}");
        return Err(Error::Length { what: "tables", got: tables, expected });
    }
    if choices.len() != count {
        let expected = format!("{count}, one for each ciphertext");
        return Err(Error::Length { what: "choices of tables", got: choices.len(), expected });
    }
    match choices.iter().find(|&&choice| choice as usize >= tables / size) {
        None => Ok(()),
        Some(&got) => {
            let expected = "less than the number of tables";
            Err(Error::Argument { what: "choice of a table", got: got.into(), expected })
        }
    }
}

#[cfg(test)]
mod tests {
    use ark_ff::{AdditiveGroup, Field};

    use super::*;
    use crate::field::Prime50;

    fn length<T>(result: Result<T, Error>) -> (&'static str, usize, String) {
        match result {
            Err(Error::Length { what, got, expected }) => (what, got, expected),
            Err(other) => panic!("{other}"),
            Ok(_) => panic!("accepted"),
        }
    }

    #[test]
    fn good_lengths_pass() {
        for (len, period) in [(0, 1), (0, 7), (6, 1), (6, 3), (6, 6)] {
            assert_eq!(check_period(len, period), Ok(()));
            assert_eq!(check_scan(Binary::Add, len, period), Ok(()));
            assert_eq!(check_scan(Binary::Mul, len, period), Ok(()));
            assert_eq!(check_weights(len, period), Ok(len / period));
        }
        for (len, prefix) in [(0, 0), (6, 0), (6, 5), (6, 6)] {
            assert_eq!(check_prefix(len, prefix), Ok(()));
        }
        let transform = Transform::<Prime50>::forward(2);
        for rows in 0..3 {
            let (root, got) = check_transform(&transform, 4 * rows).unwrap();
            assert_eq!((root.square(), got), (-Prime50::ONE, rows));
        }
    }

    #[test]
    fn bad_lengths_are_named() {
        for (len, period) in [(0, 0), (6, 0), (6, 4), (6, 12)] {
            let expected = format!("a divisor of {len}");
            let got = length(check_period(len, period));
            assert_eq!(got, ("second operand", period, expected.clone()));
            let got = length(check_scan(Binary::Mul, len, period));
            assert_eq!(got, ("row of a scan", period, expected));
        }
        for (len, prefix) in [(0, 1), (6, 7)] {
            let got = length(check_prefix(len, prefix));
            assert_eq!(got, ("second operand", prefix, format!("at most {len}")));
        }
        assert_eq!(length(check_weights(6, 0)), ("weights", 0, "at least 1".into()));
        for (len, weights) in [(6, 4), (6, 12)] {
            let got = length(check_weights(len, weights));
            assert_eq!(got, ("weighted vectors", len, format!("a multiple of {weights}")));
        }
        for len in [1, 3, 5] {
            let got = length(check_transform(&Transform::<Prime50>::forward(2), len));
            assert_eq!(got, ("transform data", len, "a multiple of 4".into()));
        }
    }

    #[test]
    fn bad_bases_are_named() {
        for (points, levels) in [(0, 1), (BASES_MAX, 1), (BASES_MAX / 32, 32)] {
            assert_eq!(check_bases(points, levels), Ok(()));
        }
        for levels in [0, 33, u32::MAX] {
            let got = check_bases(1, levels);
            assert!(matches!(got, Err(Error::Argument { what: "levels", .. })));
        }
        for (points, levels) in [(BASES_MAX + 1, 1), (BASES_MAX / 32 + 1, 32)] {
            assert_eq!(length(check_bases(points, levels)).1, points);
        }
    }

    #[test]
    fn bad_keys_are_named() {
        let shape = KeyswitchShape { from: 3, to: 2, base_log: 4, levels: 4 };
        assert_eq!(check_keyswitch_key(&shape, 36), Ok(()));
        assert_eq!(length(check_keyswitch_key(&shape, 35)).0, "key-switching key");
        for wrong in [
            KeyswitchShape { from: 0, ..shape },
            KeyswitchShape { to: 1 << 20, ..shape },
            KeyswitchShape { base_log: 32, levels: 1, ..shape },
            KeyswitchShape { levels: 16, ..shape },
        ] {
            let got = check_keyswitch_key(&wrong, wrong.key_words());
            assert!(matches!(got, Err(Error::Argument { .. })), "{wrong:?}");
        }
        let shape = BootstrapShape { dimension: 1, log_size: 6, base_log: 23, levels: 1 };
        let mut key = vec![MODULUS - 1; 256];
        assert_eq!(check_bootstrap_key(&shape, &key), Ok(()));
        assert_eq!(length(check_bootstrap_key(&shape, &key[1..])).0, "bootstrapping key");
        key[255] = MODULUS;
        let got = check_bootstrap_key(&shape, &key);
        assert!(matches!(got, Err(Error::Argument { got: MODULUS, .. })));
        for wrong in [
            BootstrapShape { dimension: 0, ..shape },
            BootstrapShape { log_size: 5, ..shape },
            BootstrapShape { log_size: 13, ..shape },
            BootstrapShape { levels: 3, ..shape },
            BootstrapShape { levels: 0, ..shape },
        ] {
            assert!(matches!(check_bootstrap_key(&wrong, &[]), Err(Error::Argument { .. })));
        }
    }

    #[test]
    fn bad_ciphertexts_and_choices_are_named() {
        assert_eq!(check_ciphertexts(0, 5), Ok(0));
        assert_eq!(check_ciphertexts(10, 5), Ok(2));
        assert_eq!(length(check_ciphertexts(11, 5)).0, "ciphertexts");
        let shape = BootstrapShape { dimension: 1, log_size: 6, base_log: 23, levels: 1 };
        assert_eq!(check_choices(&shape, 3, 128, &[0, 1, 1]), Ok(()));
        assert_eq!(check_choices(&shape, 0, 0, &[]), Ok(()));
        assert_eq!(length(check_choices(&shape, 0, 65, &[])).0, "tables");
        assert_eq!(length(check_choices(&shape, 1, 64, &[])).0, "choices of tables");
        let got = check_choices(&shape, 1, 64, &[1]);
        assert!(matches!(got, Err(Error::Argument { what: "choice of a table", got: 1, .. })));
    }

    #[test]
    fn bad_operations_shifts_and_sizes_are_named() {
        let got = check_scan(Binary::Sub, 4, 2);
        assert!(matches!(got, Err(Error::Argument { what: "operation of a scan", .. })));
        let shifted = Transform::<Prime50>::forward(2).on_coset(Prime50::ZERO);
        let got = check_transform(&shifted, 4);
        assert!(matches!(got, Err(Error::Argument { what: "shift", got: 0, .. })));
        for log_size in [27, 63, 64, u32::MAX] {
            let got = check_transform(&Transform::<Prime50>::forward(log_size), 0);
            assert_eq!(got, Err(Error::TransformSize { got: log_size, limit: 26 }));
        }
    }
}
