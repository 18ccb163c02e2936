//! Verifiers as Solidity contracts. Texts only; a compiler and a chain are the caller's.
//!
//! On BN254 the contract has the interface of snarkjs's verifier, so that either serves the same callers, and
//! needs the precompiles of EIP-196 and EIP-197. On BLS12-381 it takes points as EIP-2537 encodes them and needs
//! those precompiles (Prague and later).
//!
//! Everything constant in the pairing equation is negated beforehand, so that the contract computes one
//! product and no inverse: e(A, B)·e(−α, β)·e(X, −γ)·e(C, −δ) = 1.

use pulseproof_kernels::group::Group;
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, CurveId, G1, G2, Scalar};

use crate::{Proof, PublicInputs, VerifyingKey, Weakness};

const BN254: &str = include_str!("solidity/bn254.sol");
const BLS12_381: &str = include_str!("solidity/bls12_381.sol");

/// A key with so many public inputs that its contract would be longer than a chain takes (EIP-170).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{got} public inputs, a contract has room for {limit}")]
pub struct TooManyInputs {
    /// How many the key has.
    pub got: usize,
    /// The most there may be.
    pub limit: usize,
}

/// Most public inputs of a contract: each takes 64 bytes of code, or 160.
pub fn inputs_max(curve: CurveId) -> usize {
    match curve {
        CurveId::Bn254 => 340,
        CurveId::Bls12_381 => 130,
    }
}

/// The source of a contract `Groth16Verifier` whose `verifyProof` checks proofs under this key.
///
/// A key without public inputs has a `verifyProof` without `input`: Solidity knows no empty arrays.
///
/// # Errors
/// Too many public inputs.
pub fn contract<C: Curve>(key: &VerifyingKey<C>) -> Result<String, TooManyInputs> {
    let (got, limit) = (key.public_inputs(), inputs_max(C::ID));
    if got > limit {
        return Err(TooManyInputs { got, limit });
    }
    let (template, slot) = match C::ID {
        CurveId::Bn254 => (BN254, 0),
        CurveId::Bls12_381 => (BLS12_381, 32),
    };
    let one = |is_first| if is_first { "1" } else { "0" };
    let terms = key.ic.iter().enumerate().map(|(index, point)| {
        let scalar = if slot > 0 { format!("{:0>64}", one(index == 0)) } else { String::new() };
        literal(&point_bytes::<G1<C>>(point), &scalar)
    });
    let text = without_input(template, got == 0)
        .replace("$INPUTS", &got.to_string())
        .replace("$ORDER", &Scalar::<C>::MODULUS.to_string())
        .replace("$TERMS", &terms.collect::<String>())
        .replace("$PAIRS", &pairs(key));
    Ok(text)
}

/// A contract that says of itself that its key is insecure.
#[must_use]
pub fn marked(contract: &str, weakness: Weakness) -> String {
    contract.replacen('\n', &format!("\n// INSECURE key: {weakness}.\n"), 1)
}

/// The product's four pairs, zero where the contract fills in A, B, X and C.
fn pairs<C: Curve>(key: &VerifyingKey<C>) -> String {
    let g1 = point_bytes::<G1<C>>;
    let g2 = |point: G2<C>| point_bytes::<G2<C>>(&point.into_affine());
    let (open_g1, open_g2) = (vec![0; g1(&key.alpha_g1).len()], vec![0; g2(G2::<C>::zero()).len()]);
    let minus_alpha = g1(&(-key.alpha_g1.into_group()).into_affine());
    let rows = [
        (open_g1.clone(), open_g2),
        (minus_alpha, g2(key.beta_g2.into_group())),
        (open_g1.clone(), g2(-key.gamma_g2.into_group())),
        (open_g1, g2(-key.delta_g2.into_group())),
    ];
    rows.iter().map(|(left, right)| literal(left, "") + &literal(right, "")).collect()
}

/// The template without the lines that are only for circuits with, or without, public inputs.
fn without_input(template: &str, none: bool) -> String {
    let mut text = String::new();
    for line in template.lines() {
        let line = match line.split_once("//?") {
            Some((line, mark)) if (mark == "none") == none => line.trim_end(),
            Some(_) => continue,
            None => line,
        };
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// Bytes, and digits after them, as a part of a string on a line of its own.
fn literal(bytes: &[u8], digits: &str) -> String {
    format!("\n        hex\"{}{digits}\"", hex(bytes))
}

/// A point as the precompiles take it; infinity is all zeros.
///
/// Coordinates are big-endian, in 32 bytes on BN254 and in 64 on BLS12-381. Of an element of the quadratic
/// extension EIP-197 takes the imaginary part first, EIP-2537 the real part.
fn point_bytes<G: Group>(point: &G::Affine) -> Vec<u8> {
    let zero = G::Coordinate::ZERO;
    let (x, y) = G::coordinates(point).unwrap_or((zero, zero));
    let width = if G::Prime::MODULUS_BIT_SIZE > 256 { 64 } else { 32 };
    let mut bytes = Vec::with_capacity(4 * width);
    for coordinate in [x, y] {
        let mut parts: Vec<_> = coordinate.to_base_prime_field_elements().collect();
        if width == 32 {
            parts.reverse();
        }
        for part in parts {
            let part = part.into_bigint().to_bytes_be();
            bytes.resize(bytes.len() + width - part.len(), 0);
            bytes.extend(part);
        }
    }
    bytes
}

/// What `verifyProof` is called with. On BN254 `a`, `b` and `c` are arrays of 32-byte words, on BLS12-381 byte
/// strings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arguments {
    /// A.
    pub a: Vec<u8>,
    /// B.
    pub b: Vec<u8>,
    /// C.
    pub c: Vec<u8>,
    /// The public inputs, big-endian.
    pub input: Vec<[u8; 32]>,
}

/// The arguments of a proof.
pub fn arguments<C: Curve>(inputs: &PublicInputs<C>, proof: &Proof<C>) -> Arguments {
    let word = |input: &Scalar<C>| {
        let bytes = input.into_bigint().to_bytes_be();
        bytes.try_into().expect("scalars of both curves have 32 bytes")
    };
    Arguments {
        a: point_bytes::<G1<C>>(&proof.a),
        b: point_bytes::<G2<C>>(&proof.b),
        c: point_bytes::<G1<C>>(&proof.c),
        input: inputs.0.iter().map(word).collect(),
    }
}

/// A proof as the arguments of `verifyProof`, in the text that wallets and explorers take. On BN254 it is what
/// `snarkjs zkey export soliditycalldata` writes; snarkjs has nothing that a contract on BLS12-381 takes.
pub fn calldata<C: Curve>(inputs: &PublicInputs<C>, proof: &Proof<C>) -> String {
    let quoted = |bytes: &[u8]| format!("\"0x{}\"", hex(bytes));
    let pair = |bytes: &[u8]| {
        let (x, y) = bytes.split_at(bytes.len() / 2);
        format!("[{}, {}]", quoted(x), quoted(y))
    };
    let Arguments { a, b, c, input } = arguments(inputs, proof);
    let points = match C::ID {
        CurveId::Bn254 => {
            let (x, y) = b.split_at(b.len() / 2);
            format!("{},[{},{}],{}", pair(&a), pair(x), pair(y), pair(&c))
        }
        CurveId::Bls12_381 => [a, b, c].map(|point| quoted(&point)).join(","),
    };
    let input: Vec<_> = input.iter().map(|word| quoted(word)).collect();
    format!("{points},[{}]", input.join(","))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use pulseproof_kernels::{Bls12_381, Bn254};

    use super::*;
    use pulseproof_kernels::for_each_curve;

    fn key<C: Curve>(inputs: usize) -> VerifyingKey<C> {
        let (g1, g2) = (C::G1Affine::generator(), C::G2Affine::generator());
        let ic = vec![g1; inputs + 1];
        VerifyingKey { alpha_g1: g1, beta_g2: g2, gamma_g2: g2, delta_g2: g2, ic }
    }

    #[test]
    fn nothing_of_the_template_is_left() {
        fn test<C: Curve>() {
            for inputs in [0, 1, 5] {
                let text = contract(&key::<C>(inputs)).unwrap();
                assert!(!text.contains('$') && !text.contains("//?"), "{text}");
                assert_eq!(text.contains("calldata input"), inputs > 0);
                assert_eq!(text.matches("hex\"").count(), inputs + 1 + 8);
            }
        }
        for_each_curve!(test);
    }

    #[test]
    fn contracts_have_limits() {
        fn test<C: Curve>() {
            let limit = inputs_max(C::ID);
            assert!(contract(&key::<C>(limit)).is_ok());
            let refused = contract(&key::<C>(limit + 1)).unwrap_err();
            assert_eq!(refused, TooManyInputs { got: limit + 1, limit });
        }
        for_each_curve!(test);
    }

    /// What `snarkjs zkey export soliditycalldata` wrote of snarkjs's proofs.
    #[test]
    fn calldata_is_what_snarkjs_writes() {
        macro_rules! fixture {
            ($name:literal) => {
                include_str!(concat!("../tests/fixtures/json/bn128_", $name))
            };
        }
        for [proof, public, calldata] in [
            [fixture!("mul_proof.json"), fixture!("mul_public.json"), fixture!("mul_calldata.txt")],
            [
                fixture!("nopub_proof.json"),
                fixture!("nopub_public.json"),
                fixture!("nopub_calldata.txt"),
            ],
        ] {
            let proof = Proof::<Bn254>::from_json(proof.as_bytes()).unwrap();
            let public = PublicInputs::from_json(public.as_bytes()).unwrap();
            assert_eq!(super::calldata(&public, &proof), calldata.trim_end());
        }
    }

    /// The texts are put together by hand.
    #[test]
    fn calldata_has_the_arguments_of_the_contract() {
        fn of<C: Curve>() -> String {
            let (g1, g2) = (C::G1Affine::generator(), C::G2Affine::generator());
            let inputs = PublicInputs::<C>([33u64, 0].map(Into::into).into());
            calldata(&inputs, &Proof { a: g1, b: g2, c: g1 })
        }
        let word = |value: u8| format!("\"0x{value:064x}\"");
        let (one, two) = (word(1), word(2));
        let text = of::<Bn254>();
        assert!(text.starts_with(&format!("[{one}, {two}],[[\"0x198e9393")), "{text}");
        let end = format!("]],[{one}, {two}],[{},{}]", word(33), word(0));
        assert!(text.ends_with(&end), "{text}");
        let text = of::<Bls12_381>();
        let point = hex::encode(point_bytes::<G1<Bls12_381>>(&AffineRepr::generator()));
        assert!(text.starts_with(&format!("\"0x{point}\",\"0x")), "{text}");
        assert!(text.ends_with(&format!(",\"0x{point}\",[{},{}]", word(33), word(0))), "{text}");
        let none = calldata(
            &PublicInputs::<Bn254>(Vec::new()),
            &Proof {
                a: AffineRepr::generator(),
                b: AffineRepr::generator(),
                c: AffineRepr::generator(),
            },
        );
        assert!(none.ends_with("],[]"), "{none}");
    }

    /// The generator of BN254's G2 as EIP-197 gives it, and of BLS12-381's G1 as EIP-2537 does.
    #[test]
    fn points_are_encoded_as_the_precompiles_want_them() {
        let bytes = point_bytes::<G2<Bn254>>(&AffineRepr::generator());
        let x_imaginary = "198e9393920d483a7260bfb731fb5d25f1aa493335a9e71297e485b7aef312c2";
        assert_eq!(hex::encode(&bytes[..32]), x_imaginary);
        assert_eq!(bytes.len(), 128);
        let bytes = point_bytes::<G1<Bls12_381>>(&AffineRepr::generator());
        let x = "0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0f\
                 c3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb";
        assert_eq!(hex::encode(&bytes[..64]), x);
        assert_eq!(bytes.len(), 128);
        assert_eq!(point_bytes::<G2<Bls12_381>>(&AffineRepr::zero()), [0; 256]);
    }
}
