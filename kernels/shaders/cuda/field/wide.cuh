// Carry chains of 32-bit words: the one place with PTX, and its portable twin.
//
// A chain is a sequence of calls with the same Carry: `_cc` at the end of a name sets the carry, `c`
// after the operation's name takes it in. On a device the carry is PTX's condition code; nothing but
// these calls may touch it in mid-chain, so 128-bit integers of the compiler must not be used here.
// A pair mad_lo_cc, madc_hi_cc on the words of an aligned register pair is one IMAD.WIDE.
#pragma once
#include "../kernel.cuh"

#ifdef __CUDA_ARCH__

struct Carry {};

// Volatile: the compiler knows nothing of the condition code, and must keep the order.
#define PTX_OF_TWO(name, instruction)                                               \
    DEVICE u32 name(Carry&, u32 a, u32 b) {                                         \
        u32 r;                                                                      \
        asm volatile(instruction " %0, %1, %2;" : "=r"(r) : "r"(a), "r"(b));        \
        return r;                                                                   \
    }
#define PTX_OF_THREE(name, instruction)                                                       \
    DEVICE u32 name(Carry&, u32 a, u32 b, u32 c) {                                            \
        u32 r;                                                                                \
        asm volatile(instruction " %0, %1, %2, %3;" : "=r"(r) : "r"(a), "r"(b), "r"(c));      \
        return r;                                                                             \
    }

PTX_OF_TWO(add_cc, "add.cc.u32")
PTX_OF_TWO(addc_cc, "addc.cc.u32")
PTX_OF_TWO(addc, "addc.u32")
PTX_OF_TWO(sub_cc, "sub.cc.u32")
PTX_OF_TWO(subc_cc, "subc.cc.u32")
PTX_OF_TWO(subc, "subc.u32")
PTX_OF_THREE(mad_lo_cc, "mad.lo.cc.u32")
PTX_OF_THREE(madc_lo_cc, "madc.lo.cc.u32")
PTX_OF_THREE(madc_hi_cc, "madc.hi.cc.u32")
PTX_OF_THREE(madc_hi, "madc.hi.u32")

#else

// The carry, or the borrow, of the call before: 0 or 1.
struct Carry {
    u32 bit = 0;
};

DEVICE u32 low_word(Carry& carry, u64 sum) {
    carry.bit = (sum >> 32) & 1;
    return (u32)sum;
}

DEVICE u32 add_cc(Carry& carry, u32 a, u32 b) { return low_word(carry, (u64)a + b); }
DEVICE u32 addc_cc(Carry& carry, u32 a, u32 b) { return low_word(carry, (u64)a + b + carry.bit); }
DEVICE u32 addc(Carry& carry, u32 a, u32 b) { return a + b + carry.bit; }
DEVICE u32 sub_cc(Carry& carry, u32 a, u32 b) { return low_word(carry, (u64)a - b); }
DEVICE u32 subc_cc(Carry& carry, u32 a, u32 b) { return low_word(carry, (u64)a - b - carry.bit); }
DEVICE u32 subc(Carry& carry, u32 a, u32 b) { return a - b - carry.bit; }

DEVICE u32 mad_lo_cc(Carry& carry, u32 a, u32 b, u32 c) { return add_cc(carry, a * b, c); }
DEVICE u32 madc_lo_cc(Carry& carry, u32 a, u32 b, u32 c) { return addc_cc(carry, a * b, c); }
DEVICE u32 madc_hi_cc(Carry& carry, u32 a, u32 b, u32 c) {
    return addc_cc(carry, (u32)((u64)a * b >> 32), c);
}
DEVICE u32 madc_hi(Carry& carry, u32 a, u32 b, u32 c) {
    return addc(carry, (u32)((u64)a * b >> 32), c);
}

#endif
