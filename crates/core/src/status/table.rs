//! The one table between status codes, Dubbo response statuses, Java exceptions and HTTP.
//!
//! Sources: Dubbo Java `Response`, `RpcException`, `TriRpcStatus`; gRPC's HTTP mapping.

use super::{Code, Origin, Retry, Status};

/// Status byte of a dubbo response frame (Dubbo Java `Response`).
pub mod dubbo {
    /// The normal end; business exceptions are in the body.
    pub const OK: u8 = 20;
    /// A response above the payload limit.
    pub const SERIALIZATION_ERROR: u8 = 25;
    /// The client waited too long (local in Java).
    pub const CLIENT_TIMEOUT: u8 = 30;
    /// The server took too long (local in Java).
    pub const SERVER_TIMEOUT: u8 = 31;
    /// The connection closed (local in Java).
    pub const CHANNEL_INACTIVE: u8 = 35;
    /// The request could not be decoded, or names no method.
    pub const BAD_REQUEST: u8 = 40;
    /// The response could not be encoded.
    pub const BAD_RESPONSE: u8 = 50;
    /// No such service.
    pub const SERVICE_NOT_FOUND: u8 = 60;
    /// An exception outside the service.
    pub const SERVICE_ERROR: u8 = 70;
    /// The server itself failed.
    pub const SERVER_ERROR: u8 = 80;
    /// The client itself failed (local in Java).
    pub const CLIENT_ERROR: u8 = 90;
    /// The worker pool is full.
    pub const SERVER_THREADPOOL_EXHAUSTED: u8 = 100;
}

/// Dubbo status byte, the code it becomes, and what it says about a retry.
const FROM_DUBBO: [(u8, Code, Retry); 11] = [
    (dubbo::SERIALIZATION_ERROR, Code::ResourceExhausted, Retry::Never),
    (dubbo::CLIENT_TIMEOUT, Code::DeadlineExceeded, Retry::Unknown),
    (dubbo::SERVER_TIMEOUT, Code::DeadlineExceeded, Retry::Unknown),
    (dubbo::CHANNEL_INACTIVE, Code::Unavailable, Retry::Unknown),
    (dubbo::BAD_REQUEST, Code::InvalidArgument, Retry::Never),
    (dubbo::BAD_RESPONSE, Code::Internal, Retry::Never),
    (dubbo::SERVICE_NOT_FOUND, Code::Unimplemented, Retry::Never),
    (dubbo::SERVICE_ERROR, Code::Internal, Retry::Never),
    (dubbo::SERVER_ERROR, Code::Internal, Retry::Unknown),
    (dubbo::CLIENT_ERROR, Code::Internal, Retry::Never),
    (dubbo::SERVER_THREADPOOL_EXHAUSTED, Code::ResourceExhausted, Retry::Unstarted),
];

/// The error of a dubbo response whose status byte is not [`dubbo::OK`].
pub fn from_dubbo(status: u8, message: &str) -> Status {
    let (code, retry) = FROM_DUBBO
        .iter()
        .find(|(s, ..)| *s == status)
        .map_or((Code::Unknown, Retry::Never), |(_, c, r)| (*c, *r));
    Status::new(code, message).with_origin(Origin::RemoteFramework).with_retry(retry)
}

/// The status byte that tells a dubbo client of a framework error.
///
/// A missing service is 70 and a missing method 40 in Dubbo Java 3.3; both codes are
/// [`Code::Unimplemented`] here, so the caller that knows which says so itself.
pub fn to_dubbo(code: Code) -> u8 {
    match code {
        Code::InvalidArgument | Code::OutOfRange => dubbo::BAD_REQUEST,
        Code::ResourceExhausted | Code::Unavailable => dubbo::SERVER_THREADPOOL_EXHAUSTED,
        Code::DeadlineExceeded => dubbo::SERVER_TIMEOUT,
        Code::DataLoss => dubbo::BAD_RESPONSE,
        Code::Unimplemented
        | Code::PermissionDenied
        | Code::Unauthenticated
        | Code::FailedPrecondition => dubbo::SERVICE_ERROR,
        _ => dubbo::SERVER_ERROR,
    }
}

/// Java exception classes and the codes they stand for, best known first.
const JAVA: [(&str, Code); 12] = [
    ("java.lang.RuntimeException", Code::Unknown),
    ("java.lang.IllegalArgumentException", Code::InvalidArgument),
    ("java.lang.IllegalStateException", Code::FailedPrecondition),
    ("java.lang.UnsupportedOperationException", Code::Unimplemented),
    ("java.lang.IndexOutOfBoundsException", Code::OutOfRange),
    ("java.lang.NumberFormatException", Code::InvalidArgument),
    ("java.lang.SecurityException", Code::PermissionDenied),
    ("java.lang.InterruptedException", Code::Cancelled),
    ("java.util.NoSuchElementException", Code::NotFound),
    ("java.util.concurrent.TimeoutException", Code::DeadlineExceeded),
    ("java.util.concurrent.CancellationException", Code::Cancelled),
    ("java.io.IOException", Code::Unavailable),
];

/// The code of a Java exception class; [`Code::Unknown`] for one that is not in the table.
pub fn code_of_java_class(class: &str) -> Code {
    JAVA.iter().find(|(c, _)| *c == class).map_or(Code::Unknown, |(_, code)| *code)
}

/// The Java exception class that stands for the code of a business error without one. Dubbo 3.2 and
/// 3.3 read only classes on their list, so these are all on it (`serialize.allowlist`).
pub fn java_class_of(code: Code) -> &'static str {
    match code {
        Code::InvalidArgument => "java.lang.IllegalArgumentException",
        Code::FailedPrecondition => "java.lang.IllegalStateException",
        Code::OutOfRange => "java.lang.IndexOutOfBoundsException",
        Code::Cancelled => "java.lang.InterruptedException",
        _ => "java.lang.RuntimeException",
    }
}

/// The header and the attachment of a business error whose value is its code, in digits. Dubhe alone
/// sends and reads it: `grpc-status` does not tell an error of the service from one of the call, and
/// an exception has no code.
pub const BUSINESS_CODE: &str = "dubhe-business";

/// The code to send beside the exception that `status` is, where its class stands for another.
pub fn code_beside_exception(status: &Status) -> Option<Code> {
    let code = status.code();
    let class = status.java().map_or(java_class_of(code), |exception| exception.class());
    (code_of_java_class(class) != code).then_some(code)
}

/// The code in the digits of a [`BUSINESS_CODE`].
pub fn business_code(digits: &str) -> Option<Code> {
    digits.parse().ok().and_then(Code::from_number)
}

/// `RpcException.code` and the codes it stands for (Dubbo Java `RpcException`).
const RPC_EXCEPTION: [(i32, Code); 11] = [
    (0, Code::Unknown),
    (1, Code::Unavailable),
    (2, Code::DeadlineExceeded),
    (3, Code::Unknown),
    (4, Code::PermissionDenied),
    (5, Code::Internal),
    (6, Code::Unavailable),
    (7, Code::ResourceExhausted),
    (8, Code::DeadlineExceeded),
    (9, Code::Unavailable),
    (10, Code::Unauthenticated),
];

/// The code of an `RpcException.code`.
pub fn code_of_rpc_exception(number: i32) -> Code {
    RPC_EXCEPTION.iter().find(|(n, _)| *n == number).map_or(Code::Unknown, |(_, c)| *c)
}

/// The `RpcException.code` of a code.
pub fn rpc_exception_of(code: Code) -> i32 {
    match code {
        Code::Unavailable => 1,
        Code::DeadlineExceeded => 2,
        Code::PermissionDenied => 4,
        Code::Internal | Code::DataLoss => 5,
        Code::ResourceExhausted => 7,
        Code::Unauthenticated => 10,
        _ => 0,
    }
}

/// Codes and the HTTP status that a plain HTTP caller sees (Connect's table).
const HTTP: [(Code, u16); 16] = [
    (Code::Cancelled, 499),
    (Code::Unknown, 500),
    (Code::InvalidArgument, 400),
    (Code::DeadlineExceeded, 504),
    (Code::NotFound, 404),
    (Code::AlreadyExists, 409),
    (Code::PermissionDenied, 403),
    (Code::ResourceExhausted, 429),
    (Code::FailedPrecondition, 400),
    (Code::Aborted, 409),
    (Code::OutOfRange, 400),
    (Code::Unimplemented, 501),
    (Code::Internal, 500),
    (Code::Unavailable, 503),
    (Code::DataLoss, 500),
    (Code::Unauthenticated, 401),
];

/// The HTTP status of a code.
pub fn to_http(code: Code) -> u16 {
    HTTP.iter().find(|(c, _)| *c == code).map_or(500, |(_, s)| *s)
}

/// The code of an HTTP status that came without one (gRPC's "HTTP to gRPC status mapping").
pub fn from_http(status: u16) -> Code {
    match status {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dubbo_status_has_a_row_and_an_unknown_one_is_unknown() {
        let timeout = from_dubbo(dubbo::SERVER_TIMEOUT, "late");
        assert_eq!(timeout.code(), Code::DeadlineExceeded);
        assert_eq!(timeout.retry(), Retry::Unknown);
        assert_eq!(timeout.origin(), Origin::RemoteFramework);
        assert_eq!(from_dubbo(100, "full").retry(), Retry::Unstarted);
        assert_eq!(from_dubbo(77, "?").code(), Code::Unknown);
    }

    #[test]
    fn rpc_exception_codes_survive_a_round_trip() {
        for code in [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::PermissionDenied,
            Code::Internal,
            Code::ResourceExhausted,
            Code::Unauthenticated,
        ] {
            assert_eq!(code_of_rpc_exception(rpc_exception_of(code)), code);
        }
    }

    #[test]
    fn http_statuses() {
        assert_eq!(to_http(Code::NotFound), 404);
        assert_eq!(from_http(503), Code::Unavailable);
        assert_eq!(from_http(418), Code::Unknown);
    }
}
