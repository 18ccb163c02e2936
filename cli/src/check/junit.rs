//! A comparison as JUnit XML, for continuous integration.

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::{KernelReport, Verdict};

/// The reports as JUnit XML: a suite for each kernel, a test for each case.
///
/// # Errors
/// The document cannot be written.
pub fn junit(name: &str, reports: &[KernelReport]) -> Result<String, Box<dyn std::error::Error>> {
    let mut report = Report::new(name);
    for kernel in reports {
        let mut suite = TestSuite::new(kernel.kernel.to_string());
        for (case, verdict) in &kernel.verdicts {
            let mut test = TestCase::new(case.to_string(), status(verdict));
            test.set_classname(format!("{}.{}", kernel.kernel, case.work.over()));
            if let Verdict::Agree(time) = verdict {
                test.set_time(*time);
            }
            suite.add_test_case(test);
        }
        suite.set_time(kernel.times.iter().sum());
        report.add_test_suite(suite);
    }
    Ok(report.to_string()?)
}

fn status(verdict: &Verdict) -> TestCaseStatus {
    match verdict {
        Verdict::Agree(_) => TestCaseStatus::success(),
        Verdict::Differ(difference) => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            let [a, b] = difference.backends;
            status.set_type("difference");
            status.set_message(format!("{a} and {b} differ in {}", difference.output));
            status.set_description(difference.to_string());
            status
        }
        Verdict::Skipped => {
            let mut status = TestCaseStatus::skipped();
            status.set_message("an earlier case of this kernel differed");
            status
        }
    }
}
