//! Judges the lines of a consumer.

use crate::known::KnownFailures;
use crate::tally::Tally;

/// Reads `PASS case`, `FAIL case: why` and the total after them.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    suite: &'a str,
    known: &'a KnownFailures,
    /// Verdicts as the consumer gave them.
    said: (usize, usize),
    /// The total that the consumer gave.
    total: Option<(usize, usize)>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(suite: &'a str, known: &'a KnownFailures) -> Self {
        Self { suite, known, said: (0, 0), total: None }
    }

    pub(super) fn line(&mut self, line: &str, tally: &mut Tally) {
        let suite = self.suite;
        if let Some(case) = line.strip_prefix("PASS ") {
            self.said.0 += 1;
            let name = format!("{suite} {case}");
            if self.known.contains(&name) {
                tally.fail(&name, "passes: take it out of known-failing.txt");
            } else {
                tally.pass(&name);
            }
        } else if let Some(failure) = line.strip_prefix("FAIL ") {
            self.said.1 += 1;
            let (case, why) = failure.split_once(": ").unwrap_or((failure, "no reason given"));
            let name = format!("{suite} {case}");
            if self.known.contains(&name) {
                tally.known(&name, why);
            } else {
                tally.fail(&name, why);
            }
        } else if let Some(total) = total(line) {
            self.total = Some(total);
        } else {
            eprintln!("{suite}: {line}");
        }
    }

    /// Judges after the last line: everything must have been said, and enough of it.
    pub(super) fn finish(self, at_least: usize, status: &str, tally: &mut Tally) {
        let (passed, failed) = self.said;
        if self.total != Some(self.said) {
            let said = format!("{passed} passed, {failed} failed");
            let why = match self.total {
                Some((p, f)) => format!("its total says {p} passed, {f} failed, its lines {said}"),
                None => format!("the consumer broke off ({status}) after {said}"),
            };
            tally.fail(self.suite, &why);
        } else if passed < at_least {
            tally.fail(self.suite, &format!("only {passed} of at least {at_least} cases passed"));
        }
    }
}

/// `N passed, N failed`, whatever follows.
fn total(line: &str) -> Option<(usize, usize)> {
    let mut parts = line.split(", ");
    let passed = parts.next()?.strip_suffix(" passed")?.parse().ok()?;
    let failed = parts.next()?.strip_suffix(" failed")?.parse().ok()?;
    Some((passed, failed))
}

#[cfg(test)]
mod tests {
    use super::Judge;
    use crate::known::KnownFailures;
    use crate::tally::Tally;

    const KNOWN: &str = "# suite case\nrust->old  make/list # a reason\n";

    fn judge(suite: &str, lines: &[&str], at_least: usize) -> (usize, usize) {
        let known = KnownFailures::parse(KNOWN);
        let mut tally = Tally::default();
        let mut judge = Judge::new(suite, &known);
        for line in lines {
            judge.line(line, &mut tally);
        }
        judge.finish(at_least, "exit status: 0", &mut tally);
        (tally.passed, tally.failed)
    }

    #[test]
    fn cases_are_counted() {
        let lines = ["a log line", "PASS a", "FAIL b: wrong: 1", "2 passed"];
        assert_eq!(judge("s", &[&lines[..], &["1 passed, 1 failed"]].concat(), 1), (1, 1));
    }

    #[test]
    fn too_few_cases_fail() {
        assert_eq!(judge("s", &["PASS a", "1 passed, 0 failed, 0 skipped"], 1), (1, 0));
        assert_eq!(judge("s", &["PASS a", "1 passed, 0 failed"], 2), (1, 1));
    }

    #[test]
    fn a_consumer_that_breaks_off_fails() {
        assert_eq!(judge("s", &["PASS a"], 1), (1, 1));
        assert_eq!(judge("s", &["PASS a", "2 passed, 0 failed"], 1), (1, 1));
    }

    #[test]
    fn known_failures_count_for_nothing_and_must_still_fail() {
        let fails = ["PASS a", "FAIL make/list: no", "1 passed, 1 failed"];
        assert_eq!(judge("rust->old", &fails, 1), (1, 0));
        assert_eq!(judge("rust->new", &fails, 1), (1, 1));
        assert_eq!(judge("rust->old", &["PASS make/list", "1 passed, 0 failed"], 1), (0, 1));
    }
}
