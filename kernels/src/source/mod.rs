//! Kernel sources: what a translation unit consists of, and the constants injected into it.
//!
//! Constants exist once, in Rust: moduli and Montgomery constants come from arkworks by way of
//! [`Montgomery`]. [`mod@unit`] says what is compiled together. Each language has a file here that writes them down
//! and inlines includes.

mod cuda;
mod limits;
pub mod unit;
#[cfg(feature = "wgpu")]
mod wgsl;

pub use cuda::cuda;
pub use limits::Limits;
pub use unit::{Unit, entries};
#[cfg(feature = "wgpu")]
pub use wgsl::wgsl;

use crate::bootstrap::LOG_SIZE_MAX;
use crate::bootstrap::integers::{WORD_FRACTION, WORD_SHIFT};
use crate::element::Element;
use crate::field::{FieldId, Montgomery};
use crate::group::{Group, GroupId};
use crate::{with_field, with_group};

/// A constant of a translation unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its name in the source.
    pub name: &'static str,
    /// Its value.
    pub value: Value,
}

/// The value of a [`Constant`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(u32),
    /// Little-endian 32-bit words.
    Words(Vec<u32>),
}

/// The constants of a unit on a device with these limits:
///
/// - `WORKGROUP`: threads of a workgroup.
/// - `LIMBS`, `MODULUS`, `R` (one), `R_SQUARED`: the unit's prime field, if it has one; `BITS`: the
///   length of p; `INVERSE`: −p^(−1) mod 2^64, two words.
/// - `DEGREE`: 1, or 2 if coordinates are in the quadratic extension; units with a group only.
/// - `TILE_LOG`: log2 of the elements in a tile of a transform; transforms only.
/// - `ROWS`: ciphertexts of a thread; key switching only.
/// - `WORD_FRACTION`, `WORD_SHIFT`: what takes residues to words; `RESIDENT`: 64-bit words that a workgroup
///   shares, where sources declare them; bootstrapping only.
pub fn constants(unit: Unit, limits: Limits) -> Vec<Constant> {
    let mut constants = vec![number("WORKGROUP", limits.workgroup)];
    match unit {
        Unit::Vector(field) | Unit::Scan(field) => constants.extend(of_field(field)),
        Unit::Ntt(field) => {
            constants.extend(of_field(field));
            constants.push(number("TILE_LOG", tile_log(field, limits)));
        }
        Unit::Accumulate(group) | Unit::Reduce(group) => constants.extend(of_group(group)),
        Unit::Words | Unit::Sort => {}
        Unit::Keyswitch => {
            let rows = u32::try_from(KEYSWITCH_ROWS).expect("few");
            constants.push(number("ROWS", rows));
        }
        Unit::Bootstrap => {
            constants.extend(of_field(FieldId::Prime50));
            constants.push(number("WORD_SHIFT", WORD_SHIFT));
            let value = Value::Words(halves(&[WORD_FRACTION]));
            constants.push(Constant { name: "WORD_FRACTION", value });
            let most = u32::try_from(resident_bytes(1 << LOG_SIZE_MAX, 2)).expect("some");
            constants.push(number("RESIDENT", limits.shared_bytes.min(most) / 8));
        }
    }
    constants
}

/// Ciphertexts whose sums a thread of `keyswitch_sums` keeps: as often it uses a word of the key.
pub const KEYSWITCH_ROWS: usize = 16;

/// Bytes that a workgroup shares to rotate a ciphertext: the two polynomials of the accumulator, two
/// that are transformed and, if there are several levels, two sums.
pub fn resident_bytes(size: usize, levels: u32) -> usize {
    let polynomials = if levels == 1 { 4 } else { 6 };
    8 * polynomials * size
}

/// log2 of how many elements of a field a workgroup transforms at once: two for each thread, or as
/// many as it has shared memory for.
pub fn tile_log(field: FieldId, limits: Limits) -> u32 {
    let words = with_field!(field, F => F::WORDS);
    let element_bytes = u32::try_from(8 * words).expect("elements are small");
    (limits.shared_bytes / element_bytes).ilog2().min(limits.workgroup.ilog2() + 1)
}

fn of_field(field: FieldId) -> Vec<Constant> {
    with_field!(field, F => of_prime(&Montgomery::of::<F>()))
}

fn of_group(group: GroupId) -> Vec<Constant> {
    with_group!(group, G => {
        let mut constants = of_prime(&Montgomery::of::<<G as Group>::Prime>());
        let degree = <G as Group>::Coordinate::WORDS / <G as Group>::Prime::WORDS;
        constants.push(number("DEGREE", u32::try_from(degree).expect("1 or 2")));
        constants
    })
}

fn of_prime(prime: &Montgomery) -> Vec<Constant> {
    let words = |name, value: &[u64]| Constant { name, value: Value::Words(halves(value)) };
    let limbs = u32::try_from(2 * prime.modulus.len()).expect("fields are small");
    let top = prime.modulus.last().expect("a modulus has words");
    vec![
        number("LIMBS", limbs),
        number("BITS", 32 * limbs - top.leading_zeros()),
        words("MODULUS", &prime.modulus),
        words("R", &prime.r),
        words("R_SQUARED", &prime.r_squared),
        words("INVERSE", &[prime.inverse]),
    ]
}

fn number(name: &'static str, value: u32) -> Constant {
    Constant { name, value: Value::Number(value) }
}

/// The 32-bit halves of 64-bit words, the low one first.
#[expect(clippy::cast_possible_truncation, reason = "that is what halves are")]
fn halves(words: &[u64]) -> Vec<u32> {
    words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]).collect()
}
