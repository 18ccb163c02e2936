//! Twins of `sort`.

use super::{Call, Twin};

pub(super) fn find(entry: &str) -> Option<Twin> {
    Some(match entry {
        "sort_digits" => sort_digits,
        "sort_count" => sort_count,
        "sort_scan_chunks" => sort_scan_chunks,
        "sort_scan_apply" => sort_scan_apply,
        "sort_scatter" => sort_scatter,
        "sort_tasks" => sort_tasks,
        _ => return None,
    })
}

/// The sign of a digit, and of an entry.
const MINUS: u32 = 1 << 31;

/// `window` bits from bit `at` on. Beyond its words an integer has copies of its sign.
fn bits(words: &[u64], at: usize, window: usize, signed: bool) -> i64 {
    let negative = signed && words.last().is_some_and(|&word| word >> 63 == 1);
    let bit = |at: usize| words.get(at / 64).map_or(negative, |&word| word >> (at % 64) & 1 == 1);
    (0..window).map(|i| i64::from(bit(at + i)) << i).sum()
}

fn sort_digits(call: &mut Call<'_>) {
    let [n, count, width, window, windows] = [0, 1, 2, 3, 4].map(|at| call.number(at));
    let signed = call.number(5) == 1;
    let (mut digits, scalars) = (call.get_halves(0), call.get::<u64>(1));
    for t in call.threads(n) {
        let words = &scalars[t * width..(t + 1) * width];
        let mut carry = 0;
        for w in 0..windows {
            let value = bits(words, w * window, window, signed);
            let last = w == windows - 1;
            let half = 1 << (window - 1);
            // In the last window the top bit of a signed integer is its sign; the others pass on what
            // is more than half.
            let over = if last { signed && value >= half } else { value + carry > half };
            let digit = value + carry - if over { 1 << window } else { 0 };
            carry = i64::from(over);
            let size = u32::try_from(digit.unsigned_abs()).expect("digits are short");
            digits[((t / count) * windows + w) * count + t % count] =
                if digit < 0 { size | MINUS } else { size };
        }
    }
    call.set_halves(0, &digits);
}

/// The bucket of a digit that is not zero, from the parameters that count and scatter share.
fn bucket(call: &Call<'_>, at: usize, digit: u32) -> usize {
    let [count, windows, window, stride] = [1, 2, 3, 4].map(|at| call.number(at));
    let (vector, w) = (at / count / windows, at / count % windows);
    let group = vector * windows.min(stride) + w % stride;
    (group << (window - 1)) + (digit & !MINUS) as usize - 1
}

fn sort_count(call: &mut Call<'_>) {
    let (mut counts, digits) = (call.get_halves(0), call.get_halves(1));
    for i in call.threads(call.number(0)).filter(|&i| digits[i] != 0) {
        counts[bucket(call, i, digits[i])] += 1;
    }
    call.set_halves(0, &counts);
}

fn sort_scan_chunks(call: &mut Call<'_>) {
    let (mut a, mut totals) = (call.get_halves(0), call.get_halves(1));
    let n = call.threads(call.number(0)).end;
    for (chunk, total) in a[..n].chunks_mut(call.workgroup()).zip(&mut totals) {
        *total = 0;
        for value in chunk {
            (*value, *total) = (*total, *total + *value);
        }
    }
    call.set_halves(0, &a);
    call.set_halves(1, &totals);
}

fn sort_scan_apply(call: &mut Call<'_>) {
    let (mut a, totals) = (call.get_halves(0), call.get_halves(1));
    for i in call.threads(call.number(0)) {
        a[i] += totals[i / call.workgroup()];
    }
    call.set_halves(0, &a);
}

/// Backwards, since the order within a bucket is free.
fn sort_scatter(call: &mut Call<'_>) {
    let [n, count, windows, _, stride, bases] = [0, 1, 2, 3, 4, 5].map(|at| call.number(at));
    let (mut entries, mut cursors) = (call.get_halves(0), call.get_halves(1));
    let digits = call.get_halves(2);
    for i in call.threads(n).rev().filter(|&i| digits[i] != 0) {
        let cursor = &mut cursors[bucket(call, i, digits[i])];
        let level = i / count % windows / stride;
        let entry = u32::try_from(level * bases + i % count).expect("entries have 31 bits");
        entries[*cursor as usize] = entry | digits[i] & MINUS;
        *cursor += 1;
    }
    call.set_halves(0, &entries);
    call.set_halves(1, &cursors);
}

fn sort_tasks(call: &mut Call<'_>) {
    let (n, length) = (call.number(0), call.parameters[1]);
    let (mut tasks, offsets) = (call.get_halves(0), call.get_halves(1));
    for b in call.threads(n + 1) {
        tasks[b] = match length {
            _ if b == n => 0,
            0 => 1,
            _ => (offsets[b + 1] - offsets[b]).div_ceil(length),
        };
    }
    call.set_halves(0, &tasks);
}
