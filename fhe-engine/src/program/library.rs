//! Programs that medicine asks for, as data like any other.
//!
//! Means of regions are means over devices of their means (`ListTotal::Mean`, which adds up), so that
//! no division is needed: with W the total weight of a sum and M its total, the mean is M/W. Where means
//! of several sums meet, they are brought to one denominator, the least common multiple of their
//! weights. All numbers are codes, that is, raw values less the smallest of their scale.

use pulseproof_packing::ListTotal;

use super::data::{Input, InputSource, Op, Program, Step, VERSION};

/// How many standard deviations, as a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deviations {
    /// Above the line.
    pub numerator: u32,
    /// Below it; not zero.
    pub denominator: u32,
}

fn input(name: &str, sum: usize, total: ListTotal) -> Input {
    Input { name: name.to_owned(), from: InputSource::Sum { sum, total } }
}

fn step(name: impl Into<String>, op: Op) -> Step {
    Step { name: name.into(), op }
}

fn linear(terms: impl IntoIterator<Item = (String, i64)>, constant: i64) -> Op {
    Op::Linear { terms: terms.into_iter().collect(), constant }
}

fn program(inputs: Vec<Input>, steps: Vec<Step>, outputs: &[&str]) -> Program {
    let outputs = outputs.iter().map(|&name| name.to_owned()).collect();
    Program { version: VERSION, inputs, steps, outputs }
}

/// `above`: whether the mean of all readings of sum 0 is over `threshold`, exactly: S > T·n.
#[must_use]
pub fn mean_above(threshold: u32) -> Program {
    let inputs = vec![input("sum", 0, ListTotal::Sum), input("count", 0, ListTotal::Count)];
    let terms = [("count".to_owned(), i64::from(threshold)), ("sum".to_owned(), -1)];
    let steps = vec![
        step("below-zero-if-above", linear(terms, 0)),
        step("above", Op::Negative { of: "below-zero-if-above".to_owned() }),
    ];
    program(inputs, steps, &["above"])
}

/// `above`: whether the mean over devices of their means, of sum 0 of total weight `summands`, is over
/// `threshold`: for regions so large that [`mean_above`] has no room, for its sums or for their noise.
#[must_use]
pub fn device_mean_above(summands: u32, threshold: u32) -> Program {
    let inputs = vec![input("mean", 0, ListTotal::Mean)];
    let all = i64::from(threshold).saturating_mul(summands.into());
    let steps = vec![
        step("below-zero-if-above", linear([("mean".to_owned(), -1)], all)),
        step("above", Op::Negative { of: "below-zero-if-above".to_owned() }),
    ];
    program(inputs, steps, &["above"])
}

/// `above`: whether the mean of sum 0, of total weight `summands`, is over a threshold that stays
/// encrypted: word 0, up to `maximum`, whose plaintext is as wide as that of the means.
#[must_use]
pub fn mean_above_secret(summands: u32, maximum: u64, plaintext_bits: u32) -> Program {
    let threshold = Input {
        name: "threshold".to_owned(),
        from: InputSource::Word { word: 0, maximum, plaintext_bits },
    };
    let inputs = vec![input("mean", 0, ListTotal::Mean), threshold];
    let terms = [("threshold".to_owned(), i64::from(summands)), ("mean".to_owned(), -1)];
    let steps = vec![
        step("below-zero-if-above", linear(terms, 0)),
        step("above", Op::Negative { of: "below-zero-if-above".to_owned() }),
    ];
    program(inputs, steps, &["above"])
}

/// One input `mean-i` for each sum, and the factors that bring them to one denominator.
fn means(summands: &[u32]) -> (Vec<Input>, Vec<i64>) {
    let name = |i: usize| input(&mean(i), i, ListTotal::Mean);
    let least = summands.iter().fold(1, |least, &w| lcm(least, i64::from(w.max(1))));
    let factor = |&w: &u32| least / i64::from(w.max(1));
    ((0..summands.len()).map(name).collect(), summands.iter().map(factor).collect())
}

fn mean(i: usize) -> String {
    format!("mean-{i}")
}

/// The least common multiple, or the greatest number there is: no plaintext is as wide.
fn lcm(a: i64, b: i64) -> i64 {
    let gcd = |mut a: i64, mut b: i64| {
        while b != 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    (a / gcd(a, b)).saturating_mul(b)
}

/// `spike`: whether the mean of sum 0 is further than k standard deviations from the moving average of
/// the sums after it, where both average and deviation are those of their w means:
///
/// |m_0 − μ| > k·σ with μ = Σ m_i/w, σ² = Σ (m_i − μ)²/w; in whole numbers, with d = w·m_0 − Σ m_i and
/// e_i = w·m_i − Σ m_j: w·d² > k²·Σ e_i². Of d and e_i the `drop_bits` lowest bits are dropped first.
#[must_use]
pub fn spike(summands: &[u32], k: Deviations, drop_bits: u32) -> Program {
    let (inputs, factors) = means(summands);
    let mut steps = Vec::new();
    for i in 0..summands.len() {
        let (from, size, square) =
            (format!("from-{i}"), format!("size-{i}"), format!("square-{i}"));
        steps.push(step(from.clone(), from_window(&factors, i)));
        steps.push(step(size.clone(), Op::Absolute { of: from, drop_bits }));
        steps.push(step(square, Op::Square { of: size }));
    }
    let squares = (1..summands.len()).map(|i| format!("square-{i}")).collect();
    let by = |k: u32| u64::from(k) * u64::from(k);
    let own = by(k.denominator).saturating_mul(summands.len().saturating_sub(1) as u64);
    steps.extend([
        step("spread", Op::Add { of: squares }),
        step("allowed", Op::Scale { of: "spread".to_owned(), by: by(k.numerator) }),
        step("deviation", Op::Scale { of: "square-0".to_owned(), by: own }),
        step("within", Op::AtLeast { left: "allowed".to_owned(), right: "deviation".to_owned() }),
        step("spike", Op::Not { of: "within".to_owned() }),
    ]);
    program(inputs, steps, &["spike"])
}

/// w·m_i less the sum of the window, which is all but the first of the means.
fn from_window(factors: &[i64], own: usize) -> Op {
    let w = i64::try_from(factors.len() - 1).unwrap_or(i64::MAX);
    let term = |(i, &factor): (usize, &i64)| {
        let in_window = if i > 0 { -1 } else { 0 };
        let times = in_window + if i == own { w } else { 0 };
        (mean(i), factor.saturating_mul(times))
    };
    linear(factors.iter().enumerate().map(term), 0)
}

/// `rising` and `falling`: whether the line of best fit through the means of the sums, oldest first,
/// climbs or falls by more than `tolerance` in twelfths of (w³ − w), its usual denominator, once means
/// have one denominator: Σ (2i − w + 1)·m_i > tolerance, and < −tolerance.
#[must_use]
pub fn trend(summands: &[u32], tolerance: u32) -> Program {
    let (inputs, factors) = means(summands);
    let w = i64::try_from(summands.len()).unwrap_or(i64::MAX);
    let slope = |sign: i64| {
        let centred = (0..w).map(|i| 2 * i - w + 1);
        let terms = centred.zip(&factors).map(|(c, f)| sign * c * f);
        linear((0..).map(mean).zip(terms), tolerance.into())
    };
    let steps = vec![
        step("rise", slope(-1)),
        step("rising", Op::Negative { of: "rise".to_owned() }),
        step("fall", slope(1)),
        step("falling", Op::Negative { of: "fall".to_owned() }),
    ];
    program(inputs, steps, &["rising", "falling"])
}

/// `least` and `greatest`: the extremes of the means of all sums, times the common denominator.
#[must_use]
pub fn extremes(summands: &[u32]) -> Program {
    let (inputs, mut steps) = scaled_means(summands);
    let all: Vec<_> = (0..summands.len()).map(|i| format!("value-{i}")).collect();
    steps.push(step("least", Op::Minimum { of: all.clone() }));
    steps.push(step("greatest", Op::Maximum { of: all }));
    program(inputs, steps, &["least", "greatest"])
}

/// `bin-0` to `bin-k`: how many of the sums have a mean below the first of k growing edges, between the
/// first and the second, and so on; a mean on an edge lies above it.
#[must_use]
pub fn histogram(summands: &[u32], edges: &[u32]) -> Program {
    let (inputs, mut steps) = scaled_means(summands);
    let (_, factors) = means(summands);
    let denominator = factors.iter().zip(summands).map(|(f, &w)| f * i64::from(w)).max();
    let denominator = denominator.unwrap_or(1).unsigned_abs();
    for (j, &edge) in edges.iter().enumerate() {
        let value = u64::from(edge).saturating_mul(denominator);
        steps.push(step(format!("edge-{j}"), Op::Constant { value }));
    }
    let bits = edges.len() + 1;
    for i in 0..summands.len() {
        for j in 0..edges.len() {
            let (left, right) = (format!("value-{i}"), format!("edge-{j}"));
            steps.push(step(format!("over-{i}-{j}"), Op::AtLeast { left, right }));
            let of = format!("over-{i}-{j}");
            steps.push(step(format!("under-{i}-{j}"), Op::Not { of }));
        }
        for j in 0..bits {
            let lower = (j > 0).then(|| format!("over-{i}-{}", j - 1));
            let upper = (j < edges.len()).then(|| format!("under-{i}-{j}"));
            let of = lower.into_iter().chain(upper).collect();
            steps.push(step(format!("in-{i}-{j}"), Op::All { of }));
        }
    }
    let names: Vec<_> = (0..bits).map(|j| format!("bin-{j}")).collect();
    for (j, name) in names.iter().enumerate() {
        let of = (0..summands.len()).map(|i| format!("in-{i}-{j}")).collect();
        steps.push(step(name.clone(), Op::Count { of }));
    }
    program(inputs, steps, &names.iter().map(String::as_str).collect::<Vec<_>>())
}

/// An integer `value-i` for each sum: its mean times the common denominator.
fn scaled_means(summands: &[u32]) -> (Vec<Input>, Vec<Step>) {
    let (inputs, factors) = means(summands);
    let mut steps = Vec::new();
    for (i, &factor) in factors.iter().enumerate() {
        steps.push(step(format!("scaled-{i}"), linear([(mean(i), factor)], 0)));
        let of = format!("scaled-{i}");
        steps.push(step(format!("value-{i}"), Op::Integer { of, drop_bits: 0 }));
    }
    (inputs, steps)
}
