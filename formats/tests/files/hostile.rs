//! Random damage to every kind of file: whatever is read of it, nothing panics.

use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau};
use pulseproof_formats::r1cs::{Limits, R1cs};
use pulseproof_formats::zkey::{Contribution, write};
use pulseproof_formats::{Check, FormatError, Witness, Zkey, sym};
use pulseproof_kernels::{Bn254, Curve, Scalar, for_each_curve};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use crate::common::*;

fn wtns<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    let witness = Witness::<Scalar<C>>::read(&mut source(bytes), 1000)?;
    witness.write(&mut Vec::new())
}

fn r1cs<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    let circuit = R1cs::<Scalar<C>>::read(&mut source(bytes), &Limits::default())?;
    let witness = Witness::read(&mut source(fixture!(C, "tiny.wtns")), 1000)?;
    circuit.first_unsatisfied(&witness);
    circuit.write(&mut Vec::new())
}

fn zkey<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    let contents = Zkey::<C, _>::open(source(bytes))?.contents(Check::OnCurve)?;
    // Whether they can be read or not.
    let _ = Contribution::<C>::read_all(&contents.contributions);
    write(&mut Vec::new(), &contents)
}

fn ptau<C: Curve>(bytes: &[u8]) -> Result<(), FormatError> {
    let (mut file, quiet) = (Ptau::<C, _>::open(source(bytes))?, &mut |_, _| {});
    // Whether it can be read or not.
    let _ = file.contributions();
    file.powers_g1(PowersG1::Tau, 0..15, Check::OnCurve, quiet)?;
    file.powers_g2(PowersG2::Tau, 0..8, Check::OnCurve, quiet)?;
    file.lagrange_g1(PowersG1::Tau, file.power() + 1, Check::OnCurve, quiet).map(drop)
}

/// Some bytes changed, or four of them made the largest number, or some cut out or doubled.
fn damaged(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut file = bytes.to_vec();
    for _ in 0..rng.gen_range(1..4) {
        let at = rng.gen_range(0..file.len());
        let end = (at + rng.gen_range(1..9)).min(file.len());
        match rng.gen_range(0..6) {
            0 => file[at..end].fill(0xff),
            1 => drop(file.drain(at..end)),
            2 => {
                let piece = file[at..end].to_vec();
                drop(file.splice(at..at, piece));
            }
            _ => file[at] ^= 1 << rng.gen_range(0..8),
        }
    }
    file
}

#[test]
fn nothing_panics() {
    fn test<C: Curve>() {
        let mut rng = StdRng::seed_from_u64(20_260_101);
        let kinds: [(&[u8], Reads, usize); 4] = [
            (fixture!(C, "tiny.wtns"), wtns::<C>, 4000),
            (fixture!(C, "tiny.r1cs"), r1cs::<C>, 4000),
            (fixture!(C, "tiny.zkey"), zkey::<C>, 1500),
            (fixture!(C, "tiny.ptau"), ptau::<C>, 1500),
        ];
        for (bytes, read, rounds) in kinds {
            read(bytes).unwrap();
            let refused = (0..rounds).filter(|_| read(&damaged(bytes, &mut rng)).is_err()).count();
            assert!(refused > rounds / 4, "{refused} of {rounds}");
        }
    }
    for_each_curve!(test);
}

#[test]
fn no_names_panic() {
    let mut rng = StdRng::seed_from_u64(20_260_102);
    let names = fixture!(Bn254, "tiny.sym");
    sym::each(names, |_| ()).unwrap();
    for _ in 0..4000 {
        drop(sym::public_names(&damaged(names, &mut rng)[..], 3, Some(4)));
    }
}

/// Bits of a header decide what is read of the rest: each is flipped.
#[test]
fn no_bit_of_the_first_bytes_panics() {
    fn test<C: Curve>() {
        let kinds: [(&[u8], Reads); 4] = [
            (fixture!(C, "tiny.wtns"), wtns::<C>),
            (fixture!(C, "tiny.r1cs"), r1cs::<C>),
            (fixture!(C, "tiny.zkey"), zkey::<C>),
            (fixture!(C, "tiny.ptau"), ptau::<C>),
        ];
        for (bytes, read) in kinds {
            for bit in 0..8 * bytes.len().min(200) {
                let flipped = bytes[bit / 8] ^ 1 << (bit % 8);
                // Some bits stand for nothing that is checked: a label, say.
                drop(read(&patched(bytes, bit / 8, &[flipped])));
            }
        }
    }
    for_each_curve!(test);
}
