//! Twins of `keyswitch`.

use super::{Call, Twin};
use crate::bootstrap::integers::digits_of_word;
use crate::source::KEYSWITCH_ROWS;

pub(super) fn find(entry: &str) -> Option<Twin> {
    Some(match entry {
        "keyswitch_digits" => keyswitch_digits,
        "keyswitch_sums" => keyswitch_sums,
        "keyswitch_join" => keyswitch_join,
        _ => return None,
    })
}

fn keyswitch_digits(call: &mut Call<'_>) {
    let [count, from, first, stride] = [0, 1, 2, 3].map(|at| call.number(at));
    let (base_log, levels) = (call.parameters[4], call.parameters[5]);
    let (mut digits, ciphertexts) = (call.get_halves(0), call.get::<u64>(1));
    for thread in call.threads(count * from) {
        let (i, c) = (thread / count, thread % count);
        let word = ciphertexts[(first + c) * (from + 1) + i];
        for (l, digit) in digits_of_word(word, base_log, levels).enumerate() {
            let digit = i32::try_from(digit).expect("31 bits and a sign");
            digits[(i * levels as usize + l) * stride + c] = digit.cast_unsigned();
        }
    }
    call.set_halves(0, &digits);
}

fn keyswitch_sums(call: &mut Call<'_>) {
    let [count, depth, width, stride, parts] = [0, 1, 2, 3, 4].map(|at| call.number(at));
    let (mut sums, digits, key) = (call.get::<u64>(0), call.get_halves(1), call.get::<u64>(2));
    let tiles = stride / KEYSWITCH_ROWS;
    let length = depth.div_ceil(parts);
    for thread in call.threads(parts * tiles * width) {
        let (part, tile, j) = (thread / width / tiles, thread / width % tiles, thread % width);
        let products = part * length..depth.min((part + 1) * length);
        for c in tile * KEYSWITCH_ROWS..count.min((tile + 1) * KEYSWITCH_ROWS) {
            let product = |d: usize| {
                let digit = i64::from(digits[d * stride + c].cast_signed());
                digit.cast_unsigned().wrapping_mul(key[d * width + j])
            };
            let sum = products.clone().map(product).fold(0, u64::wrapping_add);
            sums[(part * count + c) * width + j] = sum;
        }
    }
    call.set(0, &sums);
}

fn keyswitch_join(call: &mut Call<'_>) {
    let [count, from, first, width, parts] = [0, 1, 2, 3, 4].map(|at| call.number(at));
    let (mut out, sums, ciphertexts) = (call.get::<u64>(0), call.get::<u64>(1), call.get::<u64>(2));
    for thread in call.threads(count * width) {
        let (c, j) = (thread / width, thread % width);
        let body = ciphertexts[(first + c) * (from + 1) + from];
        let begin = if j == width - 1 { body } else { 0 };
        let of_part = |part: usize| sums[(part * count + c) * width + j];
        out[(first + c) * width + j] = (0..parts).map(of_part).fold(begin, u64::wrapping_sub);
    }
    call.set(0, &out);
}
