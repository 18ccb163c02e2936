// Coordinates in the prime field.

#import field/mont

alias Fe = Fp;

fn fe_add(a: Fe, b: Fe) -> Fe {
    return fp_add(a, b);
}

fn fe_sub(a: Fe, b: Fe) -> Fe {
    return fp_sub(a, b);
}

fn fe_mul(a: Fe, b: Fe) -> Fe {
    return fp_mul(a, b);
}

fn fe_is_zero(a: Fe) -> bool {
    return fp_is_zero(a);
}

fn fe_one() -> Fe {
    return fp_one();
}
