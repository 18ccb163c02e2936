// Affine points x, y over the unit's field of coordinates; infinity has all words zero.
#pragma once
#include "../field/quad.cuh"

#if DEGREE == 1

using Coordinate = Field;

DEVICE Coordinate coordinate_zero() {
    return zero();
}

DEVICE Coordinate coordinate_one() {
    return one();
}

#else

using Coordinate = Quad;

DEVICE Coordinate coordinate_zero() {
    return quad(zero(), zero());
}

DEVICE Coordinate coordinate_one() {
    return quad(one(), zero());
}

#endif

struct Affine {
    Coordinate x, y;
};

// (0, 0) lies on none of our curves.
DEVICE bool is_infinity(const Affine& a) {
    return is_zero(a.x) && is_zero(a.y);
}

DEVICE Affine load_affine(const u32* words, u64 index) {
    return reinterpret_cast<const Affine*>(words)[index];
}
