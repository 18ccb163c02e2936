// Coordinates in the quadratic extension of the prime field by i with i² = −1: c0 + c1·i.

#import field/mont

alias Fe = array<Fp, 2>;

fn fe_add(a: Fe, b: Fe) -> Fe {
    var result: Fe;
    for (var i = 0u; i < 2u; i++) {
        result[i] = fp_add(a[i], b[i]);
    }
    return result;
}

fn fe_sub(a: Fe, b: Fe) -> Fe {
    var result: Fe;
    for (var i = 0u; i < 2u; i++) {
        result[i] = fp_sub(a[i], b[i]);
    }
    return result;
}

// Karatsuba: three products, in a loop so that the program has one.
fn fe_mul(a: Fe, b: Fe) -> Fe {
    var x = array<Fp, 3>(a[0], a[1], fp_add(a[0], a[1]));
    var y = array<Fp, 3>(b[0], b[1], fp_add(b[0], b[1]));
    for (var i = 0u; i < 3u; i++) {
        x[i] = fp_mul(x[i], y[i]);
    }
    return Fe(fp_sub(x[0], x[1]), fp_sub(fp_sub(x[2], x[0]), x[1]));
}

fn fe_is_zero(a: Fe) -> bool {
    return fp_is_zero(a[0]) && fp_is_zero(a[1]);
}

fn fe_one() -> Fe {
    return Fe(fp_one(), fp_zero());
}
