//! Failures of commands.

use std::io::{self, Write};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use dubhe::{Code, Status};
use dubhe_core::printable::Printable;

/// The failure of a command, for people, with its exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The command did not work.
    Failed(String),
    /// A call failed with this code.
    Call(Code, String),
    /// The output has no reader any more: the pipe's other end has seen enough.
    NoReader,
}

/// The exit status of a failed call, without gRPC's number of its code: as grpcurl has it.
const CALL: u8 = 64;

const ERROR: Style = AnsiColor::Red.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const HINT: Style = AnsiColor::Cyan.on_default().bold();

impl Failure {
    /// Returns the first line of the error, for a remark on it.
    pub(crate) fn text(&self) -> &str {
        let text = match self {
            Self::NoReader => "nobody reads it",
            Self::Failed(text) | Self::Usage(text) | Self::Call(_, text) => text,
        };
        let line = text.lines().next().unwrap_or_default();
        line.strip_prefix("error: ").unwrap_or(line)
    }

    /// Reports it and returns the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let (status, text) = match self {
            Self::NoReader => return ExitCode::SUCCESS,
            Self::Failed(text) => (1, text),
            Self::Usage(text) => (2, text),
            Self::Call(code, text) => (CALL + code.number(), text),
        };
        // When stderr is gone too, the exit status is all that is left to say.
        let _ = print(&text, &mut anstream::stderr().lock());
        ExitCode::from(status)
    }
}

/// Prints a remark to stderr, such as a warning.
pub(crate) fn remark(text: &str) {
    // When stderr is gone, nobody reads it.
    let _ = print(text, &mut anstream::stderr().lock());
}

/// Prints the lines, those that begin with what they are in its colour.
fn print(text: &str, to: &mut impl Write) -> io::Result<()> {
    for line in text.trim_end().lines() {
        // A peer may have written it; stack traces of Java have tabs.
        let line = Printable(line.replace('\t', "    ")).to_string();
        let styled = [("error:", ERROR), ("warning:", WARNING), ("hint:", HINT)]
            .into_iter()
            .find_map(|(word, style)| {
                line.strip_prefix(word).map(|rest| format!("{style}{word}{style:#}{rest}"))
            });
        writeln!(to, "{}", styled.unwrap_or(line))?;
    }
    Ok(())
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::NoReader,
            _ => Self::Failed(format!("error: {error}")),
        }
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        Self::Failed(format!("error: {status}"))
    }
}
