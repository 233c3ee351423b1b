//! The errors of calls in which something panicked, the same for all protocols.

use std::any::Any;

use super::{Code, Status};
use crate::printable::Printable;
use crate::service::ServiceKey;

/// The error of a call in which `part` panicked.
#[cold]
pub(crate) fn panicked(part: &str) -> Status {
    Status::new(Code::Internal, format!("{part} panicked; the log says where"))
}

impl Status {
    /// The error of a call whose handler panicked: [`Code::Internal`], which no caller sends again,
    /// since the handler had begun. What it said is for the log of the provider alone.
    #[cold]
    pub fn handler_panicked(service: &ServiceKey, method: &str) -> Self {
        let method = Printable(method);
        let text =
            format!("the handler of {service}.{method} panicked; the provider's log says why");
        Self::new(Code::Internal, text)
    }
}

/// The message of a panic, which is a text unless somebody chose otherwise.
pub fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message")
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use super::*;

    #[test]
    fn the_message_is_that_of_the_panic() {
        let formatted = || catch_unwind(|| panic!("{} left", 3)).unwrap_err();
        let literal = || catch_unwind(|| panic!("none left")).unwrap_err();
        let other = || catch_unwind(|| std::panic::panic_any(3)).unwrap_err();
        let texts =
            [formatted(), literal(), other()].map(|panic| panic_message(&*panic).to_owned());
        assert_eq!(texts, ["3 left", "none left", "no message"]);
    }
}
