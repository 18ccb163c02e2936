//! Vectors in pairs of registers: twice as many lanes, and twice as much to do while an operation waits
//! for another.

use ark_ff::{Fp, FpConfig};

use super::{Doubles, Eight, Vectors};

/// Two registers of `A` as one, or two pairs of them.
#[derive(Clone, Copy, Debug)]
pub struct Twice<A>(pub(in crate::cpu) A);

/// Methods that do the same in both registers.
macro_rules! in_both {
    ($of:ident: $($name:ident($($arg:ident: $kind:ty),+) -> $result:ty;)*) => { $(
        #[inline(always)]
        fn $name(self, $($arg: $kind),+) -> $result {
            // `map` would be a call, without the instructions.
            [$of::$name(self.0, $($arg[0]),+), $of::$name(self.0, $($arg[1]),+)]
        }
    )* };
}

/// From so many lanes to twice as many.
macro_rules! twice {
    ($($half:literal => $whole:literal;)*) => { $(
        impl<A: Vectors<$half>> Vectors<$whole> for Twice<A> {
            const IS_ONE_REGISTER: bool = false;
            type V = [A::V; 2];
            type Mask = [A::Mask; 2];

            #[inline(always)]
            fn run<R>(self, work: impl FnOnce() -> R) -> R {
                self.0.run(work)
            }

            #[inline(always)]
            fn splat(self, word: u64) -> Self::V {
                [self.0.splat(word); 2]
            }

            #[inline(always)]
            fn load(self, words: &[u64; $whole]) -> Self::V {
                let (halves, _) = words.as_chunks();
                [self.0.load(&halves[0]), self.0.load(&halves[1])]
            }

            #[inline(always)]
            fn store(self, v: Self::V, words: &mut [u64; $whole]) {
                let (halves, _) = words.as_chunks_mut();
                for (half, v) in halves.iter_mut().zip(v) {
                    self.0.store(v, half);
                }
            }

            in_both! { Vectors:
                add(a: Self::V, b: Self::V) -> Self::V;
                sub(a: Self::V, b: Self::V) -> Self::V;
                mul_low(a: Self::V, b: Self::V) -> Self::V;
                and(a: Self::V, b: Self::V) -> Self::V;
                or(a: Self::V, b: Self::V) -> Self::V;
                less(a: Self::V, b: Self::V) -> Self::Mask;
                add_where(mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;
                select(mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V;
                below(a: Self::V, b: Self::V) -> Self::Mask;
                mul_u32(a: Self::V, b: Self::V) -> Self::V;
            }

            #[inline(always)]
            fn settle(self, [a, b]: Self::V) -> Self::V {
                [self.0.settle(a), self.0.settle(b)]
            }

            #[inline(always)]
            fn spread(self, a: Self::V, lane: usize) -> Self::V {
                [self.0.spread(a[lane / $half % 2], lane % $half); 2]
            }

            #[inline(always)]
            fn shift_left(self, [a, b]: Self::V, bits: usize) -> Self::V {
                [self.0.shift_left(a, bits), self.0.shift_left(b, bits)]
            }

            #[inline(always)]
            fn shift_right(self, [a, b]: Self::V, bits: usize) -> Self::V {
                [self.0.shift_right(a, bits), self.0.shift_right(b, bits)]
            }

            #[inline(always)]
            fn transpose(self, vectors: [Self::V; $whole]) -> [Self::V; $whole] {
                // Quarters change places, and what is within them.
                let mut rows = vectors;
                unroll!(side < 2, {
                    unroll!(from < 2, {
                        let mut quarter = [vectors[0][0]; $half];
                        unroll!(i < $half, {
                            quarter[i] = vectors[$half * from + i][side];
                        });
                        let quarter = self.0.transpose(quarter);
                        unroll!(i < $half, {
                            rows[$half * side + i][from] = quarter[i];
                        });
                    });
                });
                rows
            }
        }

        impl<A: Doubles<$half>> Doubles<$whole> for Twice<A> {
            type D = [A::D; 2];
            type Bits = [A::Bits; 2];
            type Choice = [A::Choice; 2];

            #[inline(always)]
            fn every(self, x: f64) -> Self::D {
                [self.0.every(x); 2]
            }

            in_both! { Doubles:
                doubles(bits: Self::Bits) -> Self::D;
                bits(a: Self::D) -> Self::Bits;
                plus(a: Self::D, b: Self::D) -> Self::D;
                less_by(a: Self::D, b: Self::D) -> Self::D;
                times(a: Self::D, b: Self::D) -> Self::D;
                multiply_add(a: Self::D, b: Self::D, c: Self::D) -> Self::D;
                subtract_product(c: Self::D, a: Self::D, b: Self::D) -> Self::D;
                negative(a: Self::D) -> Self::Choice;
                choose(lanes: Self::Choice, a: Self::D, b: Self::D) -> Self::D;
            }

            #[inline(always)]
            fn chosen(self, lanes: u8) -> Self::Choice {
                [self.0.chosen(lanes), self.0.chosen(lanes >> $half)]
            }

            #[inline(always)]
            fn zeros(self, [a, b]: Self::D) -> u8 {
                self.0.zeros(a) | self.0.zeros(b) << $half
            }

            #[inline(always)]
            fn ask_for(self, a: &Self::D) {
                self.0.ask_for(&a[0]);
            }
        }
    )* };
}

twice! {
    2 => 4;
    4 => 8;
}

impl<A> Eight for Twice<A>
where
    A: Vectors<4> + Doubles<4, Bits = <A as Vectors<4>>::V>,
{
    #[inline(always)]
    fn load_elements<P: FpConfig<N>, const N: usize>(self, values: &[Fp<P, N>]) -> [Self::V; N] {
        const { assert!(4 <= N && N <= 8) };
        let mut columns = [Vectors::<8>::splat(self, 0); N];
        unroll!(half < 2, {
            // The first four words of four elements, and the last four, of which some may be there already.
            unroll!(part < 2, {
                let at = if part == 0 { 0 } else { N - 4 };
                if part == 0 || N > 4 {
                    let mut rows = [self.0.splat(0); 4];
                    unroll!(lane < 4, {
                        let words = &values[4 * half + lane].0.0;
                        rows[lane] = self.0.load(words[at..].first_chunk().expect("four words"));
                    });
                    let rows = self.0.transpose(rows);
                    unroll!(word < 4, {
                        columns[at + word][half] = rows[word];
                    });
                }
            });
        });
        columns
    }

    #[inline(always)]
    fn store_elements<P: FpConfig<N>, const N: usize>(
        self,
        columns: [Self::V; N],
        values: &mut [Fp<P, N>],
    ) {
        const { assert!(4 <= N && N <= 8) };
        unroll!(half < 2, {
            unroll!(part < 2, {
                let at = if part == 0 { 0 } else { N - 4 };
                if part == 0 || N > 4 {
                    let mut rows = [self.0.splat(0); 4];
                    unroll!(word < 4, {
                        rows[word] = columns[at + word][half];
                    });
                    let rows = self.0.transpose(rows);
                    unroll!(lane < 4, {
                        let mut words = [0; 4];
                        self.0.store(rows[lane], &mut words);
                        let from = if part == 0 { 0 } else { 8 - N };
                        values[4 * half + lane].0.0[at + from..at + 4]
                            .copy_from_slice(&words[from..]);
                    });
                }
            });
        });
    }
}
