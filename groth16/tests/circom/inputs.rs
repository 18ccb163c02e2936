//! Inputs that the circuits accept, from a seed; and a signature on Baby Jubjub, made here.

use pulseproof_groth16::witness::{Circuit, WORDS};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Bn254, Scalar};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::tools::{Outcome, Tools};

type F = Scalar<Bn254>;

/// Inputs of a circuit; as JSON numbers only what JavaScript knows exactly. The first seed gives edges, the others
/// random values.
pub fn of(tools: &Tools, name: &str, seed: u64) -> Outcome<Value> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut number = |bound: u64| if seed == 0 { bound } else { rng.gen_range(0..=bound) };
    Ok(match name {
        "range" => json!({"x": number(u64::MAX).to_string(), "y": number(1 << 53)}),
        "secret" if seed == 0 => json!({"p": 17, "q": "0x17"}),
        "secret" => json!({"p": "-23", "q": -17}),
        "many" => json!({"root": (0..64).map(|i| json!(-(i - 3))).collect::<Vec<_>>()}),
        "sha256" => json!({"in": (0..440).map(|_| number(1)).collect::<Vec<_>>()}),
        "merkle" => {
            let siblings: Vec<_> = (0..8).map(|_| number(u64::MAX).to_string()).collect();
            let right: Vec<_> = (0..8).map(|_| number(1)).collect();
            json!({"leaf": number(u64::MAX).to_string(), "siblings": siblings, "right": right})
        }
        "eddsa" => signature(tools, number(u64::MAX), 3 + number(100), 5 + number(100))?,
        other => return Err(format!("no inputs for {other}")),
    })
}

/// Points of Baby Jubjub: a·x² + y² = 1 + d·x²·y².
#[derive(Clone, Copy)]
struct Point(F, F);

impl Point {
    /// The generator of the subgroup of prime order that circomlib takes.
    fn base() -> Outcome<Self> {
        let x = decimal(
            "5299619240641551281634865583518297030282874472190772894086521144482721001553",
        )?;
        let y = decimal(
            "16950150798460657717958625567821834550301663161624707787222815936182638968203",
        )?;
        Ok(Self(x, y))
    }

    fn plus(self, other: Self) -> Outcome<Self> {
        let (a, d) = (F::from(168_700u64), F::from(168_696u64));
        let product = d * self.0 * other.0 * self.1 * other.1;
        let inverse = |f: F| f.inverse().ok_or("not on the curve");
        let x = (self.0 * other.1 + self.1 * other.0) * inverse(F::ONE + product)?;
        let y = (self.1 * other.1 - a * self.0 * other.0) * inverse(F::ONE - product)?;
        Ok(Self(x, y))
    }

    fn times(self, factor: u64) -> Outcome<Self> {
        let mut sum = Self(F::ZERO, F::ONE);
        for _ in 0..factor {
            sum = sum.plus(self)?;
        }
        Ok(sum)
    }
}

fn decimal(text: &str) -> Outcome<F> {
    text.parse().map_err(|_| format!("{text}: no element"))
}

/// EdDSA with a small secret and a small nonce: nobody's signature, but one.
fn signature(tools: &Tools, message: u64, secret: u64, nonce: u64) -> Outcome<Value> {
    let (key, commitment) = (Point::base()?.times(secret)?, Point::base()?.times(nonce)?);
    let texts = [commitment.0, commitment.1, key.0, key.1, F::from(message)].map(text);
    let hash = challenge(tools, &texts)?;
    let s = response(hash, secret * 8, nonce)?;
    let [rx, ry, kx, ky, message] = texts;
    Ok(json!({"key": [kx, ky], "message": message, "nonce": [rx, ry], "s": s.to_string()}))
}

fn text(element: F) -> String {
    element.into_bigint().to_string()
}

/// Poseidon, as circomlib computes it.
fn challenge(tools: &Tools, inputs: &[String]) -> Outcome<F> {
    let compiled = tools.compile("eddsa_challenge", pulseproof_kernels::CurveId::Bn254)?;
    let wasm = std::fs::read(compiled.wasm).map_err(|error| error.to_string())?;
    let circuit = Circuit::compile(&wasm, &Default::default()).map_err(|e| e.to_string())?;
    let words = circuit.witness(&json!({"inputs": inputs})).map_err(|e| e.to_string())?;
    let mut hash = <F as PrimeField>::BigInt::default();
    hash.as_mut().copy_from_slice(&words.as_slice()[WORDS..2 * WORDS]);
    F::from_bigint(hash).ok_or_else(|| "not reduced".to_owned())
}

/// nonce + factor·hash modulo the order of the subgroup, by additions.
fn response(hash: F, factor: u64, nonce: u64) -> Outcome<<F as PrimeField>::BigInt> {
    let order = "2736030358979909402780800718157159386076813972158567259200215660948447373041";
    let order = decimal(order)?.into_bigint();
    let reduced = |mut value: <F as PrimeField>::BigInt| {
        while value >= order {
            value.sub_with_borrow(&order);
        }
        value
    };
    let hash = reduced(hash.into_bigint());
    let mut sum = F::from(nonce).into_bigint();
    for _ in 0..factor {
        sum.add_with_carry(&hash);
        sum = reduced(sum);
    }
    Ok(sum)
}
