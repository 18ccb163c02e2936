// Points in XYZZ coordinates, x = X/ZZ, y = Y/ZZZ with ZZ³ = ZZZ², on y² = x³ + b; infinity: ZZ = 0.
//
// Formulas: Explicit-Formulas Database, "XYZZ coordinates for short Weierstrass curves": madd-2008-s,
// add-2008-s, dbl-2008-s-1 with a = 0. All additions are complete: they take equal and opposite points
// and infinity.
#pragma once
#include "affine.cuh"

struct Point {
    Coordinate x, y, zz, zzz;
};

DEVICE Point load_point(const u32* words, u64 index) {
    return reinterpret_cast<const Point*>(words)[index];
}

DEVICE void store_point(u32* words, u64 index, const Point& a) {
    reinterpret_cast<Point*>(words)[index] = a;
}

DEVICE bool is_infinity(const Point& a) {
    return is_zero(a.zz);
}

DEVICE Point infinity() {
    return {coordinate_zero(), coordinate_zero(), coordinate_zero(), coordinate_zero()};
}

DEVICE Point from_affine(const Affine& a) {
    return {a.x, a.y, coordinate_one(), coordinate_one()};
}

// dbl-2008-s-1. A point of order two has Y = 0 and gives ZZ = 0; infinity gives itself.
DEVICE_CALL Point double_point(Point a) {
    const Coordinate u = twice(a.y), v = sqr(u), w = mul(u, v), s = mul(a.x, v), xx = sqr(a.x);
    const Coordinate m = add(twice(xx), xx);
    Point r;
    r.x = sub(sqr(m), twice(s));
    r.y = sub(mul(m, sub(s, r.x)), mul(w, a.y));
    r.zz = mul(v, a.zz);
    r.zzz = mul(w, a.zzz);
    return r;
}

// The end that both additions share: x1, y1 are the first point's coordinates over the common
// denominators zz, zzz; p and r what the second point's x and y differ from them by.
DEVICE Point finish_addition(const Coordinate& x1, const Coordinate& y1, const Coordinate& zz,
                             const Coordinate& zzz, const Coordinate& p, const Coordinate& r) {
    const Coordinate pp = sqr(p), ppp = mul(p, pp), q = mul(x1, pp);
    Point sum;
    sum.x = sub(sub(sqr(r), ppp), twice(q));
    sum.y = sub(mul(r, sub(q, sum.x)), mul(y1, ppp));
    sum.zz = mul(zz, pp);
    sum.zzz = mul(zzz, ppp);
    return sum;
}

// a + b by madd-2008-s.
DEVICE Point add_affine(const Point& a, const Affine& b) {
    if (is_infinity(b)) return a;
    if (is_infinity(a)) return from_affine(b);
    const Coordinate p = sub(mul(b.x, a.zz), a.x), r = sub(mul(b.y, a.zzz), a.y);
    if (is_zero(p)) return is_zero(r) ? double_point(from_affine(b)) : infinity();
    return finish_addition(a.x, a.y, a.zz, a.zzz, p, r);
}

// a + b by add-2008-s.
DEVICE_CALL Point add_point(Point a, Point b) {
    if (is_infinity(b)) return a;
    if (is_infinity(a)) return b;
    const Coordinate u = mul(a.x, b.zz), s = mul(a.y, b.zzz);
    const Coordinate p = sub(mul(b.x, a.zz), u), r = sub(mul(b.y, a.zzz), s);
    if (is_zero(p)) return is_zero(r) ? double_point(a) : infinity();
    return finish_addition(u, s, mul(a.zz, b.zz), mul(a.zzz, b.zzz), p, r);
}

// factor·a.
DEVICE Point multiple(Point a, u32 factor) {
    Point sum = infinity();
#pragma unroll 1
    for (; factor != 0; factor >>= 1) {
        if (factor & 1) sum = add_point(sum, a);
        if (factor > 1) a = double_point(a);
    }
    return sum;
}
