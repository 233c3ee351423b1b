//! The panics of handlers, whatever the protocol that called them.

use std::any::Any;

use dubhe_core::printable::Printable;
use dubhe_core::sock_addr::SockAddr;
use dubhe_core::{Code, ServiceKey, Status};

/// Logs the panic of a handler, and returns the error of its call: [`Code::Internal`], which no
/// caller sends again. The handler had begun, and an error of the service is never repeated.
#[cold]
pub fn panicked(
    service: &ServiceKey,
    method: &str,
    peer: Option<&SockAddr>,
    panic: &(dyn Any + Send),
) -> Status {
    let method = Printable(method);
    let peer = peer.map(tracing::field::display);
    let panic = Printable(message(panic));
    tracing::error!(%service, %method, peer, %panic, "a handler panicked");
    let text = format!("the handler of {service}.{method} panicked; the provider's log says why");
    Status::new(Code::Internal, text)
}

/// The message of a panic.
pub fn message(panic: &(dyn Any + Send)) -> &str {
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
        let texts = [formatted(), literal(), other()].map(|panic| message(&*panic).to_owned());
        assert_eq!(texts, ["3 left", "none left", "no message"]);
    }
}
