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
/// Exceptions of `java.`, `javax.` and `jakarta.`, Dubbo's own, those of the package of the interface
/// and below it, and those [declared](Self::declared) pass as they are. So does every other end of a
/// call. Callers of Dubhe receive the exception itself; over Triple and gRPC one of up to 4 KiB.
///
/// Dubbo Java has it in front of each service; it lets pass what the interface declares, and what comes
/// from the same jar, which no Rust type tells: its package stands for it. A service of Dubhe throws
/// what it says, unless this filter is added.
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
    /// A filter for services that declare no exceptions of other packages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Lets the exceptions of a class pass, such as `org.example.shop.ShopClosed`, or those of a package
    /// with what is below it, whose name ends in a dot: `org.example.shop.`.
    pub fn declared(mut self, name: impl Into<ByteString>) -> Self {
        Arc::make_mut(&mut self.declared).push(name.into());
        self
    }

    fn passes(&self, class: &str, interface: &str) -> bool {
        let own = interface.rfind('.').and_then(|dot| interface.get(..=dot));
        JDK.iter().chain(&DUBBO).copied().chain(own).any(|package| class.starts_with(package))
            || self
                .declared
                .iter()
                .any(|name| **name == *class || (name.ends_with('.') && class.starts_with(&**name)))
    }

    fn apply(&self, status: Status, interface: &str) -> Status {
        match status.java() {
            Some(exception) if !self.passes(exception.class(), interface) => {
                let wrapped = Exception::wrapped(exception.clone());
                status.with_exception(wrapped)
            }
            _ => status,
        }
    }
}

impl Filter for ExceptionFilter {
    fn filter(&self, call: Call, next: Next) -> Invoking {
        let (filter, interface) = (self.clone(), call.head.service.interface().clone());
        Invoking::boxed(async move {
            next.run(call).await.map_err(|status| filter.apply(status, &interface))
        })
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
            ("c.api.Closed", false),
            ("c.api.web.Closed", false),
            ("c.Closed", true),
            ("a.shopping.Closed", true),
            ("javafx.Closed", true),
            ("Closed", true),
        ] {
            let thrown =
                Status::exception(Exception::of_class(class, "no")).with_code(Code::NotFound);
            let status = filter.apply(thrown, "c.api.Shop");
            assert_eq!(status.java().unwrap().is_wrapped(), wrapped, "{class}");
            assert_eq!(status.java().unwrap().class(), class);
            assert_eq!((status.code(), status.message()), (Code::NotFound, "no"));
        }
        assert!(filter.apply(Status::not_found("no"), "c.api.Shop").java().is_none());
        let bare = Status::exception(Exception::of_class("Closed", ""));
        assert!(filter.apply(bare, "Shop").java().is_some_and(Exception::is_wrapped));
    }
}
