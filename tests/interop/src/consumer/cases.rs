//! Named checks, one after the other, and their lines.

use std::error::Error;
use std::fmt::{Debug, Display};
use std::future::Future;

use dubhe::Status;

/// The outcome of a check: nothing, or the reason for a failure.
pub(crate) type CaseResult = Result<(), Box<dyn Error + Send + Sync>>;

/// Values longer than this are cut in messages.
const SHOWN: usize = 200;

/// Runs checks and prints `PASS name` or `FAIL name: why` for each.
#[derive(Debug)]
pub(crate) struct Cases {
    only: String,
    passed: usize,
    failed: usize,
}

impl Cases {
    /// Runs only the checks whose names begin with `only`.
    pub(crate) fn new(only: String) -> Self {
        Self { only, passed: 0, failed: 0 }
    }

    /// Runs one check. It passes when it returns normally.
    pub(crate) async fn check(
        &mut self,
        name: impl Display,
        check: impl Future<Output = CaseResult>,
    ) {
        let name = name.to_string();
        if !name.starts_with(&self.only) {
            return;
        }
        let line = match check.await {
            Ok(()) => {
                self.passed += 1;
                format!("PASS {name}")
            }
            Err(why) => {
                self.failed += 1;
                let why = why.to_string();
                format!("FAIL {name}: {}", why.lines().next().unwrap_or_default())
            }
        };
        println!("{line}");
    }

    /// The result of a call must equal `expected`.
    pub(crate) async fn equal<T: PartialEq<E> + Debug, E: Debug>(
        &mut self,
        name: impl Display,
        expected: E,
        call: impl Future<Output = Result<T, Status>>,
    ) {
        self.check(name, async { same(&expected, &call.await?) }).await;
    }

    /// The call must fail, and `judge` must accept how.
    pub(crate) async fn fails<T: Debug>(
        &mut self,
        name: impl Display,
        judge: impl FnOnce(&Status) -> bool,
        call: impl Future<Output = Result<T, Status>>,
    ) {
        let check = async {
            match call.await {
                Err(status) if judge(&status) => Ok(()),
                Err(status) => Err(format!("unexpected {status}").into()),
                Ok(value) => Err(format!("no exception but {}", show(&value)).into()),
            }
        };
        self.check(name, check).await;
    }

    /// Prints the total; true when nothing failed.
    pub(crate) fn close(self) -> bool {
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0
    }
}

/// An error unless both are equal.
pub(crate) fn same<T: PartialEq<E> + Debug, E: Debug>(expected: &E, actual: &T) -> CaseResult {
    agree(actual == expected, expected, actual)
}

/// An error that shows both, unless they `agree`.
pub(crate) fn agree(agree: bool, expected: &impl Debug, actual: &impl Debug) -> CaseResult {
    if agree {
        return Ok(());
    }
    Err(format!("expected {} got {}", show(expected), show(actual)).into())
}

fn show(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            let (head, rest) = text.split_at(end);
            format!("{head}… ({} more bytes)", rest.len())
        }
        None => text,
    }
}
