//! The table over the suites with registries: what ran with whom, what runs elsewhere, and what is left out.

use std::collections::BTreeSet;

use super::suite::Suite;
use crate::registries::Level;
use crate::table;
use crate::tally::Tally;

/// The suites of other commands, which take too long for each day.
const ELSEWHERE: &[(&str, &str)] = &[(
    "kubernetes, live",
    "cargo xtask nightly kubernetes: the API server, Dubbo Java 3.2.8 both ways, the manifests and their roles",
)];

/// The directions that do not run, and why.
pub(super) const LEFT_OUT: &[(&str, &str)] = &[
    (
        "go->rust/tri/etcd",
        "a consumer of dubbo-go 3.3.2 finds no provider of its second interface there, be it one of dubbo-go itself",
    ),
    ("java-3.3.6 and etcd", "Dubbo Java 3.3.6 comes without a registry for etcd"),
    (
        "java-3.3.6 and kubernetes",
        "Dubbo Java has its registry for Kubernetes up to 3.2: 3.2.8 is the one that runs",
    ),
    ("go and kubernetes", "dubbo-go 3.3.2 has no registry for Kubernetes"),
    (
        "java, go and file, dns",
        "neither reads them: the peers are providers there, and ours the consumer",
    ),
    (
        "java-3.3.6, go and nacos 2",
        "a server of the version before: one smoke test of each side is enough",
    ),
];

/// The counts of suites, by what they have in common.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    with: BTreeSet<String>,
    suites: usize,
    counts: Tally,
}

impl Report {
    /// Counts a suite with a registry.
    pub(super) fn suite(&mut self, suite: &Suite, counts: &Tally) {
        let system = match (suite.registry(), suite.listing()) {
            (Some(kind), _) => kind.to_string(),
            (None, Some(_)) => suite.name.rsplit('/').next().unwrap_or_default().to_owned(),
            (None, None) => return,
        };
        let what = match (suite.wire(), suite.level(), suite.listing()) {
            ("http", ..) => format!("{system}, Spring Cloud"),
            (_, _, Some(_)) => system,
            (_, Level::Both, _) => format!("{system}, both levels"),
            (_, level, _) => format!("{system}, {}", level.name()),
        };
        let direction = suite.name.split('/').next().unwrap_or_default();
        let peer = direction.split("->").find(|side| *side != "rust").unwrap_or_default();
        self.other(&what, peer, counts);
    }

    /// Counts another suite, which has `with` beside us.
    pub(super) fn other(&mut self, what: &str, with: &str, counts: &Tally) {
        let at = self.rows.iter().position(|row| row.what == what).unwrap_or_else(|| {
            let (what, with) = (what.to_owned(), BTreeSet::new());
            self.rows.push(Row { what, with, suites: 0, counts: Tally::default() });
            self.rows.len() - 1
        });
        if let Some(row) = self.rows.get_mut(at) {
            row.with.insert(with.to_owned());
            row.suites += 1;
            row.counts.add(counts.clone());
        }
    }

    /// Prints what ran, what runs elsewhere, and what is left out.
    pub(super) fn print(&self) {
        let rows: Vec<Vec<String>> = self.rows.iter().map(Row::cells).collect();
        let header = ["", "suites", "passed", "failed", "skipped", "known", "with"];
        table::print("registries: both directions of each, over dubbo and Triple", &header, &rows);
        for (title, lines) in [("elsewhere", ELSEWHERE), ("left out", LEFT_OUT)] {
            println!("\n{title}");
            for (what, why) in lines {
                println!("  {what}: {why}");
            }
        }
        println!(
            "\nknown: fails by what the peer is; tests/interop/known-failing.txt has each with its reason\n"
        );
    }
}

impl Row {
    fn cells(&self) -> Vec<String> {
        let Tally { passed, failed, skipped, known, .. } = &self.counts;
        let with: Vec<&str> = self.with.iter().map(String::as_str).collect();
        let counts =
            [self.suites, *passed, *failed, *skipped, *known].map(|count| count.to_string());
        let mut cells = vec![self.what.clone()];
        cells.extend(counts);
        cells.push(with.join(", "));
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::super::suite::SUITES;
    use super::{LEFT_OUT, Report, Tally};

    #[test]
    fn all_that_is_planned_runs_or_is_left_out_by_name() {
        let is_there = |name: &str| {
            SUITES.iter().any(|suite| suite.name == name) || LEFT_OUT.iter().any(|of| of.0 == name)
        };
        let level = ["", "/application"];
        for (system, peers) in [
            ("zookeeper", &["java-3.3.6", "go"][..]),
            ("nacos", &["java-3.3.6", "go"]),
            ("etcd", &["go"]),
        ] {
            for peer in peers {
                for wire in ["dubbo", "tri"] {
                    for level in level {
                        for direction in [format!("{peer}->rust"), format!("rust->{peer}")] {
                            let name = format!("{direction}/{wire}/{system}{level}");
                            assert!(is_there(&name), "{name}");
                        }
                    }
                }
            }
        }
        for peer in ["spring-3", "spring-4"] {
            for direction in [format!("{peer}->rust"), format!("rust->{peer}")] {
                assert!(is_there(&format!("{direction}/http/nacos")), "{direction}");
            }
        }
        for listing in ["/file", "/dns"] {
            assert!(SUITES.iter().any(|suite| suite.name.ends_with(listing)), "{listing}");
        }
    }

    #[test]
    fn what_is_left_out_does_not_run() {
        for (name, _) in LEFT_OUT {
            assert!(SUITES.iter().all(|suite| suite.name != *name), "{name}");
        }
    }

    #[test]
    fn suites_are_counted_by_system_and_level() {
        let mut report = Report::default();
        for suite in SUITES {
            report.suite(suite, &Tally { passed: 1, ..Tally::default() });
        }
        let cells: Vec<Vec<String>> = report.rows.iter().map(super::Row::cells).collect();
        let row = |what: &str| cells.iter().find(|row| row[0] == what).cloned();
        let expected = ["etcd, application", "4", "4", "0", "0", "0", "go"];
        assert_eq!(row("etcd, application").unwrap(), expected);
        assert_eq!(row("nacos, Spring Cloud").unwrap().last().unwrap(), "spring-3, spring-4");
        assert_eq!(row("dns").unwrap()[1], "1");
    }
}
