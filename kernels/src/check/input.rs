//! Inputs of laws, from a seed. They are frozen with the results: the generator is our own.

use super::Input;
use crate::field::KernelField;

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014): a stream of words for each seed and number.
pub(super) struct Stream(u64);

impl Stream {
    pub(super) fn new(seed: u64, number: u64) -> Self {
        let mut stream = Self(seed ^ number.wrapping_mul(0xd134_2543_de82_ef95));
        Self(stream.word())
    }

    pub(super) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `limit`, which is not zero.
    pub(super) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.word() % limit as u64).expect("below a usize")
    }

    /// A uniform element: words below p, as Montgomery form.
    pub(super) fn element<F: KernelField>(&mut self) -> F {
        let modulus = F::MODULUS;
        let top = u64::MAX >> (64 * F::WORDS as u64 - u64::from(F::MODULUS_BIT_SIZE));
        loop {
            let mut words: Vec<u64> = (0..F::WORDS).map(|_| self.word()).collect();
            words[F::WORDS - 1] &= top;
            if words.iter().rev().lt(modulus.as_ref().iter().rev()) {
                return F::read(&words);
            }
        }
    }

    /// Elements of a kind.
    pub(super) fn elements<F: KernelField>(&mut self, input: Input, len: usize) -> Vec<F> {
        let place = self.below(len.max(1));
        let common = self.element::<F>();
        let edges = edges::<F>();
        let element = |i: usize| match input {
            Input::Random => self.element(),
            Input::Zeros => F::ZERO,
            Input::Ones => F::ONE,
            Input::MinusOnes => -F::ONE,
            Input::Ramp => F::from(i as u64),
            Input::OneNonzero if i == place => common,
            Input::OneNonzero => F::ZERO,
            Input::AllEqual => common,
            Input::Small => F::from(self.word() % 1024),
            Input::Edges => edges[i % edges.len()],
        };
        (0..len).map(element).collect()
    }

    /// Integers of a kind, `bits` wide, in ⌈bits/64⌉ words each; with copies of the sign above it.
    pub(super) fn integers(
        &mut self,
        input: Input,
        len: usize,
        bits: u32,
        signed: bool,
    ) -> Vec<u64> {
        let place = self.below(len.max(1));
        let common = self.integer(bits);
        let integer = |i: usize| match input {
            Input::Random => self.integer(bits),
            Input::Zeros => small(0, bits),
            Input::Ones => small(1, bits),
            Input::MinusOnes => vec![u64::MAX; bits.div_ceil(64) as usize],
            Input::Ramp => small(i as u64, bits),
            Input::OneNonzero if i == place => common.clone(),
            Input::OneNonzero => small(0, bits),
            Input::AllEqual => common.clone(),
            Input::Small => small(self.word() % 1024, bits),
            Input::Edges => edge(i, bits),
        };
        (0..len).map(integer).flat_map(|words| narrow(words, bits, signed)).collect()
    }

    fn integer(&mut self, bits: u32) -> Vec<u64> {
        (0..bits.div_ceil(64)).map(|_| self.word()).collect()
    }
}

fn small(value: u64, bits: u32) -> Vec<u64> {
    let mut words = vec![0; bits.div_ceil(64) as usize];
    words[0] = value;
    words
}

/// 2^k, 2^k − 1 and their complements for all k in turn: carries run as far as they can.
fn edge(i: usize, bits: u32) -> Vec<u64> {
    let bit = i / 4 % bits as usize;
    let mut power = small(0, bits);
    power[bit / 64] = 1 << (bit % 64);
    let mut below = small(0, bits);
    below[..bit / 64].fill(u64::MAX);
    below[bit / 64] = (1 << (bit % 64)) - 1;
    let complement = |words: Vec<u64>| words.into_iter().map(|word| !word).collect();
    match i % 4 {
        0 => power,
        1 => below,
        2 => complement(power),
        _ => complement(below),
    }
}

/// Cuts an integer to its width; bits above it become zero or copies of the sign.
fn narrow(mut words: Vec<u64>, bits: u32, signed: bool) -> Vec<u64> {
    let (last, rest) = (words.len() - 1, bits % 64);
    if rest > 0 {
        let mask = (1u64 << rest) - 1;
        let negative = signed && words[last] >> (rest - 1) & 1 == 1;
        words[last] = if negative { words[last] | !mask } else { words[last] & mask };
    }
    words
}

/// Values at which arithmetic is likely to slip: in value and in Montgomery form.
fn edges<F: KernelField>() -> Vec<F> {
    let half = F::from(2u64).inverse().expect("p is odd");
    let modulus: Vec<u64> = F::MODULUS.as_ref().to_vec();
    let mut forms = Vec::new();
    // p − 1, p − 2 and, word by word, p with its lower words at their largest: all below p.
    forms.push(with_word(&modulus, 0, modulus[0] - 1));
    forms.push(with_word(&modulus, 0, modulus[0] - 2));
    for word in 0..modulus.len() {
        let mut form = with_word(&modulus, word, modulus[word].saturating_sub(1));
        form[..word].fill(u64::MAX);
        if modulus[word] > 0 {
            forms.push(form);
        }
        let mut single = vec![0; modulus.len()];
        single[word] = 1;
        forms.push(single);
    }
    let values = [F::ZERO, F::ONE, -F::ONE, half, -half, F::from(u64::MAX), F::from(1u64 << 32)];
    values.into_iter().chain(forms.iter().map(|form| F::read(form))).collect()
}

fn with_word(words: &[u64], at: usize, word: u64) -> Vec<u64> {
    let mut words = words.to_vec();
    words[at] = word;
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::FieldId;
    use crate::with_field;

    #[test]
    fn elements_are_canonical() {
        for id in FieldId::ALL {
            with_field!(id, F => {
                for input in [Input::Random, Input::Edges] {
                    for element in Stream::new(1, 2).elements::<F>(input, 200) {
                        let mut words = vec![0; <F as crate::element::Element>::WORDS];
                        crate::element::Element::write(&element, &mut words);
                        let modulus = <F as ark_ff::PrimeField>::MODULUS;
                        assert!(words.iter().rev().lt(modulus.as_ref().iter().rev()), "{id}");
                    }
                }
            });
        }
    }

    #[test]
    fn integers_have_their_width() {
        for bits in [1u32, 5, 63, 64, 65, 255, 256] {
            for input in [Input::Random, Input::Edges, Input::MinusOnes, Input::Ramp] {
                let words = Stream::new(3, 4).integers(input, 1100, bits, false);
                let of_last = bits - 64 * (bits.div_ceil(64) - 1);
                let excess = u64::MAX.checked_shl(of_last).unwrap_or(0);
                let mut integers = words.chunks(bits.div_ceil(64) as usize);
                assert!(integers.all(|words| words[words.len() - 1] & excess == 0), "{bits}");
            }
        }
    }
}
