//! Exceptions that consumers may lack, as Dubbo Java's `ExceptionFilter` has them.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::filter::{Filter, Next};
use dubhe_core::invoke::Invoking;
use dubhe_core::status::Exception;
use dubhe_core::{Call, Status};

/// Packages of classes that every consumer has.
const JDK: [&str; 3] = ["java.", "javax.", "jakarta."];

/// Packages of Dubbo's own exceptions.
const DUBBO: [&str; 2] = ["org.apache.dubbo.rpc.", "com.alibaba.dubbo.rpc."];

/// Throws an exception whose class consumers may lack as a `java.lang.RuntimeException` that has its
/// class and message as text, so that it reaches a Java consumer as an exception with this text and
/// not as one that cannot be read.
///
/// Exceptions of `java.`, `javax.` and `jakarta.`, Dubbo's own, and those
/// [declared](Self::declared) pass as they are. So does every other end of a call. Callers of Dubhe
/// receive the exception itself; over Triple and gRPC one of up to 4 KiB.
///
/// Dubbo Java has it in front of each service, and reads off the interface what is declared. A service
/// of Dubhe throws what it says, unless this filter is added, as a Rust method has no `throws`.
///
/// ```
/// use dubhe::Server;
/// use dubhe::filter::ExceptionFilter;
///
/// let filter = ExceptionFilter::new().declared("org.example.shop.");
/// let server = Server::builder().filter(filter);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ExceptionFilter {
    declared: Arc<Vec<ByteString>>,
}

impl ExceptionFilter {
    /// A filter for services that declare no exceptions.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the exceptions of a class pass, such as `org.example.shop.ShopClosed`, or those of a package
    /// with what is below it, whose name ends in a dot: `org.example.shop.`.
    pub fn declared(mut self, name: impl Into<ByteString>) -> Self {
        Arc::make_mut(&mut self.declared).push(name.into());
        self
    }

    fn passes(&self, class: &str) -> bool {
        JDK.iter().chain(&DUBBO).any(|package| class.starts_with(package))
            || self
                .declared
                .iter()
                .any(|name| **name == *class || (name.ends_with('.') && class.starts_with(&**name)))
    }

    fn apply(&self, status: Status) -> Status {
        match status.java() {
            Some(exception) if !self.passes(exception.class()) => {
                let wrapped = Exception::wrapped(exception.clone());
                status.with_exception(wrapped)
            }
            _ => status,
        }
    }
}

impl Filter for ExceptionFilter {
    fn filter(&self, call: Call, next: Next) -> Invoking {
        let filter = self.clone();
        Invoking::boxed(async move { next.run(call).await.map_err(|status| filter.apply(status)) })
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::Code;

    use super::*;

    #[test]
    fn what_consumers_may_lack_is_wrapped_and_keeps_code_and_text() {
        let filter = ExceptionFilter::new().declared("a.shop.").declared("b.Closed");
        for (class, wrapped) in [
            ("java.lang.IllegalStateException", false),
            ("javax.naming.NamingException", false),
            ("jakarta.ws.rs.NotFoundException", false),
            ("org.apache.dubbo.rpc.RpcException", false),
            ("com.alibaba.dubbo.rpc.service.GenericException", false),
            ("a.shop.Closed", false),
            ("a.shop.web.Closed", false),
            ("b.Closed", false),
            ("b.ClosedToday", true),
            ("a.shopping.Closed", true),
            ("javafx.Closed", true),
            ("Closed", true),
        ] {
            let thrown =
                Status::exception(Exception::of_class(class, "no")).with_code(Code::NotFound);
            let status = filter.apply(thrown);
            assert_eq!(status.java().unwrap().is_wrapped(), wrapped, "{class}");
            assert_eq!(status.java().unwrap().class(), class);
            assert_eq!((status.code(), status.message()), (Code::NotFound, "no"));
        }
        assert!(filter.apply(Status::not_found("no")).java().is_none());
    }
}
