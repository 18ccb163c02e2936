//! A key from a ceremony's powers of tau, byte for byte the one that snarkjs makes. It still needs
//! contributions of its own (`phase2`): until then δ = 1, and anyone can forge proofs.
//! Nothing in the file is believed: `pulseproof-ceremony` checks what is read of it.

use std::io::{Read, Seek};

use pulseproof_ceremony::Powers;
use pulseproof_ceremony::hash::{self, PointHash};
use pulseproof_formats::ptau::Ptau;
use pulseproof_formats::r1cs::R1cs;
use pulseproof_formats::zkey::{Contents, Header};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine, Scalar};
use rayon::prelude::*;

use super::{NO_CIRCUIT_HASH, SetupError, Term, coefficients, domain, terms, terms_of_a};

/// snarkjs hashes the points of H in blocks of this many, and where there is more than one, whole ones.
const HASH_BLOCK: usize = 1 << 14;

/// The key of a circuit before any contribution. `progress` hears of sections done, and of sections in
/// all.
///
/// # Errors
/// The ceremony is too small for the circuit or not prepared, or its file is damaged.
pub fn from_ceremony<C: Curve>(
    circuit: &R1cs<Scalar<C>>,
    ceremony: &mut Ptau<C, impl Read + Seek>,
    progress: &mut dyn FnMut(usize, usize),
) -> Result<Contents<C>, SetupError> {
    let domain = domain(circuit)?;
    let needed = domain.log_size();
    let got = ceremony.power();
    if got < needed {
        return Err(SetupError::CeremonyTooSmall { got, needed });
    }
    if !ceremony.is_prepared() {
        return Err(SetupError::NotPrepared);
    }
    let mut section = 0;
    let mut step = || {
        section += 1;
        progress(section, 8);
    };
    let powers = Powers::read(ceremony, needed, 2 * domain.size().max(2), &mut |_, _| ())?;
    step();
    let columns = Columns::of(circuit);
    let tau = powers.basis(ceremony, needed)?;
    let (a, b1) = (sums(&[(&columns.a, &tau)]), sums(&[(&columns.b, &tau)]));
    step();
    let (tau_g2, same) = powers.basis_g2(ceremony, &tau)?;
    let b2 = sums(&[(&columns.b, &tau_g2)]);
    drop(tau_g2);
    step();
    let beta = powers.basis_beta(ceremony, needed, &same)?;
    step();
    let alpha = powers.basis_alpha(ceremony, needed, &same)?;
    step();
    let mut ic = sums(&[(&columns.a, &beta), (&columns.b, &alpha), (&columns.c, &tau)]);
    let c = ic.split_off(circuit.public() + 1);
    step();
    let twice = powers.basis(ceremony, needed + 1)?;
    let h: Vec<_> = twice.into_iter().skip(1).step_by(2).collect();
    step();
    let mut key = Contents {
        header: header(circuit, &powers, needed),
        ic,
        coefficients: coefficients(circuit),
        a,
        b1,
        b2,
        c,
        h,
        circuit_hash: NO_CIRCUIT_HASH,
        contributions: Vec::new(),
    };
    key.circuit_hash = circuit_hash(&key, &powers.tau);
    step();
    Ok(key)
}

fn header<C: Curve>(circuit: &R1cs<Scalar<C>>, powers: &Powers<C>, log_size: u32) -> Header<C> {
    let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    Header {
        variables: circuit.wires,
        public: circuit.public(),
        log_size,
        alpha_g1: powers.secrets.alpha_g1,
        beta_g1: powers.secrets.beta_g1,
        beta_g2: powers.secrets.beta_g2,
        gamma_g2: g2,
        delta_g1: g1,
        delta_g2: g2,
    }
}

/// The rows and coefficients of each signal.
type Column<F> = Vec<Vec<(u32, F)>>;

struct Columns<F> {
    a: Column<F>,
    b: Column<F>,
    c: Column<F>,
}

impl<F: PrimeField> Columns<F> {
    fn of(circuit: &R1cs<F>) -> Self {
        let column = |terms: &mut dyn Iterator<Item = Term<F>>| {
            let mut column = vec![Vec::new(); circuit.wires];
            for Term { row, signal, coefficient } in terms {
                #[expect(clippy::cast_possible_truncation, reason = "domains are at most 2^31")]
                column[signal].push((row as u32, coefficient));
            }
            column
        };
        Self {
            a: column(&mut terms_of_a(circuit)),
            b: column(&mut terms(&circuit.b)),
            c: column(&mut terms(&circuit.c)),
        }
    }
}

/// A matrix, and the points that its rows stand for.
type Part<'a, P> = (&'a Column<<P as AffineRepr>::ScalarField>, &'a Vec<P>);

/// For each signal, the sum over its rows in all matrices.
fn sums<P: AffineRepr>(parts: &[Part<'_, P>]) -> Vec<P> {
    let signals = parts.first().map_or(0, |(column, _)| column.len());
    let sum = |signal: usize| {
        let mut sum = P::Group::zero();
        for (column, points) in parts {
            for (row, coefficient) in &column[signal] {
                sum = add(sum, &points[*row as usize], coefficient);
            }
        }
        sum
    };
    let sums: Vec<_> = (0..signals).into_par_iter().map(sum).collect();
    P::Group::normalize_batch(&sums)
}

/// sum + point·coefficient; most coefficients are 1 or −1.
fn add<P: AffineRepr>(sum: P::Group, point: &P, coefficient: &P::ScalarField) -> P::Group {
    if coefficient.is_one() {
        sum + point
    } else if (-*coefficient).is_one() {
        sum - point
    } else {
        sum + *point * coefficient
    }
}

fn circuit_hash<C: Curve>(key: &Contents<C>, tau: &[G1Affine<C>]) -> [u8; hash::BYTES] {
    let mut hash = PointHash::default();
    let header = &key.header;
    hash.point::<G1<C>>(&header.alpha_g1);
    hash.point::<G1<C>>(&header.beta_g1);
    hash.point::<G2<C>>(&header.beta_g2);
    hash.point::<G2<C>>(&header.gamma_g2);
    hash.point::<G1<C>>(&header.delta_g1);
    hash.point::<G2<C>>(&header.delta_g2);
    hash.section::<G1<C>>(key.ic.len(), &key.ic);
    let size = 1usize << header.log_size;
    let hashed = if size - 1 <= HASH_BLOCK { size - 1 } else { size };
    // Where a ceremony is as small as can be, snarkjs reads one point past its end; there is none here.
    let pairs = tau[size..].iter().take(hashed).zip(tau);
    let differences: Vec<_> = pairs.map(|(high, low)| high.into_group() - low).collect();
    hash.section::<G1<C>>(size - 1, &C::G1::affine(&differences));
    hash.section::<G1<C>>(key.c.len(), &key.c);
    hash.section::<G1<C>>(key.a.len(), &key.a);
    hash.section::<G1<C>>(key.b1.len(), &key.b1);
    hash.section::<G2<C>>(key.b2.len(), &key.b2);
    hash.finish()
}
