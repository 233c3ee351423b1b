//! The binary, run and started.
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// The output of a finished command.
pub(crate) struct ProgramOutput {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// The exit statuses of calls that fail with these codes.
pub(crate) const UNKNOWN: i32 = 66;
pub(crate) const INVALID_ARGUMENT: i32 = 67;
pub(crate) const DEADLINE_EXCEEDED: i32 = 68;
pub(crate) const RESOURCE_EXHAUSTED: i32 = 72;
pub(crate) const FAILED_PRECONDITION: i32 = 73;
pub(crate) const OUT_OF_RANGE: i32 = 75;
pub(crate) const UNIMPLEMENTED: i32 = 76;
pub(crate) const INTERNAL: i32 = 77;
pub(crate) const UNAVAILABLE: i32 = 78;

/// The command `dubhe` with `args`.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dubhe"));
    command.args(args).env_remove("RUST_LOG").env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    command
}

/// Runs `dubhe` with `args`.
pub(crate) fn dubhe(args: &[&str]) -> ProgramOutput {
    dubhe_reading(args, b"")
}

/// Runs `dubhe` with `args` and this on stdin.
pub(crate) fn dubhe_reading(args: &[&str], stdin: &[u8]) -> ProgramOutput {
    run(command(args), stdin)
}

/// Runs `dubhe` with `args` and these variables of the environment.
pub(crate) fn dubhe_with(args: &[&str], environment: &[(&str, &str)]) -> ProgramOutput {
    let mut command = command(args);
    run(command.envs(environment.iter().copied()), b"")
}

/// Runs `dubhe` with `args` and this as stdin.
pub(crate) fn dubhe_from(args: &[&str], stdin: impl Into<Stdio>) -> ProgramOutput {
    ended(command(args).stdin(stdin).output().unwrap())
}

fn run(mut command: impl std::borrow::BorrowMut<Command>, stdin: &[u8]) -> ProgramOutput {
    let mut child = command
        .borrow_mut()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // One that has no use for stdin may be gone already.
    let _ = child.stdin.take().unwrap().write_all(stdin);
    ended(child.wait_with_output().unwrap())
}

pub(crate) fn ended(output: Output) -> ProgramOutput {
    ProgramOutput {
        code: output.status.code().unwrap(),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A `dubhe demo` that runs until it is dropped.
pub(crate) struct Demo {
    child: Child,
    lines: BufReader<ChildStdout>,
    /// The address of its first provider.
    pub(crate) addr: String,
}

impl Demo {
    /// Starts one on free ports and waits until its providers listen.
    pub(crate) fn start() -> Self {
        let args = ["demo", "--addr", "127.0.0.1:0", "--interval", "20"];
        let mut child = command(&args).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let line = line_with(&mut lines, "dubbo://");
        let addr = line.split("dubbo://").nth(1).unwrap();
        let addr = addr.split_whitespace().next().unwrap().to_owned();
        Self { child, lines, addr }
    }

    /// The next line that holds `part`.
    pub(crate) fn line_with(&mut self, part: &str) -> String {
        line_with(&mut self.lines, part)
    }

    /// The lines up to the next that holds `part`.
    pub(crate) fn lines_until(&mut self, part: &str) -> Vec<String> {
        let lines = self.lines.by_ref().lines().map(Result::unwrap);
        lines.take_while(|line| !line.contains(part)).collect()
    }

    /// Sends it a signal and returns its exit status and what else it printed.
    pub(crate) fn end(mut self, signal: &str) -> (i32, String) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &pid]).status().unwrap().success());
        let mut rest = String::new();
        self.lines.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code().unwrap(), rest)
    }
}

fn line_with(lines: &mut impl BufRead, part: &str) -> String {
    lines.lines().map(Result::unwrap).find(|line| line.contains(part)).unwrap()
}

impl Drop for Demo {
    fn drop(&mut self) {
        // It has ended already when the test asked it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
