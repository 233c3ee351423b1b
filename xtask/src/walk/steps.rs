//! Reads the steps of a page: a file is a block of code under a line with its name, a call is a command line
//! of a `console` block and what it prints.

use crate::Result;

/// A step of a reader of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    /// The file to write: its name and text.
    File(String, String),
    /// The command line to run, and what it prints.
    Call(String, String),
}

/// The files to write, and the calls to make: command lines with their answers.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Steps {
    pub(super) files: Vec<(String, String)>,
    pub(super) calls: Vec<(String, String)>,
}

impl Steps {
    /// Reads the section under `heading`. Cargo's commands are no calls.
    pub(super) fn read(page: &str, heading: &str) -> Result<Self> {
        let section = page
            .split_once(&format!("\n{heading}\n"))
            .ok_or_else(|| format!("the page has no heading {heading:?}"))?
            .1;
        let section = section.split("\n## ").next().unwrap_or(section);
        let mut steps = Self::default();
        for step in all(section) {
            match step {
                Step::File(name, text) => steps.files.push((name, text)),
                Step::Call(line, answer) if !line.starts_with("cargo ") => {
                    steps.calls.push((line, answer));
                }
                Step::Call(..) => {}
            }
        }
        if steps.files.is_empty() || steps.calls.is_empty() {
            return Err(format!("no files or no calls are under {heading:?} of the page").into());
        }
        Ok(steps)
    }
}

/// All steps of a page, in their order.
pub(super) fn all(page: &str) -> Vec<Step> {
    let mut lines = page.lines();
    let (mut steps, mut before) = (Vec::new(), "");
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let block: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            if language == "console" {
                steps.extend(calls(&block));
            } else if let Some(name) = file_name(before) {
                steps.push(Step::File(name.to_owned(), block.join("\n") + "\n"));
            }
        }
        if !line.is_empty() {
            before = line;
        }
    }
    steps
}

/// The name in a line such as `` `src/main.rs`: ``.
fn file_name(line: &str) -> Option<&str> {
    line.strip_prefix('`')?.strip_suffix("`:").filter(|name| !name.contains('`'))
}

/// The lines after `$ `, each with the lines up to the next.
fn calls(block: &[&str]) -> Vec<Step> {
    let mut calls: Vec<Step> = Vec::new();
    for line in block {
        match (line.strip_prefix("$ "), calls.last_mut()) {
            (Some(line), _) => calls.push(Step::Call(line.to_owned(), String::new())),
            (None, Some(Step::Call(_, answer))) => {
                if !answer.is_empty() {
                    answer.push('\n');
                }
                answer.push_str(line);
            }
            (None, _) => {}
        }
    }
    calls
}

#[cfg(test)]
mod tests {
    use super::{Step, Steps, all};

    const PAGE: &str = "# Page\n\n## First\n\n`build.rs`:\n\n```rust,no_run\nfn main() {}\n```\n\n\
        More:\n\n```rust\nnothing()\n```\n\n```console\n$ cargo run\n$ curl -d 1 host\n{\n}\n\
        $ curl host\n2\n```\n\n## Second\n\n`other.rs`:\n\n```rust\n```\n";

    #[test]
    fn files_and_calls_are_read() {
        let steps = Steps::read(PAGE, "## First").unwrap();
        assert_eq!(steps.files, [("build.rs".to_owned(), "fn main() {}\n".to_owned())]);
        let calls = [("curl -d 1 host", "{\n}"), ("curl host", "2")];
        assert_eq!(steps.calls, calls.map(|(line, answer)| (line.to_owned(), answer.to_owned())));
    }

    #[test]
    fn all_steps_are_in_their_order() {
        let call = |line: &str, answer: &str| Step::Call(line.to_owned(), answer.to_owned());
        let file = |name: &str, text: &str| Step::File(name.to_owned(), text.to_owned());
        assert_eq!(
            all(PAGE),
            [
                file("build.rs", "fn main() {}\n"),
                call("cargo run", ""),
                call("curl -d 1 host", "{\n}"),
                call("curl host", "2"),
                file("other.rs", "\n"),
            ]
        );
    }

    #[test]
    fn a_page_without_steps_is_an_error() {
        assert!(Steps::read(PAGE, "## Third").is_err());
        assert!(Steps::read(PAGE, "## Second").is_err());
    }
}
