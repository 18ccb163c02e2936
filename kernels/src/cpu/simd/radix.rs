//! Numbers in limbs of fewer bits than a word, when compiled.

use ark_ff::BigInt;

/// The limbs, of so many bits, of a number that has no more.
pub(super) const fn limbs<const N: usize, const L: usize>(
    words: &[u64; N],
    bits: usize,
) -> [u64; L] {
    let mut limbs = [0; L];
    let mut i = 0;
    while i < L {
        let (word, shift) = (bits * i / 64, bits * i % 64);
        let mut limb = words[word] >> shift;
        if shift > 64 - bits && word + 1 < N {
            limb |= words[word + 1] << (64 - shift);
        }
        limbs[i] = limb & ((1 << bits) - 1);
        i += 1;
    }
    limbs
}

/// 2^k mod p, by doubling.
pub(super) const fn power_of_two<const N: usize>(p: BigInt<N>, k: usize) -> BigInt<N> {
    let mut power = BigInt::one();
    let mut i = 0;
    while i < k {
        // p has a bit to spare in each of our fields: doubling does not overflow.
        let (mut word, mut carry) = (0, 0);
        while word < N {
            let high = power.0[word] >> 63;
            power.0[word] = power.0[word] << 1 | carry;
            carry = high;
            word += 1;
        }
        if !less(&power, &p) {
            let (mut word, mut borrow) = (0, false);
            while word < N {
                let (d, b1) = power.0[word].overflowing_sub(p.0[word]);
                let (d, b2) = d.overflowing_sub(borrow as u64);
                power.0[word] = d;
                borrow = b1 || b2;
                word += 1;
            }
        }
        i += 1;
    }
    power
}

/// a < b.
const fn less<const N: usize>(a: &BigInt<N>, b: &BigInt<N>) -> bool {
    let mut word = N;
    while word > 0 {
        word -= 1;
        if a.0[word] != b.0[word] {
            return a.0[word] < b.0[word];
        }
    }
    false
}
