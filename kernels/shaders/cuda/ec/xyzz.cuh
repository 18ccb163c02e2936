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

DEVICE const Point& point_at(const u32* words, u64 index) {
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

// Products in the one place where nothing else counts, and everywhere else: a copy of the product
// for each time it occurs makes for the fastest loop, and for most of the time that compiling takes.
struct Inlined {
    DEVICE_MEMBER static Coordinate product(const Coordinate& a, const Coordinate& b) {
        return mul(a, b);
    }
    DEVICE_MEMBER static Coordinate square(const Coordinate& a) { return sqr(a); }
};

#if DEGREE == 1

struct Called {
    __device__ __noinline__ static Coordinate product(Coordinate a, Coordinate b) {
        return mul(a, b);
    }
    DEVICE_MEMBER static Coordinate square(const Coordinate& a) { return product(a, a); }
};

#else

// Products of the extension are called wherever they occur.
using Called = Inlined;

#endif

// a = 2·a by dbl-2008-s-1. A point of order two has Y = 0 and gives ZZ = 0; infinity gives itself.
DEVICE_CALL void double_in_place(Point& a) {
    using With = Called;
    const Coordinate u = twice(a.y), v = With::square(u), w = With::product(u, v);
    const Coordinate s = With::product(a.x, v), xx = With::square(a.x), m = add(twice(xx), xx);
    a.x = sub(With::square(m), twice(s));
    a.y = sub(With::product(m, sub(s, a.x)), With::product(w, a.y));
    a.zz = With::product(v, a.zz);
    a.zzz = With::product(w, a.zzz);
}

DEVICE Point twice(const Affine& a) {
    Point r = from_affine(a);
    double_in_place(r);
    return r;
}

// The end that both additions share: x1, y1 are the first point's coordinates over the common
// denominators zz, zzz; p and r what the second point's x and y differ from them by.
template <class With>
DEVICE Point finish_addition(const Coordinate& x1, const Coordinate& y1, const Coordinate& zz,
                             const Coordinate& zzz, const Coordinate& p, const Coordinate& r) {
    const Coordinate pp = With::square(p), ppp = With::product(p, pp);
    const Coordinate q = With::product(x1, pp);
    Point sum;
    sum.x = sub(sub(With::square(r), ppp), twice(q));
    sum.y = sub(With::product(r, sub(q, sum.x)), With::product(y1, ppp));
    sum.zz = With::product(zz, pp);
    sum.zzz = With::product(zzz, ppp);
    return sum;
}

// a + b by madd-2008-s.
DEVICE Point add_affine(const Point& a, const Affine& b) {
    if (is_infinity(b)) return a;
    if (is_infinity(a)) return from_affine(b);
    const Coordinate p = sub(mul(b.x, a.zz), a.x), r = sub(mul(b.y, a.zzz), a.y);
    if (is_zero(p)) return is_zero(r) ? twice(b) : infinity();
    return finish_addition<Inlined>(a.x, a.y, a.zz, a.zzz, p, r);
}

// a += b by add-2008-s.
DEVICE_CALL void add_to(Point& a, const Point& b) {
    if (is_infinity(b)) return;
    if (is_infinity(a)) {
        a = b;
        return;
    }
    using With = Called;
    const Coordinate u = With::product(a.x, b.zz), s = With::product(a.y, b.zzz);
    const Coordinate p = sub(With::product(b.x, a.zz), u);
    const Coordinate r = sub(With::product(b.y, a.zzz), s);
    if (!is_zero(p)) {
        const Coordinate zz = With::product(a.zz, b.zz), zzz = With::product(a.zzz, b.zzz);
        a = finish_addition<With>(u, s, zz, zzz, p, r);
    } else if (is_zero(r)) {
        double_in_place(a);
    } else {
        a = infinity();
    }
}

// a = factor·a.
DEVICE void multiply(Point& a, u32 factor) {
    Point sum = infinity();
#pragma unroll 1
    for (u32 bit = 32; bit-- > 0;) {
        double_in_place(sum);
        if (factor >> bit & 1) add_to(sum, a);
    }
    a = sum;
}
