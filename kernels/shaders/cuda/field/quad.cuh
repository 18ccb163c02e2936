// The quadratic extension by i with i² = −1: c0 + c1·i.
#pragma once
#include "prime.cuh"

struct Quad {
    Field c0, c1;
};

DEVICE Quad quad(const Field& c0, const Field& c1) {
    Quad r;
    r.c0 = c0;
    r.c1 = c1;
    return r;
}

DEVICE bool is_zero(const Quad& a) {
    return is_zero(a.c0) && is_zero(a.c1);
}

DEVICE Quad add(const Quad& a, const Quad& b) {
    return quad(add(a.c0, b.c0), add(a.c1, b.c1));
}

DEVICE Quad sub(const Quad& a, const Quad& b) {
    return quad(sub(a.c0, b.c0), sub(a.c1, b.c1));
}

DEVICE Quad neg(const Quad& a) {
    return quad(neg(a.c0), neg(a.c1));
}

DEVICE Quad twice(const Quad& a) {
    return quad(twice(a.c0), twice(a.c1));
}

// Karatsuba's three products.
DEVICE_CALL Quad mul(Quad a, Quad b) {
    const Field low = mul(a.c0, b.c0), high = mul(a.c1, b.c1);
    const Field cross = mul(add(a.c0, a.c1), add(b.c0, b.c1));
    return quad(sub(low, high), sub(sub(cross, low), high));
}

// (c0 + c1)(c0 − c1) + 2·c0·c1·i.
DEVICE_CALL Quad sqr(Quad a) {
    return quad(mul(add(a.c0, a.c1), sub(a.c0, a.c1)), twice(mul(a.c0, a.c1)));
}
