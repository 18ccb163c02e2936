//! What a circuit costs and how likely it fails, before it runs.

use serde::Serialize;

use super::circuit::{Circuit, Node, Source};
use crate::bootstrap::noise::{bootstrap_variance, failure_log2};

/// Cost, depth and noise of a circuit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// Bootstraps.
    pub lookups: usize,
    /// Bootstraps one after the other.
    pub depth: usize,
    /// Bound on log2 of the probability that the worst bootstrap gives a wrong digit.
    pub worst_failure_log2: f64,
    /// Bound on log2 of the probability that any does.
    pub failure_log2: f64,
}

impl Estimate {
    pub(crate) fn of(circuit: &Circuit, noise: &[u64]) -> Self {
        let failures: Vec<f64> =
            circuit.nodes.iter().map(|node| node_failure_log2(circuit, node, noise)).collect();
        let worst = failures.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        // Relative to the worst: the probabilities themselves are below what a double holds.
        let sum: f64 = failures.iter().map(|failure| (failure - worst).exp2()).sum();
        let bound = |log2: f64| if log2.is_finite() { log2 } else { f64::MIN };
        Self {
            lookups: circuit.nodes.len(),
            depth: circuit.levels().len(),
            worst_failure_log2: bound(worst),
            failure_log2: bound(worst + sum.log2()),
        }
    }

    /// The worst failure among the lookups from the `first` on.
    pub(crate) fn worst_from(circuit: &Circuit, noise: &[u64], first: usize) -> f64 {
        let failures = circuit.nodes[first..].iter();
        failures
            .map(|node| node_failure_log2(circuit, node, noise))
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Inputs are off by at most their noise, whoever encrypted them, so that what all of them may be off is
/// taken from the margin. Lookups are independent, and their noise is Gaussian.
fn node_failure_log2(circuit: &Circuit, node: &Node, noise: &[u64]) -> f64 {
    let of_input = |(source, factor): (Source, i64)| match source {
        Source::Input(index) => u128::from(factor.unsigned_abs()) * u128::from(noise[index]),
        Source::Lookup(_) => 0,
    };
    let off = node.input.terms().map(of_input).fold(node.deviation.into(), u128::saturating_add);
    let off = u64::try_from(off).unwrap_or(u64::MAX);
    let margin = circuit.tables[node.table].margin().saturating_sub(off);
    failure_log2(node.input.squared_norm() * bootstrap_variance(), margin)
}
