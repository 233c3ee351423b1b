//! Dubbo's token: a shared secret that providers publish through the registry and consumers send
//! as the attachment `token` (Dubbo Java `TokenFilter`). It keeps out callers that bypass the
//! registry; it is no authentication against those who can read it.

use std::fmt;

use bytestring::ByteString;
use dubhe_core::filter::{Guard, Hook};
use dubhe_core::status::Origin;
use dubhe_core::{Call, Code, Status};

/// The attachment that carries the token.
pub const TOKEN: &str = "token";

/// Refuses calls whose `token` attachment is not this one.
///
/// ```
/// use dubhe::Server;
/// use dubhe::filter::Token;
///
/// let server = Server::builder().hook(Token::new("s3cret"));
/// ```
pub struct Token(ByteString);

impl Token {
    /// The token to ask for.
    pub fn new(token: impl Into<ByteString>) -> Self {
        Self(token.into())
    }
}

impl Hook for Token {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let given = call.head.metadata.get_str(TOKEN);
        let right = given.is_some_and(|given| same(given.as_bytes(), self.0.as_bytes()));
        if right {
            call.head.metadata.remove(TOKEN);
            return Ok(Guard::none());
        }
        let what = if given.is_some() { "a wrong token" } else { "no token" };
        let message = format!(
            "call of {}.{} with {what}; let the consumer find the provider through the registry, \
             or set its token",
            call.head.service, call.head.method.name
        );
        Err(Status::new(Code::Unauthenticated, message).with_origin(Origin::RemoteFramework))
    }
}

/// Compares without telling by its time how much agrees.
fn same(a: &[u8], b: &[u8]) -> bool {
    a.len() == b.len() && a.iter().zip(b).fold(0, |differ, (x, y)| differ | (x ^ y)) == 0
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use dubhe_core::{Head, Method, Payload, ServiceKey, Value};

    use super::*;

    fn call(token: Option<&str>) -> Call {
        let service = Arc::new(ServiceKey::interface_only("a.B"));
        let mut head = Head::new(service, Arc::new(Method::java("m", "")));
        if let Some(token) = token {
            head.metadata.insert(TOKEN, token);
        }
        Call::new(head, Payload::dynamic(Value::Null))
    }

    #[test]
    fn lets_the_right_token_pass_and_takes_it_off() {
        let mut call = call(Some("s3cret"));
        let _ = Token::new("s3cret").before(&mut call).unwrap();
        assert!(call.head.metadata.is_empty());
    }

    #[test]
    fn refuses_others_without_printing_the_secret() {
        let filter = Token::new("s3cret");
        for given in [None, Some(""), Some("s3cres"), Some("s3cret ")] {
            let status = filter.before(&mut call(given)).unwrap_err();
            assert_eq!(status.code(), Code::Unauthenticated);
            assert!(!format!("{status:?} {filter:?}").contains("s3cret"));
        }
    }
}
