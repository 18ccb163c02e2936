//! A key whose secrets this process makes up and forgets. Whoever could have kept them can forge proofs:
//! a key for tests and benches, and its file says so by listing no contribution.

use pulseproof_formats::r1cs::R1cs;
use pulseproof_formats::zkey::{Contents, Header};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G2, Scalar};
use rand::{CryptoRng, RngCore};
use zeroize::Zeroizing;

use super::{NO_CIRCUIT_HASH, SetupError, Term, coefficients, domain, terms, terms_of_a};
use crate::domain::Domain;

/// A development key. `progress` hears of sections done, and of sections in all.
///
/// # Errors
/// The circuit is too large.
pub fn develop<C: Curve>(
    circuit: &R1cs<Scalar<C>>,
    rng: &mut (impl RngCore + CryptoRng),
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Contents<C>, SetupError> {
    let domain = domain(circuit)?;
    let secrets = Secrets::draw(&domain, rng);
    let scalars = Scalars::of(circuit, &domain, &secrets);
    let mut section = 0;
    let mut step = || {
        section += 1;
        progress(section, 6);
    };
    let (g1, g2) = (G1::<C>::generator(), G2::<C>::generator());
    let mut in_g1 = |scalars: &[Scalar<C>]| {
        let points = G1::<C>::multiples(g1, scalars);
        step();
        points
    };
    let public = circuit.public();
    let (ic, c) = scalars.joint.split_at(public + 1);
    let (a, b1, ic, h) = (in_g1(&scalars.a), in_g1(&scalars.b), in_g1(ic), in_g1(&scalars.h));
    let divided: Vec<_> = c.iter().map(|value| *value * secrets.delta_inverse).collect();
    let c = in_g1(&divided);
    let b2 = G2::<C>::multiples(g2, &scalars.b);
    step();
    let header = Header {
        variables: circuit.wires,
        public,
        log_size: domain.log_size(),
        alpha_g1: (g1 * secrets.alpha).into_affine(),
        beta_g1: (g1 * secrets.beta).into_affine(),
        beta_g2: (g2 * secrets.beta).into_affine(),
        gamma_g2: g2.into_affine(),
        delta_g1: (g1 * secrets.delta).into_affine(),
        delta_g2: (g2 * secrets.delta).into_affine(),
    };
    Ok(Contents {
        header,
        ic,
        coefficients: coefficients(circuit),
        a,
        b1,
        b2,
        c,
        h,
        circuit_hash: NO_CIRCUIT_HASH,
        contributions: Vec::new(),
    })
}

/// What nobody must know. γ is 1, as in all of snarkjs's keys.
struct Secrets<F: PrimeField> {
    tau: F,
    alpha: F,
    beta: F,
    delta: F,
    delta_inverse: F,
}

impl<F: PrimeField> Secrets<F> {
    fn draw(domain: &Domain<F>, rng: &mut (impl RngCore + CryptoRng)) -> Zeroizing<Self> {
        let mut nonzero = || loop {
            let value = F::rand(rng);
            // A τ in the domain of size 2N would have no inverse where one is needed.
            if !value.is_zero() && !value.pow([2 * domain.size() as u64]).is_one() {
                return value;
            }
        };
        let (tau, alpha, beta, delta) = (nonzero(), nonzero(), nonzero(), nonzero());
        let delta_inverse = delta.inverse().expect("it is not zero");
        Zeroizing::new(Self { tau, alpha, beta, delta, delta_inverse })
    }
}

impl<F: PrimeField> zeroize::Zeroize for Secrets<F> {
    fn zeroize(&mut self) {
        let Self { tau, alpha, beta, delta, delta_inverse } = self;
        for secret in [tau, alpha, beta, delta, delta_inverse] {
            secret.zeroize();
        }
    }
}

/// What the points are multiples by.
struct Scalars<F: PrimeField> {
    /// u_s(τ) for each signal s.
    a: Zeroizing<Vec<F>>,
    /// v_s(τ).
    b: Zeroizing<Vec<F>>,
    /// β·u_s(τ) + α·v_s(τ) + w_s(τ).
    joint: Zeroizing<Vec<F>>,
    /// The Lagrange polynomials of odd powers at τ, over δ.
    h: Zeroizing<Vec<F>>,
}

impl<F: PrimeField> Scalars<F> {
    fn of(circuit: &R1cs<F>, domain: &Domain<F>, secrets: &Secrets<F>) -> Self {
        let lagrange = Zeroizing::new(lagrange(domain.log_size(), secrets.tau));
        let column = |terms: &mut dyn Iterator<Item = Term<F>>| {
            let mut column = vec![F::ZERO; circuit.wires];
            for term in terms {
                column[term.signal] += term.coefficient * lagrange[domain.power(term.row)];
            }
            Zeroizing::new(column)
        };
        let a = column(&mut terms_of_a(circuit));
        let b = column(&mut terms(&circuit.b));
        let mut joint = column(&mut terms(&circuit.c));
        for (joint, (a, b)) in joint.iter_mut().zip(a.iter().zip(b.iter())) {
            *joint += secrets.beta * a + secrets.alpha * b;
        }
        let twice = Zeroizing::new(self::lagrange(domain.log_size() + 1, secrets.tau));
        let odd = |i| twice[domain.odd_power(i)] * secrets.delta_inverse;
        let h = Zeroizing::new((0..domain.size()).map(odd).collect());
        Self { a, b, joint, h }
    }
}

/// The Lagrange polynomials of arkworks's domain at τ, which is outside it.
fn lagrange<F: PrimeField>(log_size: u32, tau: F) -> Vec<F> {
    pulseproof_kernels::Domain::new(log_size)
        .and_then(|domain| domain.lagrange_at(tau))
        .expect("the domain was found before, and τ drawn outside it")
}
