//! What a circuit costs and how likely it fails, before it runs.

use serde::Serialize;

use super::circuit::{Circuit, Node, Source};
use crate::bootstrap::noise::{bootstrap_variance, failure_log2};

/// The noise of an input.
#[derive(Clone, Copy, Debug)]
pub struct InputNoise {
    /// Bound on the standard deviation, in words.
    pub std: f64,
}

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
    pub(crate) fn of(circuit: &Circuit, noise: &[InputNoise]) -> Self {
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
    pub(crate) fn worst_from(circuit: &Circuit, noise: &[InputNoise], first: usize) -> f64 {
        let failures = circuit.nodes[first..].iter();
        failures
            .map(|node| node_failure_log2(circuit, node, noise))
            .fold(f64::NEG_INFINITY, f64::max)
    }
}

/// Inputs of one list share the noise of the public key: their deviations add up, in the worst case.
/// Lookups are independent.
fn node_failure_log2(circuit: &Circuit, node: &Node, noise: &[InputNoise]) -> f64 {
    let of_input = |(source, factor): (Source, i64)| match source {
        Source::Input(index) => factor.unsigned_abs() as f64 * noise[index].std,
        Source::Lookup(_) => 0.0,
    };
    let inputs: f64 = node.input.terms().map(of_input).sum();
    let variance = inputs * inputs + node.input.squared_norm() * bootstrap_variance();
    failure_log2(variance, circuit.tables[node.table].margin() - node.deviation)
}
