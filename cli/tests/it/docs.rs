//! The transcripts of `docs/user/command-line.md`, run against the demo.
use std::process::Command;

use crate::support::Demo;

const PAGE: &str = include_str!("../../../docs/user/command-line.md");

/// The address that the page has.
const ADDR: &str = "127.0.0.1:20880";

/// The lines with a prompt in `console` blocks, each with what is printed below it.
fn transcripts() -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = Vec::new();
    let mut within = false;
    for line in PAGE.lines() {
        match line.strip_prefix("$ ") {
            _ if line.starts_with("```") => within = line == "```console",
            Some(command) if within => all.push((command.to_owned(), String::new())),
            _ if within => {
                if let Some((_, printed)) = all.last_mut() {
                    printed.push_str(line);
                    printed.push('\n');
                }
            }
            _ => {}
        }
    }
    all
}

/// The lines with times as the same number, which they never are.
fn untimed(text: &str) -> String {
    let untimed = |line: &str| {
        if !line.contains(" ms") && !line.contains(" at once") {
            return line.to_owned();
        }
        let numbers = line.split(' ').map(|word| match word.trim_end_matches(['/', 's', ',']) {
            number if number.parse::<f64>().is_ok() => word.replace(number, "N"),
            _ => word.to_owned(),
        });
        numbers.collect::<Vec<_>>().join(" ")
    };
    text.lines().map(untimed).collect::<Vec<_>>().join("\n")
}

#[test]
fn transcripts_are_real() {
    let demo = Demo::start();
    let program = env!("CARGO_BIN_EXE_dubhe");
    let transcripts = transcripts();
    assert!(transcripts.len() > 10, "{transcripts:?}");
    for (command, expected) in transcripts {
        // Lines that begin with no prompt are no transcripts.
        let line = ["call", "registry"].iter().fold(command.clone(), |line, name| {
            line.replace(&format!("dubhe {name}"), &format!("{program} {name}"))
        });
        let output = Command::new("sh")
            .args(["-c", &format!("{} 2>&1", braced(&line.replace(ADDR, &demo.addr)))])
            .env_remove("RUST_LOG")
            .output()
            .unwrap();
        let printed = String::from_utf8(output.stdout).unwrap().replace(&demo.addr, ADDR);
        assert_eq!(untimed(&printed), untimed(&expected), "{command}");
    }
}

/// The line as one command, whose outputs go the same way.
fn braced(line: &str) -> String {
    format!("{{ {line}; }}")
}
