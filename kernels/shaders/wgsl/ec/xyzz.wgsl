// Points of y² = x³ + b as X, Y, ZZ, ZZZ with x = X/ZZ, y = Y/ZZZ, ZZ³ = ZZZ²; infinity: ZZ = 0.
// Formulas: EFD, short Weierstrass XYZZ, add-2008-s, madd-2008-s and dbl-2008-s-1 with a = 0.
//
// Everything is inlined by the compilers behind WGSL, and an addition has up to 14 products of
// coordinates. So an addition is a list of steps on ten coordinates, carried out one by one: the program
// has a single product of the prime field. It has few places, too, where a register is chosen by number.

#import fe

alias Affine = array<Fp, 2u * DEGREE>;
alias Xyzz = array<Fp, 4u * DEGREE>;

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
const COORDINATES = 10u;

// Coordinates, DEGREE elements each; then the temporaries of products.
var<private> registers: array<Fp, COORDINATES * DEGREE + TEMPORARIES>;
// Where the elements of both points begin.
const FIRST = X1 * DEGREE;
const SECOND = X2 * DEGREE;

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
        for (var k = 0u; k < operations(step); k++) {
            let o = operation(step, k);
            let a = registers[o.z];
            let b = registers[o.w];
            var result: Fp;
            switch o.x {
                case MUL: { result = fp_mul(a, b); }
                case ADD: { result = fp_add(a, b); }
                default: { result = fp_sub(a, b); }
            }
            registers[o.y] = result;
        }
    }
}

// Whether so many coordinates, from this one on, are zero.
fn are_zero(coordinate: u32, count: u32) -> bool {
    for (var i = coordinate * DEGREE; i < rolled((coordinate + count) * DEGREE); i++) {
        if (!fp_is_zero(registers[i])) {
            return false;
        }
    }
    return true;
}

fn set_zero(coordinate: u32) {
    for (var i = coordinate * DEGREE; i < rolled((coordinate + 1u) * DEGREE); i++) {
        registers[i] = Fp();
    }
}

fn set_one(coordinate: u32) {
    set_zero(coordinate);
    registers[coordinate * DEGREE] = fp_one();
}

// Turns the second point into its opposite.
fn negate() {
    for (var i = Y2 * DEGREE; i < rolled((Y2 + 1u) * DEGREE); i++) {
        registers[i] = fp_sub(Fp(), registers[i]);
    }
}

// Adds the point in X2 to ZZZ2 to the one in X1 to ZZZ1. `mixed`: X2 and Y2 are an affine point.
fn add_points(mixed: bool) {
    if (are_zero(select(ZZ2, X2, mixed), select(1u, 2u, mixed))) {
        return;
    }
    if (are_zero(ZZ1, 1u)) {
        if (mixed) {
            set_one(ZZ2);
            set_one(ZZZ2);
        }
        for (var i = 0u; i < rolled(4u * DEGREE); i++) {
            registers[FIRST + i] = registers[SECOND + i];
        }
        return;
    }
    var part = select(GENERAL, MIXED, mixed);
    for (var half = 0u; half < 2u; half++) {
        run(part);
        part = SUM;
        if (half == 0u && are_zero(DX, 1u)) {
            if (!are_zero(DY, 1u)) {
                set_zero(ZZ1);
                return;
            }
            part = DOUBLE;
        }
    }
}
