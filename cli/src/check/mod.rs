//! Bit-exact comparison of a backend with another: what `pulseproof check` runs and reports.

mod junit;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use pulseproof_kernels::backend::AnyBackend;
use pulseproof_kernels::check::{Case, Difference, Kernel, cases, every_plan, run};

pub use junit::junit;

/// Largest size of a comparison.
const SIZE_MAX: usize = 1 << 26;

/// A size: a number, or a power written as `2^10`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size(pub usize);

/// The text is no size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoSize(String);

impl fmt::Display for NoSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no size: expected a number up to 2^26, such as 1000 or 2^10", self.0)
    }
}

impl std::error::Error for NoSize {}

impl FromStr for Size {
    type Err = NoSize;

    fn from_str(text: &str) -> Result<Self, NoSize> {
        let size = match text.split_once('^') {
            Some((base, exponent)) => base.parse::<usize>().ok().and_then(|base| {
                let exponent = exponent.parse().ok()?;
                base.checked_pow(exponent)
            }),
            None => text.parse().ok(),
        };
        size.filter(|&size| size <= SIZE_MAX).map(Self).ok_or_else(|| NoSize(text.to_owned()))
    }
}

/// What became of a case.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The backends agree.
    Agree(Duration),
    /// They do not.
    Differ(Box<Difference>),
    /// Not run, because a case of the kernel before it differed.
    Skipped,
}

/// All cases of a kernel.
#[derive(Clone, Debug)]
pub struct KernelReport {
    /// The kernel.
    pub kernel: Kernel,
    /// Its cases, in the order in which they were run.
    pub verdicts: Vec<(Case, Verdict)>,
    /// How many values were compared.
    pub values: usize,
    /// The time that each backend took.
    pub times: [Duration; 2],
}

impl KernelReport {
    /// The first difference, if there is one.
    pub fn difference(&self) -> Option<&Difference> {
        self.verdicts.iter().find_map(|(_, verdict)| match verdict {
            Verdict::Differ(difference) => Some(&**difference),
            Verdict::Agree(_) | Verdict::Skipped => None,
        })
    }
}

/// What to compare.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Kernels and their cases.
    kernels: Vec<(Kernel, Vec<Case>)>,
}

impl Plan {
    /// The cases of some kernels.
    pub fn new(kernels: &[Kernel], sizes: &[Size], seed: u64) -> Self {
        let sizes: Vec<usize> = sizes.iter().map(|size| size.0).collect();
        let of_kernel = |&kernel: &Kernel| (kernel, cases(kernel, &sizes, seed));
        Self { kernels: kernels.iter().map(of_kernel).collect() }
    }

    /// The cases of some kernels that reach every plan of a device.
    pub fn every(kernels: &[Kernel], seed: u64) -> Self {
        let of_kernel = |&kernel: &Kernel| (kernel, every_plan(kernel, seed));
        Self { kernels: kernels.iter().map(of_kernel).collect() }
    }

    /// How many cases there are.
    pub fn len(&self) -> usize {
        self.kernels.iter().map(|(_, cases)| cases.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Runs each kernel's cases up to its first difference. `before` is called before each case, with
    /// how many are done, skipped ones counted; `after` when a kernel is done.
    pub fn run(
        &self,
        a: &AnyBackend,
        b: &AnyBackend,
        before: impl Fn(usize),
        after: impl Fn(&KernelReport),
    ) -> Vec<KernelReport> {
        let mut done = 0;
        let mut reports = Vec::new();
        for (kernel, cases) in &self.kernels {
            let mut report = KernelReport {
                kernel: *kernel,
                verdicts: Vec::new(),
                values: 0,
                times: [Duration::ZERO; 2],
            };
            for case in cases {
                before(done);
                report.judge(a, b, case);
                done += 1;
            }
            after(&report);
            reports.push(report);
        }
        reports
    }
}

impl KernelReport {
    fn judge(&mut self, a: &AnyBackend, b: &AnyBackend, case: &Case) {
        let verdict = if self.difference().is_some() {
            Verdict::Skipped
        } else {
            match run(a, b, case) {
                Ok(outcome) => {
                    self.values += outcome.values;
                    let [of_a, of_b] = outcome.times;
                    self.times[0] += of_a;
                    self.times[1] += of_b;
                    Verdict::Agree(of_a + of_b)
                }
                Err(difference) => Verdict::Differ(difference),
            }
        };
        self.verdicts.push((*case, verdict));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_numbers_or_powers() {
        for (text, size) in [("0", 0), ("1000", 1000), ("2^10", 1024), ("10^3", 1000), ("2^0", 1)] {
            assert_eq!(text.parse(), Ok(Size(size)));
        }
        for text in ["", "2^", "^3", "-1", "2^27", "2^99999999999", "ten", "1e3", "99999999999"] {
            let error = text.parse::<Size>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{error}");
        }
    }
}
