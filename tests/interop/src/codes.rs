//! A service that fails with every code, for the view that Java has of errors.

use dubhe::status::Exception;
use dubhe::{Code, Status, interface};

/// Fails as it is told.
#[interface("peer.api.Codes")]
pub(crate) trait Codes {
    /// Fails with the gRPC code of that number: `call`, `business`, or `wrapped`, an exception whose
    /// class Java lacks.
    async fn fail(&self, kind: String, code: i32) -> Result<String, Status>;
}

pub(crate) struct Failing;

impl Codes for Failing {
    async fn fail(&self, kind: String, code: i32) -> Result<String, Status> {
        let number = u8::try_from(code).ok();
        let code = number.and_then(Code::from_number).ok_or_else(|| {
            Status::invalid_argument(format!("{code} is no code of an error; give 1 to 16"))
        })?;
        Err(match &*kind {
            "business" => Status::business(code, "closed"),
            "wrapped" => {
                let exception = Exception::of_class("org.example.Unknown", "closed");
                Status::exception(exception.wrapped()).with_code(code)
            }
            _ => Status::new(code, "closed"),
        })
    }
}
