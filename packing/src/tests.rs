//! Decoding of plaintexts that no device sends.

use proptest::prelude::*;

use crate::{DecryptError, Layout, LayoutRequest, Quantity, Scale};

fn request(maximum: i64, slots: usize, summands_max: u64) -> LayoutRequest {
    let scale = Scale { decimals: 0, minimum: 0, maximum };
    LayoutRequest { scale, inside: (0, 0), slots, summands_max, totals: false }
}

/// One slot whose fields lie where the test below expects them: the sum (8 bits) and the sum of
/// squares (15) in the lowest bits of the only body, then count and inside (2 each).
fn one_slot() -> Layout {
    let layout = Layout::with_plaintext_bits(request(100, 1, 2), 36).unwrap();
    assert_eq!(layout.used(), [15 + 8 + 2 + 2]);
    layout
}

fn one_slot_body(count: u64, inside: u64, sum: u64, sum_of_squares: u64) -> u64 {
    sum_of_squares | sum << 15 | count << 23 | inside << 25
}

#[test]
fn every_implausible_field_is_named() {
    let layout = one_slot();
    let field = |count, inside, sum, squares, summands| match layout
        .decode(&[one_slot_body(count, inside, sum, squares)], summands)
    {
        Err(DecryptError::Implausible { field, .. }) => Some(field),
        Err(error) => panic!("{error}"),
        Ok(_) => None,
    };
    assert_eq!(field(2, 1, 150, 12_500, 2), None);
    assert_eq!(field(1, 1, 0, 0, 1), None);
    assert_eq!(field(3, 0, 0, 0, 2), Some(Quantity::Count));
    assert_eq!(field(2, 0, 0, 0, 1), Some(Quantity::Count));
    assert_eq!(field(2, 3, 0, 0, 2), Some(Quantity::Inside));
    assert_eq!(field(1, 2, 0, 0, 2), Some(Quantity::Inside));
    assert_eq!(field(2, 0, 201, 0, 2), Some(Quantity::Sum));
    assert_eq!(field(1, 0, 101, 200, 2), Some(Quantity::Sum));
    assert_eq!(field(2, 0, 200, 20_001, 2), Some(Quantity::SumOfSquares));
    assert_eq!(field(2, 0, 150, 149, 2), Some(Quantity::SumOfSquares));
    assert_eq!(field(2, 0, 150, 15_001, 2), Some(Quantity::SumOfSquares));
}

#[test]
fn bits_of_no_field_must_be_clear() {
    let layout = one_slot();
    assert_eq!(layout.decode(&[1 << 27], 2), Err(DecryptError::UnusedBits));
    assert_eq!(layout.decode(&[1 << 35], 2), Err(DecryptError::UnusedBits));
}

proptest! {
    /// Whatever the plaintexts, decoding ends in totals or an error, never in an overflow.
    #[test]
    fn decoding_never_panics(seed in any::<u64>(), summands in 1u64..=30) {
        let layout = Layout::plan(request(i64::MAX / 8, 3, 30)).unwrap();
        let mut word = seed;
        let plaintexts: Vec<u64> = layout
            .used()
            .iter()
            .map(|used| {
                word = word.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // Often all ones, the hardest case; else anything.
                if word >> 62 == 0 { u64::MAX >> (64 - used) } else { word >> (64 - used) }
            })
            .collect();
        if let Ok(totals) = layout.decode(&plaintexts, summands) {
            prop_assert!(totals.count <= 3 * u128::from(summands));
        }
    }
}
