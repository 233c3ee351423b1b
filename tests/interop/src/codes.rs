//! A service that fails with every code, for the view that each side has of the errors of the other.

use dubhe::java::Throwable;
use dubhe::status::Exception;
use dubhe::{Code, Status, Value};

use crate::java::api::Codes;

/// The exception of Dubbo for an error of the call.
const RPC_EXCEPTION: &str = "org.apache.dubbo.rpc.RpcException";

pub(crate) struct Failing;

impl Codes for Failing {
    async fn fail(&self, kind: String, code: i32) -> Result<Value, Status> {
        let number = u8::try_from(code).ok();
        let grpc = || {
            number.and_then(Code::from_number).ok_or_else(|| {
                Status::invalid_argument(format!("{code} is no code of an error; give 1 to 16"))
            })
        };
        Err(match &*kind {
            "business" => Status::business(grpc()?, "closed"),
            "rpc" => Throwable::new(RPC_EXCEPTION, "closed").field("code", code).into(),
            "unknown" => Status::exception(Exception::of_class("org.example.Unknown", "closed")),
            "wrapped" => {
                let exception = Exception::of_class("org.example.Unknown", "closed");
                Status::exception(exception.wrapped()).with_code(grpc()?)
            }
            _ => Status::new(grpc()?, "closed"),
        })
    }
}
