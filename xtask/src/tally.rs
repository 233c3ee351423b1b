//! Counts results and prints a line for each.

use std::process::ExitCode;

/// The counts of what ran, by its end.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// The cases that fail by what their peer is, each listed with its reason.
    pub(crate) known: usize,
    /// A line for each failure that was given with its name, to be read again after a long run.
    pub(crate) failures: Vec<String>,
}

impl Tally {
    pub(crate) fn pass(&mut self, name: &str) {
        self.passed += 1;
        println!("PASS {name}");
    }

    pub(crate) fn fail(&mut self, name: &str, why: &str) {
        let line = format!("FAIL {name}: {why}");
        println!("{line}");
        self.failed += 1;
        self.failures.push(line);
    }

    /// `how` says what to install or do so that it runs.
    pub(crate) fn skip(&mut self, name: &str, how: &str) {
        self.skipped += 1;
        println!("SKIP {name}: {how}");
    }

    /// Counts a case that is listed as one that fails.
    pub(crate) fn known(&mut self, name: &str, why: &str) {
        self.known += 1;
        println!("KNOWN {name}: {why}");
    }

    /// Adds the counts of a runner that printed its own lines.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.known += other.known;
        self.failures.extend(other.failures);
    }

    /// Returns the counts in words.
    pub(crate) fn totals(&self) -> String {
        let Self { passed, failed, skipped, known, .. } = self;
        let known = if *known > 0 { format!(", {known} known to fail") } else { String::new() };
        format!("{passed} passed, {failed} failed, {skipped} skipped{known}")
    }

    /// Returns true if the exit status is 0. A run that did nothing shows nothing, and
    /// `strict` (CI) forbids skips.
    fn succeeded(&self, strict: bool) -> bool {
        self.failed == 0 && self.passed > 0 && !(strict && self.skipped > 0)
    }

    /// Prints the failures once more and the total, which is the last line of every task.
    pub(crate) fn finish(&self, strict: bool) -> ExitCode {
        for line in &self.failures {
            println!("{line}");
        }
        println!("{}", self.totals());
        if self.succeeded(strict) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn skips_fail_only_under_ci() {
        let tally = Tally { passed: 1, skipped: 1, ..Tally::default() };
        assert!(tally.succeeded(false));
        assert!(!tally.succeeded(true));
    }

    #[test]
    fn a_failure_or_an_empty_run_is_no_success() {
        assert!(!Tally { passed: 9, failed: 1, ..Tally::default() }.succeeded(false));
        assert!(!Tally::default().succeeded(false));
    }

    #[test]
    fn counts_of_other_runners_add_up() {
        let mut tally =
            Tally { passed: 1, failed: 2, skipped: 3, known: 4, failures: vec!["a".to_owned()] };
        let other =
            Tally { passed: 10, failed: 20, skipped: 30, known: 0, failures: vec!["b".to_owned()] };
        tally.add(other);
        assert_eq!(tally.totals(), "11 passed, 22 failed, 33 skipped, 4 known to fail");
        assert_eq!(tally.failures, ["a", "b"]);
    }
}
