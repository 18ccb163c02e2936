//! Integers in digits of base 4, least significant first, and what can be done with them.
//!
//! A digit's ciphertext has room for values up to 15, so that sums of several digits are looked up at
//! once: their value modulo 4 is a digit, a quarter of it carries over.

use super::builder::Builder;
use super::circuit::Linear;

/// A number that is not negative.
#[derive(Clone, Debug)]
pub struct Integer {
    /// Each from 0 to 3.
    pub digits: Vec<Linear>,
    /// The greatest it can be.
    pub maximum: u128,
}

/// Something to be added to a column: what, and the greatest it can be.
type Part = (Linear, u64);

/// Digits of a number up to this.
pub fn digits_of(maximum: u128) -> usize {
    (u128::BITS - maximum.leading_zeros()).div_ceil(2).max(1) as usize
}

impl Integer {
    /// A number that everybody knows.
    pub fn known(value: u128) -> Self {
        let digit = |i: usize| Linear::digit((value >> (2 * i) & 3) as u64);
        Self { digits: (0..digits_of(value)).map(digit).collect(), maximum: value }
    }

    /// Digits out of bits, lowest first.
    pub fn of_bits(bits: &[Linear], maximum: u128) -> Self {
        let digit = |pair: &[Linear]| match pair {
            [low, high] => low.clone().plus(2, high),
            _ => pair[0].clone(),
        };
        let mut digits: Vec<_> = bits.chunks(2).map(digit).collect();
        digits.truncate(digits_of(maximum));
        Self { digits, maximum }
    }

    fn digit(&self, i: usize) -> Linear {
        self.digits.get(i).cloned().unwrap_or_default()
    }
}

impl Builder {
    /// The sum of columns of parts, in as many digits as numbers up to `maximum` have.
    fn add_columns(&mut self, mut columns: Vec<Vec<Part>>, maximum: u128) -> Integer {
        let count = digits_of(maximum);
        columns.resize(count.max(columns.len()), Vec::new());
        let mut digits = Vec::with_capacity(count);
        for i in 0..count {
            while !matches!(columns[i][..], [] | [(_, ..=3)]) {
                let (sum, most) = self.take_group(&mut columns[i]);
                let low = self.digit(sum.clone(), |v| v % 4);
                columns[i].push((low, most.min(3)));
                if most > 3 && i + 1 < count {
                    let carry = self.digit(sum, |v| v / 4);
                    columns[i + 1].push((carry, most / 4));
                }
            }
            digits.push(columns[i].pop().map_or_else(Linear::default, |(digit, _)| digit));
        }
        Integer { digits, maximum }
    }

    /// The sum of as many parts as a digit has room for, at least two if there are two.
    fn take_group(&mut self, column: &mut Vec<Part>) -> (Linear, u64) {
        let (mut group, mut most, mut norm) = (Vec::new(), 0, 0.0);
        let mut rest = Vec::new();
        for (part, part_most) in column.drain(..) {
            let fits = most + part_most <= 15
                && (group.len() < 2
                    || norm + part.squared_norm() <= super::builder::SQUARED_NORM_MAX);
            if fits {
                most += part_most;
                norm += part.squared_norm();
                group.push(part);
            } else {
                rest.push((part, part_most));
            }
        }
        *column = rest;
        let parts: Vec<_> = group.iter().map(|part| (1, part)).collect();
        (self.combine(&parts), most)
    }

    /// The sum of numbers.
    pub fn add(&mut self, numbers: &[&Integer]) -> Integer {
        let maximum = numbers.iter().map(|number| number.maximum).sum();
        let columns = (0..digits_of(maximum)).map(|i| {
            let parts = numbers.iter().filter_map(|number| number.digits.get(i));
            parts.map(|digit| (digit.clone(), 3)).collect()
        });
        let columns = columns.collect();
        self.add_columns(columns, maximum)
    }

    /// How many bits are 1.
    pub fn count(&mut self, bits: &[Linear]) -> Integer {
        let column = bits.iter().map(|bit| (bit.clone(), 1)).collect();
        self.add_columns(vec![column], bits.len() as u128)
    }

    /// The product of a number and one that everybody knows.
    pub fn scale(&mut self, number: &Integer, by: u64) -> Integer {
        self.multiply(number, &Integer::known(by.into()))
    }

    /// The product of two numbers.
    pub fn multiply(&mut self, a: &Integer, b: &Integer) -> Integer {
        let maximum = a.maximum.saturating_mul(b.maximum);
        let mut columns = vec![Vec::new(); a.digits.len() + b.digits.len() + 1];
        for (i, x) in a.digits.iter().enumerate() {
            for (j, y) in b.digits.iter().enumerate() {
                self.add_product(&mut columns[i + j..], x, y, 1);
            }
        }
        self.add_columns(columns, maximum)
    }

    /// The square of a number: products of different digits are needed once.
    pub fn square(&mut self, a: &Integer) -> Integer {
        let maximum = a.maximum.saturating_mul(a.maximum);
        let mut columns = vec![Vec::new(); 2 * a.digits.len() + 1];
        for (i, x) in a.digits.iter().enumerate() {
            for (j, y) in a.digits.iter().enumerate().skip(i) {
                self.add_product(&mut columns[i + j..], x, y, if i == j { 1 } else { 2 });
            }
        }
        self.add_columns(columns, maximum)
    }

    /// Adds `times` times the product of two digits to two columns.
    fn add_product(&mut self, columns: &mut [Vec<Part>], x: &Linear, y: &Linear, times: i64) {
        let parts = match (x.known(), y.known()) {
            (_, Some(word)) => self.scaled_digit(x, word >> 59),
            (Some(word), _) => self.scaled_digit(y, word >> 59),
            _ if x == y => {
                [self.digit(x.clone(), |v| v * v % 4), self.digit(x.clone(), |v| v * v / 4 % 4)]
            }
            _ => {
                let pair = self.combine(&[(4, x), (1, y)]);
                let product = |v: u64| (v / 4) * (v % 4);
                [
                    self.digit(pair.clone(), move |v| product(v) % 4),
                    self.digit(pair, move |v| product(v) / 4),
                ]
            }
        };
        for ((part, most), column) in parts.into_iter().zip([3u64, 2]).zip(columns) {
            if part != Linear::default() {
                let zero = Linear::default();
                column.push((zero.plus(times, &part), most * times.unsigned_abs()));
            }
        }
    }

    /// The two digits of a digit times one that everybody knows.
    fn scaled_digit(&mut self, x: &Linear, by: u64) -> [Linear; 2] {
        match by {
            0 => [Linear::default(), Linear::default()],
            1 => [x.clone(), Linear::default()],
            _ => [
                self.digit(x.clone(), move |v| v * by % 4),
                self.digit(x.clone(), move |v| v * by / 4 % 4),
            ],
        }
    }

    /// Whether a ≥ b: the last carry of a + (4^n − 1 − b) + 1.
    pub fn at_least(&mut self, a: &Integer, b: &Integer) -> Linear {
        let mut carry = Linear::digit(1);
        for i in 0..a.digits.len().max(b.digits.len()) {
            let (x, y, three) = (a.digit(i), b.digit(i), Linear::digit(3));
            let sum = self.combine(&[(1, &x), (-1, &y), (1, &carry), (1, &three)]);
            carry = self.digit(sum, |v| u64::from((4..8).contains(&v)));
        }
        carry
    }

    /// a where the bit is 1, else b.
    pub fn select(&mut self, bit: &Linear, a: &Integer, b: &Integer) -> Integer {
        let count = a.digits.len().max(b.digits.len());
        let digit = |i| {
            let (with_a, with_b) = (a.digit(i), b.digit(i));
            let with_a = self.combine(&[(4, bit), (1, &with_a)]);
            let with_b = self.combine(&[(4, bit), (1, &with_b)]);
            let of_a = self.digit(with_a, |v| if v >= 4 { v % 4 } else { 0 });
            of_a.plus(1, &self.digit(with_b, |v| if v < 4 { v } else { 0 }))
        };
        let digits = (0..count).map(digit).collect();
        Integer { digits, maximum: a.maximum.max(b.maximum) }
    }

    /// The absolute value of a number in two's complement, whose last bit is its sign.
    pub fn absolute(&mut self, bits: &[Linear], maximum: u128) -> Integer {
        let Some(sign) = bits.last().cloned() else { return Integer::known(0) };
        let mut even = bits.to_vec();
        if even.len() % 2 == 1 {
            even.push(sign.clone());
        }
        let number = Integer::of_bits(&even, u128::MAX);
        let flip = |digit: &Linear| {
            let pair = self.combine(&[(4, &sign), (1, digit)]);
            vec![(self.digit(pair, |v| if v >= 4 { 7 - v.min(7) } else { v }), 3)]
        };
        let mut columns: Vec<_> = number.digits.iter().map(flip).collect();
        columns[0].push((sign, 1));
        self.add_columns(columns, maximum)
    }

    /// The entry of a table that a number names; entries are up to `maximum`.
    pub fn entry(&mut self, number: &Integer, table: &[u64]) -> Integer {
        let maximum = table.iter().copied().max().unwrap_or(0);
        let low = self.pair(number, 0);
        let high = (number.digits.len() > 2).then(|| self.pair(number, 2));
        let digit = |place: usize| {
            let of = |block: usize| {
                let values: Vec<u64> = table.iter().skip(16 * block).take(16).copied().collect();
                move |v: u64| {
                    let value = usize::try_from(v).ok().and_then(|v| values.get(v)).copied();
                    value.unwrap_or(0) >> (2 * place) & 3
                }
            };
            let Some(high) = &high else { return self.digit(low.clone(), of(0)) };
            let blocks = (0..table.len().div_ceil(16)).map(|block| {
                let is_block =
                    self.digit(high.clone(), |v| u64::from(usize::try_from(v) == Ok(block)));
                let value = self.digit(low.clone(), of(block));
                let both = self.combine(&[(4, &is_block), (1, &value)]);
                self.digit(both, |v| if v >= 4 { v % 4 } else { 0 })
            });
            // One of them at most is not zero.
            let sum = blocks.fold(Linear::default(), |sum, block| sum.plus(1, &block));
            self.digit(sum, |v| v % 4)
        };
        let digits = (0..digits_of(maximum.into())).map(digit).collect();
        Integer { digits, maximum: maximum.into() }
    }

    /// Two digits in one.
    fn pair(&mut self, number: &Integer, at: usize) -> Linear {
        let (low, high) = (number.digit(at), number.digit(at + 1));
        self.combine(&[(4, &high), (1, &low)])
    }
}
