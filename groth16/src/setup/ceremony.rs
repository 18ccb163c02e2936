//! A key from a ceremony's powers of tau, byte for byte the one that snarkjs makes. It still needs
//! contributions of its own (`snarkjs zkey contribute`): until then δ = 1, and anyone can forge proofs.

use std::io::{Read, Seek};
use std::ops::Range;

use pulseproof_formats::elements::Check;
use pulseproof_formats::ptau::{PowersG1, PowersG2, Ptau};
use pulseproof_formats::r1cs::R1cs;
use pulseproof_formats::zkey::{Contents, Header};
use pulseproof_kernels::traits::*;
use pulseproof_kernels::{Curve, G1, G1Affine, G2, G2Affine, Scalar};
use rayon::prelude::*;

use super::hash::{self, CircuitHash};
use super::{SetupError, Term, coefficients, domain, terms, terms_of_a};

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
    let needed = domain(circuit)?.log_size();
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
        progress(section, 7);
    };
    let header = header(circuit, ceremony, needed)?;
    let columns = Columns::of(circuit);
    let tau = lagrange(ceremony, PowersG1::Tau, needed)?;
    let (a, b1) = (sums(&[(&columns.a, &tau)]), sums(&[(&columns.b, &tau)]));
    step();
    let tau_g2: Vec<G2Affine<C>> = ceremony.lagrange_g2(needed, Check::Full, &mut |_, _| ())?;
    let b2 = sums(&[(&columns.b, &tau_g2)]);
    drop(tau_g2);
    step();
    let beta = lagrange(ceremony, PowersG1::BetaTau, needed)?;
    step();
    let alpha = lagrange(ceremony, PowersG1::AlphaTau, needed)?;
    step();
    let mut ic = sums(&[(&columns.a, &beta), (&columns.b, &alpha), (&columns.c, &tau)]);
    let c = ic.split_off(circuit.public() + 1);
    step();
    let twice = lagrange(ceremony, PowersG1::Tau, needed + 1)?;
    let h: Vec<_> = twice.into_iter().skip(1).step_by(2).collect();
    step();
    let mut key = Contents {
        header,
        ic,
        coefficients: coefficients(circuit),
        a,
        b1,
        b2,
        c,
        h,
        circuit_hash: hash::NONE,
        contributions: Vec::new(),
    };
    key.circuit_hash = circuit_hash(&key, ceremony)?;
    step();
    Ok(key)
}

fn header<C: Curve>(
    circuit: &R1cs<Scalar<C>>,
    ceremony: &mut Ptau<C, impl Read + Seek>,
    log_size: u32,
) -> Result<Header<C>, SetupError> {
    let (g1, g2) = (G1Affine::<C>::generator(), G2Affine::<C>::generator());
    Ok(Header {
        variables: circuit.wires,
        public: circuit.public(),
        log_size,
        alpha_g1: powers(ceremony, PowersG1::AlphaTau, 0..1)?[0],
        beta_g1: powers(ceremony, PowersG1::BetaTau, 0..1)?[0],
        beta_g2: ceremony.powers_g2(PowersG2::Beta, 0..1, Check::Full, &mut |_, _| ())?[0],
        gamma_g2: g2,
        delta_g1: g1,
        delta_g2: g2,
    })
}

type Points<C> = Result<Vec<G1Affine<C>>, SetupError>;

fn lagrange<C: Curve>(
    ceremony: &mut Ptau<C, impl Read + Seek>,
    which: PowersG1,
    log_size: u32,
) -> Points<C> {
    Ok(ceremony.lagrange_g1(which, log_size, Check::Full, &mut |_, _| ())?)
}

fn powers<C: Curve>(
    ceremony: &mut Ptau<C, impl Read + Seek>,
    which: PowersG1,
    range: Range<usize>,
) -> Points<C> {
    let range = range.start as u64..range.end as u64;
    Ok(ceremony.powers_g1(which, range, Check::Full, &mut |_, _| ())?)
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

fn circuit_hash<C: Curve>(
    key: &Contents<C>,
    ceremony: &mut Ptau<C, impl Read + Seek>,
) -> Result<[u8; hash::BYTES], SetupError> {
    let mut hash = CircuitHash::default();
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
    let held = (2usize << ceremony.power()) - 1;
    // Where a ceremony is as small as can be, snarkjs reads one point past its end; there is none here.
    let hashed = hashed.min(held - size);
    let high = powers(ceremony, PowersG1::Tau, size..size + hashed)?;
    let low = powers(ceremony, PowersG1::Tau, 0..hashed)?;
    let differences: Vec<_> =
        high.into_iter().zip(low).map(|(high, low)| high.into_group() - low).collect();
    hash.section::<G1<C>>(size - 1, &C::G1::normalize_batch(&differences));
    hash.section::<G1<C>>(key.c.len(), &key.c);
    hash.section::<G1<C>>(key.a.len(), &key.a);
    hash.section::<G1<C>>(key.b1.len(), &key.b1);
    hash.section::<G2<C>>(key.b2.len(), &key.b2);
    Ok(hash.finish())
}
