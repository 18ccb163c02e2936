// Blind rotation modulo the 50-bit prime. See ../README.md for what each kernel does, and src/bootstrap
// for the roundings. 64-bit words are pairs, the low half first; residues are elements in shape only,
// without a Montgomery factor, and a product with an element of a true form is a residue again.

#import launch
#import field/mont
#import bits

@group(0) @binding(0) var<storage, read_write> exponents: array<u32>;
@group(0) @binding(0) var<storage, read_write> residues: array<Fp>;
@group(0) @binding(0) var<storage, read_write> out: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> words: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read> turns: array<u32>;
@group(0) @binding(1) var<storage, read> source: array<Fp>;
@group(0) @binding(2) var<storage, read> tables: array<vec2<u32>>;
@group(0) @binding(2) var<storage, read> turns_of_digits: array<u32>;
@group(0) @binding(2) var<storage, read> factors: array<Fp>;
@group(0) @binding(3) var<storage, read> choices: array<u32>;
@group(0) @binding(3) var<storage, read> roots: array<Fp>;

var<workgroup> shared_words: array<Fp, RESIDENT>;

fn negative(a: Fp) -> Fp {
    return fp_sub(fp_zero(), a);
}

// a·b as four words.
fn wide_product(a: vec2<u32>, b: vec2<u32>) -> vec4<u32> {
    let low = multiply_add(a.x, b.x, 0u, 0u);
    let middle = multiply_add(a.y, b.x, low.y, 0u);
    let other = multiply_add(a.x, b.y, middle.x, 0u);
    let high = multiply_add(a.y, b.y, middle.y, other.y);
    return vec4(low.x, other.x, high.x, high.y);
}

// word·p/2^64, rounded, modulo p.
fn to_residue(word: vec2<u32>) -> Fp {
    let product = wide_product(word, vec2(MODULUS[0], MODULUS[1]));
    let low = add_carry(product.z, product.y >> 31u, 0u);
    return fp_reduce(Fp(low.x, product.w + low.y), 0u);
}

// residue·2^64/p to within one.
fn to_word(residue: Fp) -> vec2<u32> {
    let pair = vec2(residue[0], residue[1]);
    let fraction = wide_product(pair, vec2(WORD_FRACTION[0], WORD_FRACTION[1])).zw;
    let shifted = pair << vec2(WORD_SHIFT, WORD_SHIFT);
    let low = add_carry(shifted.x, fraction.x, 0u);
    return vec2(low.x, (shifted.y | (pair.x >> (32u - WORD_SHIFT))) + fraction.y + low.y);
}

// Where coefficient j of polynomial·X^exponent comes from; from N on with the other sign.
fn origin(log_n: u32, exponent: u32, j: u32) -> u32 {
    return (j - exponent) & ((2u << log_n) - 1u);
}

// What is left of a residue's absolute value when digits are cut off it from below.
struct Digits {
    rest: vec2<u32>,
    is_negative: bool,
}

fn digits_of(residue: Fp, base_log: u32, levels: u32) -> Digits {
    let other = negative(residue);
    let borrow = sub_borrow(other[0], residue[0], 0u).y;
    let is_negative = sub_borrow(other[1], residue[1], borrow).y == 1u;
    let shift = BITS - base_log * levels;
    var magnitude = residue;
    if (is_negative) {
        magnitude = other;
    }
    let rounding = bit(shift - 1u);
    let low = add_carry(magnitude[0], rounding.x, 0u);
    let sum = vec2(low.x, magnitude[1] + rounding.y + low.y);
    return Digits(shift_right(sum, shift), is_negative);
}

// The next digit, modulo p.
fn next(digits: ptr<function, Digits>, base_log: u32) -> Fp {
    let base = 1u << base_log;
    let rest = (*digits).rest;
    let digit = rest.x & (base - 1u);
    let above = shift_right(rest, base_log);
    let tie_goes_down = ((above.x >> (base_log - 1u)) & 1u) == 1u;
    let over = digit > base / 2u || (digit == base / 2u && tie_goes_down);
    let low = add_carry(above.x, u32(over), 0u);
    (*digits).rest = vec2(low.x, above.y + low.y);
    let magnitude = Fp(select(digit, base - digit, over), 0u);
    if (over != (*digits).is_negative) {
        return negative(magnitude);
    }
    return magnitude;
}

// The exponent of the body is that of the body corrected by half of what rounding added to the mask.
// Low halves of words make no difference to exponents.
@compute @workgroup_size(WORKGROUP)
fn bootstrap_monomials(at: Thread) {
    let index = index_of(at);
    let row = p(1);
    let log_n = p(2);
    if (index >= p(0)) {
        return;
    }
    let i = index % row;
    let begin = p(3) * row + index - i;
    // The high half of half of 2^64/2N.
    let half = 1u << (30u - log_n);
    var high = words[begin + i].y;
    if (i == row - 1u) {
        // Halves and lowest bits of the errors apart: the sum itself has more than 64 bits.
        var sum = vec2(0u, 0u);
        var bits = 0u;
        for (var k = 0u; k < i; k++) {
            let word = words[begin + k];
            let low = sub_borrow(0u, word.x, 0u);
            let error = vec2(low.x, half - ((word.y + half) & (2u * half - 1u)) - low.y);
            let halved = bitcast<u32>(bitcast<i32>(error.y) >> 1u);
            let carry = add_carry(sum.x, (error.x >> 1u) | (error.y << 31u), 0u);
            sum = vec2(carry.x, sum.y + halved + carry.y);
            bits += error.x & 1u;
        }
        let halves = add_carry(sum.x, bits >> 1u, 0u);
        let body = add_carry(words[begin + i].x, halves.x, 0u);
        high += sum.y + halves.y + body.y - half;
    }
    exponents[index] = (high + half) >> (31u - log_n);
}

@compute @workgroup_size(WORKGROUP)
fn bootstrap_start(at: Thread) {
    let index = index_of(at);
    let log_n = p(1);
    let row = p(2);
    if (index >= p(0)) {
        return;
    }
    let size = 1u << log_n;
    let c = index >> log_n;
    let j = index & (size - 1u);
    let place = (j + turns[c * row + row - 1u]) & (2u * size - 1u);
    var coefficient = to_residue(tables[(choices[p(3) + c] << log_n) + (place & (size - 1u))]);
    if (place >= size) {
        coefficient = negative(coefficient);
    }
    let pair = c << (log_n + 1u);
    residues[pair + j] = fp_zero();
    residues[pair + size + j] = coefficient;
}

@compute @workgroup_size(WORKGROUP)
fn bootstrap_digits(at: Thread) {
    let index = index_of(at);
    let log_n = p(1);
    let base_log = p(4);
    let levels = p(5);
    if (index >= p(0)) {
        return;
    }
    let size = 1u << log_n;
    let j = index & (size - 1u);
    let r = (index >> log_n) & 1u;
    let c = index >> (log_n + 1u);
    let place = origin(log_n, turns_of_digits[c * p(2) + p(3)], j);
    var turned = source[index - j + (place & (size - 1u))];
    if (place >= size) {
        turned = negative(turned);
    }
    var digits = digits_of(fp_sub(turned, source[index]), base_log, levels);
    for (var l = 0u; l < levels; l++) {
        let polynomial = (c * levels + l) * 2u + r;
        residues[(polynomial << log_n) + j] = fp_mul(roots[j], next(&digits, base_log));
    }
}

@compute @workgroup_size(WORKGROUP)
fn bootstrap_products(at: Thread) {
    let index = index_of(at);
    let log_n = p(1);
    let levels = p(2);
    if (index >= p(0)) {
        return;
    }
    let j = index & ((1u << log_n) - 1u);
    let q = (index >> log_n) & 1u;
    let c = index >> (log_n + 1u);
    var sum = fp_zero();
    for (var d = 0u; d < 2u * levels; d++) {
        let value = source[((2u * c * levels + d) << log_n) + j];
        let key = factors[((4u * levels * p(3) + 2u * d + q) << log_n) + j];
        sum = fp_add(sum, fp_mul(key, value));
    }
    residues[index] = sum;
}

@compute @workgroup_size(WORKGROUP)
fn bootstrap_add(at: Thread) {
    let index = index_of(at);
    if (index >= p(0)) {
        return;
    }
    let factor = factors[index & ((1u << p(1)) - 1u)];
    residues[index] = fp_add(residues[index], fp_mul(factor, source[index]));
}

@compute @workgroup_size(WORKGROUP)
fn bootstrap_extract(at: Thread) {
    let index = index_of(at);
    let log_n = p(1);
    if (index >= p(0)) {
        return;
    }
    let size = 1u << log_n;
    let c = index / (size + 1u);
    let j = index % (size + 1u);
    // A_0, then from A_(N−1) downwards, then B_0.
    let is_end = j == 0u || j == size;
    var residue = source[(c << (log_n + 1u)) + select(size - j, j, is_end)];
    if (!is_end) {
        residue = negative(residue);
    }
    out[p(2) * (size + 1u) + index] = to_word(residue);
}

// Transforms of two polynomials side by side in shared memory, two levels at a time. Merged with the
// powers of ψ (Longa, Naehrig, "Speeding up the number theoretic transform for faster ideal
// lattice-based cryptography", CANS 2016): a block of level l, of 2^l, has remainders modulo X^M − ψ^e,
// and roots[2^l + block] is the square root of ψ^e. Backwards it is ψ^(−e/2) = −ψ^(N−e/2) that is
// needed: minus the root of the block that mirrors this one.

// Where the four elements of a butterfly of levels l and l + 1 lie: from `at` on, `distance` apart.
struct Four {
    at: u32,
    distance: u32,
    block: u32,
}

fn four_of(index: u32, log_n: u32, level: u32) -> Four {
    let log_distance = log_n - level - 2u;
    let below = index & ((1u << log_distance) - 1u);
    // The second polynomial follows the first, as if there were twice as many blocks.
    let start = (index - below) * 4u + below;
    return Four(start, 1u << log_distance, (index >> log_distance) & ((1u << level) - 1u));
}

fn forward(values: u32, log_n: u32, local: u32) {
    let size = 1u << log_n;
    var level = log_n & 1u;
    if (level == 1u) {
        for (var index = local; index < size; index += WORKGROUP) {
            let below = index & (size / 2u - 1u);
            let u = values + (index - below) * 2u + below;
            let low = shared_words[u];
            let high = fp_mul(roots[1], shared_words[u + size / 2u]);
            shared_words[u] = fp_add(low, high);
            shared_words[u + size / 2u] = fp_sub(low, high);
        }
        workgroupBarrier();
    }
    for (; level < log_n; level += 2u) {
        for (var index = local; index < size / 2u; index += WORKGROUP) {
            let four = four_of(index, log_n, level);
            let d = four.distance;
            let x = values + four.at;
            let block = (1u << level) + four.block;
            let a = fp_mul(roots[block], shared_words[x + 2u * d]);
            let b = fp_mul(roots[block], shared_words[x + 3u * d]);
            let u = shared_words[x];
            let v = shared_words[x + d];
            let x0 = fp_add(u, a);
            let x1 = fp_mul(roots[2u * block], fp_add(v, b));
            let x2 = fp_sub(u, a);
            let x3 = fp_mul(roots[2u * block + 1u], fp_sub(v, b));
            shared_words[x] = fp_add(x0, x1);
            shared_words[x + d] = fp_sub(x0, x1);
            shared_words[x + 2u * d] = fp_add(x2, x3);
            shared_words[x + 3u * d] = fp_sub(x2, x3);
        }
        workgroupBarrier();
    }
}

fn backward(sums: u32, log_n: u32, local: u32) {
    let size = 1u << log_n;
    for (var above = log_n; above >= 2u; above -= 2u) {
        let level = above - 2u;
        for (var index = local; index < size / 2u; index += WORKGROUP) {
            let four = four_of(index, log_n, level);
            let d = four.distance;
            let x = sums + four.at;
            let mirrored = (2u << level) - 1u - four.block;
            let root = roots[mirrored];
            let y0 = shared_words[x];
            let y1 = shared_words[x + d];
            let y2 = shared_words[x + 2u * d];
            let y3 = shared_words[x + 3u * d];
            let x0 = fp_add(y0, y1);
            let x1 = fp_mul(roots[2u * mirrored + 1u], fp_sub(y1, y0));
            let x2 = fp_add(y2, y3);
            let x3 = fp_mul(roots[2u * mirrored], fp_sub(y3, y2));
            shared_words[x] = fp_add(x0, x2);
            shared_words[x + d] = fp_add(x1, x3);
            shared_words[x + 2u * d] = fp_mul(root, fp_sub(x2, x0));
            shared_words[x + 3u * d] = fp_mul(root, fp_sub(x3, x1));
        }
        workgroupBarrier();
    }
    if ((log_n & 1u) == 1u) {
        for (var index = local; index < size; index += WORKGROUP) {
            let below = index & (size / 2u - 1u);
            let u = sums + (index - below) * 2u + below;
            let low = shared_words[u];
            let high = shared_words[u + size / 2u];
            shared_words[u] = fp_add(low, high);
            shared_words[u + size / 2u] = fp_mul(roots[1], fp_sub(high, low));
        }
        workgroupBarrier();
    }
}

// Values of a level's digits times its polynomials of the key.
fn multiply(sums: u32, values: u32, key: u32, size: u32, is_first: bool, local: u32) {
    for (var j = local; j < size; j += WORKGROUP) {
        let a = shared_words[values + j];
        let b = shared_words[values + size + j];
        var s = fp_add(fp_mul(factors[key + j], a), fp_mul(factors[key + 2u * size + j], b));
        var t = fp_add(fp_mul(factors[key + size + j], a), fp_mul(factors[key + 3u * size + j], b));
        if (!is_first) {
            s = fp_add(s, shared_words[sums + j]);
            t = fp_add(t, shared_words[sums + size + j]);
        }
        // With one level the sums replace the values.
        shared_words[sums + j] = s;
        shared_words[sums + size + j] = t;
    }
}

@compute @workgroup_size(WORKGROUP)
fn bootstrap_rotate(at: Thread) {
    let c = group_of(at);
    let log_n = p(1);
    let row = p(2);
    let part = p(3);
    let base_log = p(5);
    let levels = p(6);
    if (c >= p(0)) {
        return;
    }
    let size = 1u << log_n;
    let pair = c << (log_n + 1u);
    // The accumulator comes first in shared memory.
    let values = 2u * size;
    let sums = select(4u * size, values, levels == 1u);
    for (var i = at.local; i < 2u * size; i += WORKGROUP) {
        shared_words[i] = residues[pair + i];
    }
    for (var i = part; i < part + p(4); i++) {
        let exponent = turns[c * row + i];
        for (var level = 0u; level < levels; level++) {
            workgroupBarrier();
            for (var k = at.local; k < 2u * size; k += WORKGROUP) {
                let j = k & (size - 1u);
                let place = origin(log_n, exponent, j);
                var turned = shared_words[k - j + (place & (size - 1u))];
                if (place >= size) {
                    turned = negative(turned);
                }
                var digits = digits_of(fp_sub(turned, shared_words[k]), base_log, levels);
                var digit = next(&digits, base_log);
                for (var l = 0u; l < level; l++) {
                    digit = next(&digits, base_log);
                }
                shared_words[values + k] = digit;
            }
            workgroupBarrier();
            forward(values, log_n, at.local);
            let key = (4u * (i * levels + level)) << log_n;
            multiply(sums, values, key, size, level == 0u, at.local);
        }
        workgroupBarrier();
        backward(sums, log_n, at.local);
        for (var k = at.local; k < 2u * size; k += WORKGROUP) {
            shared_words[k] = fp_add(shared_words[k], shared_words[sums + k]);
        }
    }
    for (var i = at.local; i < 2u * size; i += WORKGROUP) {
        residues[pair + i] = shared_words[i];
    }
}
