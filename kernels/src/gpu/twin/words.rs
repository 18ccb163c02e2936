//! Twin of `words`.

use super::{Call, Twin};

pub(super) fn find(entry: &str) -> Option<Twin> {
    match entry {
        "words_weighted_sums" => Some(words_weighted_sums),
        _ => None,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "words of a sum")]
fn words_weighted_sums(call: &mut Call<'_>) {
    let (n, count, signed) = (call.number(0), call.number(1), call.number(2) == 1);
    let (mut low, mut high) = (call.get::<u64>(0), call.get::<u64>(1));
    let (vectors, weights) = (call.get::<u64>(2), call.get::<u64>(3));
    for j in call.threads(n) {
        let sum = (0..count).fold(0i128, |sum, i| {
            let value = vectors[i * n + j];
            let value = if signed { i128::from(value.cast_signed()) } else { i128::from(value) };
            sum.wrapping_add(value.wrapping_mul(i128::from(weights[i])))
        });
        (low[j], high[j]) = (sum as u64, (sum >> 64) as u64);
    }
    call.set(0, &low);
    call.set(1, &high);
}
