// The prime field: LIMBS words, Montgomery form with R = 2^(32·LIMBS), always below p.
//
// Loops over limbs are unrolled when the source is assembled, so that limbs are registers. Only the outer
// loop of a product stays: one word of a factor is fetched by number, and the program is short.

#import field/carry
#import wide

alias Fp = array<u32, LIMBS>;

// top·2^(32·LIMBS) + a minus p, if that is not negative; for values below 2p.
fn fp_reduce(a: Fp, top: u32) -> Fp {
    var d: Fp;
    var borrow = 0u;
    var w: vec2<u32>;
#for j in 0..LIMBS
    w = sub_borrow(a[$j], MODULUS[$j], borrow);
    d[$j] = w.x;
    borrow = w.y;
#end
    let keep = borrow > top;
#for j in 0..LIMBS
    d[$j] = select(d[$j], a[$j], keep);
#end
    return d;
}

fn fp_add(a: Fp, b: Fp) -> Fp {
    var s: Fp;
    var carry = 0u;
    var w: vec2<u32>;
#for j in 0..LIMBS
    w = add_carry(a[$j], b[$j], carry);
    s[$j] = w.x;
    carry = w.y;
#end
    return fp_reduce(s, carry);
}

fn fp_sub(a: Fp, b: Fp) -> Fp {
    var d: Fp;
    var carry = 0u;
    var w: vec2<u32>;
#for j in 0..LIMBS
    w = sub_borrow(a[$j], b[$j], carry);
    d[$j] = w.x;
    carry = w.y;
#end
    // p is added if the difference was negative.
    let mask = 0u - carry;
    carry = 0u;
#for j in 0..LIMBS
    w = add_carry(d[$j], MODULUS[$j] & mask, carry);
    d[$j] = w.x;
    carry = w.y;
#end
    return d;
}

// a·b/R. Coarsely integrated operand scanning (Koç, Acar, Kaliski: Analyzing and comparing Montgomery
// multiplication algorithms, 1996), product and reduction interleaved word by word. One of the factors
// may be any number below R: the sum stays below 2p·2^32, and what is left at the end below 2p.
fn fp_mul(a: Fp, b: Fp) -> Fp {
    var words = b;
    var t: Fp;
    // Of t beyond LIMBS words: at most one bit, and none unless p fills its last word.
    var top = 0u;
    for (var i = 0u; i < LIMBS; i++) {
        let word = words[i];
        var product = multiply_add(a[0], word, t[0], 0u);
        let m = product.x * INVERSE[0];
        var reduced = multiply_add(m, MODULUS[0], product.x, 0u);
#for j in 1..LIMBS
        product = multiply_add(a[$j], word, t[$j], product.y);
        reduced = multiply_add(m, MODULUS[$j], product.x, reduced.y);
        t[$j - 1] = reduced.x;
#end
        let last = add_carry(product.y, reduced.y, top);
        t[LIMBS - 1] = last.x;
        top = last.y;
    }
    return fp_reduce(t, top);
}

fn fp_is_zero(a: Fp) -> bool {
    var any = 0u;
#for j in 0..LIMBS
    any |= a[$j];
#end
    return any == 0u;
}

fn fp_zero() -> Fp {
    return Fp();
}

fn fp_one() -> Fp {
    return R;
}

// base^exponent.
fn fp_power(base: Fp, exponent: u32) -> Fp {
    var result = fp_one();
    for (var bit = 32u - countLeadingZeros(exponent); bit > 0u; bit--) {
        result = fp_mul(result, result);
        if (((exponent >> (bit - 1u)) & 1u) == 1u) {
            result = fp_mul(result, base);
        }
    }
    return result;
}

// a^(p − 2): the inverse of what is not zero.
fn fp_invert(a: Fp) -> Fp {
    var exponent: Fp = MODULUS;
    exponent[0] -= 2u;
    // p is odd and not 1, so only a first word of 1 borrows.
    for (var j = 1u; j < LIMBS && MODULUS[0] < 2u; j++) {
        exponent[j] -= 1u;
        if (exponent[j] != 0xffffffffu) {
            break;
        }
    }
    var result = fp_one();
    for (var bit = BITS; bit > 0u; bit--) {
        result = fp_mul(result, result);
        if (((exponent[(bit - 1u) / 32u] >> ((bit - 1u) % 32u)) & 1u) == 1u) {
            result = fp_mul(result, a);
        }
    }
    return result;
}
