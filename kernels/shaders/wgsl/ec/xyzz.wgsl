// Points of y² = x³ + b as X, Y, ZZ, ZZZ with x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ²; infinity: ZZ = 0.
// Formulas: EFD, short Weierstrass XYZZ, add-2008-s, madd-2008-s and dbl-2008-s-1 with a = 0.
//
// Everything is inlined by the compilers behind WGSL, and an addition has up to 14 products of
// coordinates. So an addition is a list of steps on ten registers, and the program has one product.

#import fe

alias Affine = array<Fe, 2>;
alias Xyzz = array<Fe, 4>;

// The point that is added to, the point that is added, and two differences.
const X1 = 0u;
const Y1 = 1u;
const ZZ1 = 2u;
const ZZZ1 = 3u;
const X2 = 4u;
const Y2 = 5u;
const ZZ2 = 6u;
const ZZZ2 = 7u;
const DX = 8u;
const DY = 9u;
var<private> registers: array<Fe, 10>;

const MUL = 0u;
const ADD = 1u;
const SUB = 2u;

// Operation, result, operands.
const STEPS = 37u;
var<private> steps: array<vec4<u32>, STEPS> = array<vec4<u32>, STEPS>(
    // Both points over a common ZZ, and the differences DX, DY of their numerators. The second point of a
    // mixed addition has ZZ = ZZZ = 1: it has only the steps 2 to 5.
    vec4(MUL, X1, X1, ZZ2),
    vec4(MUL, Y1, Y1, ZZZ2),
    vec4(MUL, DX, X2, ZZ1),
    vec4(MUL, DY, Y2, ZZZ1),
    vec4(SUB, DX, DX, X1),
    vec4(SUB, DY, DY, Y1),
    vec4(MUL, ZZ1, ZZ1, ZZ2),
    vec4(MUL, ZZZ1, ZZZ1, ZZZ2),
    // 8: the sum of different points. ZZ2 = DX², ZZZ2 = DX³, X2 = X1·DX².
    vec4(MUL, ZZ2, DX, DX),
    vec4(MUL, ZZZ2, DX, ZZ2),
    vec4(MUL, X2, X1, ZZ2),
    vec4(MUL, ZZ1, ZZ1, ZZ2),
    vec4(MUL, ZZZ1, ZZZ1, ZZZ2),
    vec4(MUL, X1, DY, DY),
    vec4(SUB, X1, X1, ZZZ2),
    vec4(SUB, X1, X1, X2),
    vec4(SUB, X1, X1, X2),
    vec4(SUB, X2, X2, X1),
    vec4(MUL, X2, X2, DY),
    vec4(MUL, Y1, Y1, ZZZ2),
    vec4(SUB, Y1, X2, Y1),
    // 21: the double of the first point. DX = 2Y, ZZ2 = DX², ZZZ2 = DX³, X2 = X·DX², DY = 3X².
    vec4(ADD, DX, Y1, Y1),
    vec4(MUL, ZZ2, DX, DX),
    vec4(MUL, ZZZ2, DX, ZZ2),
    vec4(MUL, X2, X1, ZZ2),
    vec4(MUL, DY, X1, X1),
    vec4(ADD, Y2, DY, DY),
    vec4(ADD, DY, DY, Y2),
    vec4(MUL, ZZ1, ZZ1, ZZ2),
    vec4(MUL, ZZZ1, ZZZ1, ZZZ2),
    vec4(MUL, X1, DY, DY),
    vec4(SUB, X1, X1, X2),
    vec4(SUB, X1, X1, X2),
    vec4(SUB, X2, X2, X1),
    vec4(MUL, X2, X2, DY),
    vec4(MUL, Y1, Y1, ZZZ2),
    vec4(SUB, Y1, X2, Y1),
);
// First step, and the one after the last.
const GENERAL = vec2(0u, 8u);
const MIXED = vec2(2u, 6u);
const SUM = vec2(8u, 21u);
const DOUBLE = vec2(21u, 37u);

fn run(part: vec2<u32>) {
    for (var i = part.x; i < part.y; i++) {
        let step = steps[i];
        let a = registers[step.z];
        let b = registers[step.w];
        var result: Fe;
        switch step.x {
            case MUL: { result = fe_mul(a, b); }
            case ADD: { result = fe_add(a, b); }
            default: { result = fe_sub(a, b); }
        }
        registers[step.y] = result;
    }
}

// Adds the point in X2 to ZZZ2 (`mixed`: X2 and Y2 only) to the one in X1 to ZZZ1.
fn add_points(mixed: bool) {
    if (is_infinity(mixed)) {
        return;
    }
    if (fe_is_zero(registers[ZZ1])) {
        if (mixed) {
            registers[ZZ2] = fe_one();
            registers[ZZZ2] = fe_one();
        }
        for (var i = 0u; i < 4u; i++) {
            registers[X1 + i] = registers[X2 + i];
        }
        return;
    }
    var part = select(GENERAL, MIXED, mixed);
    for (var half = 0u; half < 2u; half++) {
        run(part);
        part = SUM;
        if (half == 0u && fe_is_zero(registers[DX])) {
            if (!fe_is_zero(registers[DY])) {
                registers[ZZ1] = Fe();
                return;
            }
            part = DOUBLE;
        }
    }
}

// Whether the point to add is infinity.
fn is_infinity(mixed: bool) -> bool {
    if (mixed) {
        return fe_is_zero(registers[X2]) && fe_is_zero(registers[Y2]);
    }
    return fe_is_zero(registers[ZZ2]);
}
