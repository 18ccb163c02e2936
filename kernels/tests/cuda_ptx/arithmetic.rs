//! What instructions compute. A register has 64 bits, of which a type says how many count.

#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what an instruction gives is cut to the width of its type"
)]

use super::program::{Binary, Comparison, Sum, Type, Unary};

impl Type {
    pub fn mask(self) -> u64 {
        u64::MAX >> (64 - self.bits)
    }

    pub fn bytes(self) -> usize {
        self.bits as usize / 8
    }

    /// As a register of 64 bits has it that was loaded.
    pub fn extended(self, value: u64) -> u64 {
        self.number(value) as u64
    }

    /// The number that the lowest bits are.
    fn number(self, value: u64) -> i128 {
        let value = value & self.mask();
        let negative = self.signed && value >> (self.bits - 1) == 1;
        i128::from(value) - if negative { 1 << self.bits } else { 0 }
    }

    fn bits_of(self, number: i128) -> u64 {
        (number & i128::from(self.mask())) as u64
    }
}

pub fn one(unary: Unary, of: Type, a: u64) -> u64 {
    let mask = of.mask();
    let unused = 64 - of.bits;
    match unary {
        Unary::Mov => a & mask,
        Unary::Not => !a & mask,
        Unary::Neg => a.wrapping_neg() & mask,
        Unary::Brev => (a & mask).reverse_bits() >> unused,
        Unary::Popc => u64::from((a & mask).count_ones()),
        Unary::Bfind => match a & mask {
            0 => u64::from(u32::MAX),
            a => u64::from(a.leading_zeros() - unused),
        },
        Unary::Cvt { from } => of.bits_of(from.number(a)),
    }
}

pub fn two(binary: Binary, of: Type, a: u64, b: u64) -> u64 {
    let mask = of.mask();
    // Shifts by as many bits or more give nothing, or the sign.
    let by = (b & u64::from(u32::MAX)).min(64) as u32;
    let (x, y) = (of.number(a), of.number(b));
    match binary {
        Binary::And => a & b & mask,
        Binary::Or => (a | b) & mask,
        Binary::Xor => (a ^ b) & mask,
        Binary::Shl => of.bits_of((x & i128::from(mask)) << by),
        Binary::Shr => of.bits_of(x >> by),
        Binary::Min => of.bits_of(x.min(y)),
        Binary::Max => of.bits_of(x.max(y)),
        Binary::Div => of.bits_of(x / y),
        Binary::Rem => of.bits_of(x % y),
        Binary::MulHi => ((u128::from(a & mask) * u128::from(b & mask)) >> of.bits) as u64 & mask,
        Binary::MulWide => (x * y) as u64,
    }
}

pub fn added(sum: Sum, of: Type, [a, b, c]: [u64; 3], carry: bool) -> (u64, bool) {
    let mask = of.mask();
    let (a, b, c) = (a & mask, b & mask, c & mask);
    let product = u128::from(a) * u128::from(b);
    let (x, y) = match sum {
        Sum::Add => (a, b),
        Sum::Sub => {
            let (difference, first) = a.overflowing_sub(b);
            let (difference, second) = difference.overflowing_sub(u64::from(carry));
            return (difference & mask, first || second);
        }
        Sum::MadLo => (product as u64 & mask, c),
        Sum::MadHi => ((product >> of.bits) as u64 & mask, c),
    };
    let total = u128::from(x) + u128::from(y) + u128::from(carry);
    (total as u64 & mask, total >> of.bits != 0)
}

pub fn compared(comparison: Comparison, of: Type, a: u64, b: u64) -> bool {
    let (a, b) = (of.number(a), of.number(b));
    match comparison {
        Comparison::Eq => a == b,
        Comparison::Ne => a != b,
        Comparison::Lt => a < b,
        Comparison::Le => a <= b,
        Comparison::Gt => a > b,
        Comparison::Ge => a >= b,
    }
}
