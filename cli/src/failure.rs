//! Failures of commands.

use std::io::{self, Write};
use std::process::ExitCode;

use dubhe::Status;

/// The failure of a command, for people, with its exit status.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line is wrong.
    Usage(String),
    /// The command did not work.
    Failed(String),
    /// The output has no reader any more: the pipe's other end has seen enough.
    NoReader,
}

impl Failure {
    /// Reports it and returns the exit status.
    pub(crate) fn report(self) -> ExitCode {
        let (code, text) = match self {
            Self::NoReader => return ExitCode::SUCCESS,
            Self::Failed(text) => (1, text),
            Self::Usage(text) => (2, text),
        };
        // When stderr is gone too, the exit status is all that is left to say.
        let _ = writeln!(io::stderr().lock(), "{}", text.trim_end());
        ExitCode::from(code)
    }
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
