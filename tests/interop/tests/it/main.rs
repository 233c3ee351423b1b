//! The consumer against the provider: every case of the peers, also where no peer is installed.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};

/// A provider that ends with the test.
struct Provider {
    child: Child,
    address: String,
}

impl Provider {
    fn start() -> Self {
        let mut child = program(&["provider", "--addr", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the provider starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("READY ").expect("the provider listens").to_owned();
        Self { child, address }
    }

    /// Runs the cases of a peer and gives the lines that are not passes.
    fn run(&self, protocol: &str, cases: &str) -> Vec<String> {
        let url = format!("{protocol}://{}", self.address);
        let args = ["consumer", "--url", &url, "--cases", cases];
        let output = program(&args).output().expect("the consumer runs");
        let text = String::from_utf8(output.stdout).unwrap();
        text.lines().filter(|line| !line.starts_with("PASS ")).map(str::to_owned).collect()
    }

    /// Asks the provider to end.
    fn terminate(mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap()
    }
}

impl Drop for Provider {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn program(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dubhe-interop"));
    command.args(args);
    command
}

#[test]
fn every_case_of_the_java_consumer_passes() {
    let provider = Provider::start();
    assert_eq!(provider.run("dubbo", "java"), ["809 passed, 0 failed"]);
    assert_eq!(provider.run("tri", "java"), ["827 passed, 0 failed"]);
}

#[test]
fn every_case_of_the_dubbo_go_consumer_passes() {
    let provider = Provider::start();
    assert_eq!(provider.run("dubbo", "go"), ["11 passed, 0 failed"]);
    assert_eq!(provider.run("tri", "go"), ["17 passed, 0 failed"]);
}

#[test]
fn every_case_of_grpcs_interop_client_passes() {
    assert_eq!(Provider::start().run("grpc", "grpc"), ["19 passed, 0 failed"]);
}

#[test]
fn a_provider_that_is_asked_to_end_does_so_in_order() {
    let provider = Provider::start();
    assert_eq!(provider.run("dubbo", "go"), ["11 passed, 0 failed"]);
    assert!(provider.terminate().success());
}
