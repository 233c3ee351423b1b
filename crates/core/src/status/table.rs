//! The one table between status codes, Dubbo response statuses, Java exceptions and HTTP.
//!
//! Sources: Dubbo Java `Response`, `RpcException`, `TriRpcStatus`; gRPC's HTTP mapping.

use super::{Code, Exception, Origin, Retry, Status, missing};

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
    /// The request could not be decoded, or names no method or service.
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

/// The error of a dubbo response whose status byte is not [`dubbo::OK`]. Dubbo Java says only in the
/// text of two of them that the service or the method is missing.
pub fn from_dubbo(status: u8, message: &str) -> Status {
    let (mut code, retry) = row_of_dubbo(status);
    if matches!(status, dubbo::BAD_REQUEST | dubbo::SERVICE_ERROR) && missing::is_said_by(message) {
        code = Code::Unimplemented;
    }
    Status::new(code, message).with_origin(Origin::RemoteFramework).with_retry(retry)
}

/// The code of an error over Triple, from the code and the message that came. Dubbo Java has
/// [`Code::Unknown`] for methods that are missing in some versions and ways of calling.
pub fn from_triple(code: Code, message: &str) -> Code {
    let missing = code == Code::Unknown && missing::is_said_by(message);
    if missing { Code::Unimplemented } else { code }
}

/// The form of an error of the call in a dubbo response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DubboForm {
    /// A status byte, which Java's consumers take for a network error and send again elsewhere.
    Byte(u8),
    /// A [`RPC_EXCEPTION`] in place of the result, which they give to the caller with its code.
    Exception,
}

/// The form of an error of the call in a dubbo response.
///
/// A byte where another provider may do better, where the byte says the code, and where Dubbo Java has
/// one. [`dubbo::SERVER_THREADPOOL_EXHAUSTED`] says "never started", so that any client sends it
/// again: it is said only when that is known.
pub fn to_dubbo(status: &Status) -> DubboForm {
    let byte = match (status.code(), status.retry()) {
        (Code::ResourceExhausted | Code::Unavailable, Retry::Unstarted) => {
            dubbo::SERVER_THREADPOOL_EXHAUSTED
        }
        (Code::DeadlineExceeded, _) => dubbo::SERVER_TIMEOUT,
        (Code::InvalidArgument, _) => dubbo::BAD_REQUEST,
        (Code::Unavailable, _) | (_, Retry::Unknown) => dubbo::SERVER_ERROR,
        _ => return DubboForm::Exception,
    };
    DubboForm::Byte(byte)
}

/// The code that a status byte says.
pub fn code_of_dubbo(byte: u8) -> Code {
    row_of_dubbo(byte).0
}

fn row_of_dubbo(byte: u8) -> (Code, Retry) {
    let row = FROM_DUBBO.iter().find(|(b, ..)| *b == byte);
    row.map_or((Code::Unknown, Retry::Never), |(_, code, retry)| (*code, *retry))
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

/// The exception of Dubbo for an error of the call.
pub const RPC_EXCEPTION: &str = "org.apache.dubbo.rpc.RpcException";

/// Names of the same in Dubbo 2.6, and for an error over Triple.
const OTHER_RPC_EXCEPTIONS: [&str; 2] =
    ["com.alibaba.dubbo.rpc.RpcException", "org.apache.dubbo.rpc.StatusRpcException"];

/// Returns `true` for [`RPC_EXCEPTION`] and the classes that are one.
pub fn is_rpc_exception(class: &str) -> bool {
    class == RPC_EXCEPTION || OTHER_RPC_EXCEPTIONS.contains(&class)
}

/// `RpcException.code` where nothing more is known.
const UNKNOWN_EXCEPTION: i32 = 0;

/// `RpcException.code` of an exception that the service has thrown after all.
const BIZ_EXCEPTION: i32 = 3;

/// The code and the origin that the class of an exception says, and the field `code` of an
/// [`RPC_EXCEPTION`].
pub fn of_exception(exception: &Exception) -> (Code, Origin) {
    if !exception.is_rpc() {
        return (code_of_java_class(exception.class()), Origin::RemoteBusiness);
    }
    match exception.rpc_code() {
        UNKNOWN_EXCEPTION if is_missing_method(exception) => {
            (Code::Unimplemented, Origin::RemoteFramework)
        }
        BIZ_EXCEPTION => (Code::Unknown, Origin::RemoteBusiness),
        number => (code_of_rpc_exception(number), Origin::RemoteFramework),
    }
}

/// Returns `true` for what a generic call of a missing method throws over Triple.
fn is_missing_method(exception: &Exception) -> bool {
    exception.message().is_some_and(|message| missing::is_generic(&message))
}

/// `RpcException.code` and the codes it stands for (Dubbo Java `RpcException`).
const OF_RPC_EXCEPTION: [(i32, Code); 14] = [
    (UNKNOWN_EXCEPTION, Code::Unknown),
    (1, Code::Unavailable),
    (2, Code::DeadlineExceeded),
    (BIZ_EXCEPTION, Code::Unknown),
    (4, Code::PermissionDenied),
    (5, Code::Internal),
    (6, Code::Unavailable),
    (7, Code::ResourceExhausted),
    (8, Code::DeadlineExceeded),
    (9, Code::Unavailable),
    (10, Code::Unavailable),
    (11, Code::Unimplemented),
    (12, Code::InvalidArgument),
    (13, Code::Unauthenticated),
];

/// The code of an `RpcException.code`.
pub fn code_of_rpc_exception(number: i32) -> Code {
    OF_RPC_EXCEPTION.iter().find(|(n, _)| *n == number).map_or(Code::Unknown, |(_, c)| *c)
}

/// The `RpcException.code` of a code.
pub fn rpc_exception_of(code: Code) -> i32 {
    match code {
        Code::Unavailable => 1,
        Code::DeadlineExceeded => 2,
        Code::PermissionDenied => 4,
        Code::ResourceExhausted => 7,
        Code::Unimplemented => 11,
        Code::InvalidArgument => 12,
        Code::Unauthenticated => 13,
        _ => UNKNOWN_EXCEPTION,
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

    /// Texts of Dubbo Java 2.6.12, 2.7.23, 3.2.16 and 3.3.6.
    #[test]
    fn a_missing_service_or_method_is_known_by_its_text() {
        use dubbo::{BAD_REQUEST, SERVER_ERROR, SERVICE_ERROR};
        let broken = "Fail to decode request due to: ";
        let old =
            format!("{broken}java.lang.IllegalArgumentException: Service not found:a.B, c\n\tat");
        let new = format!("{broken}RpcInvocation [methodName=c, parameterTypes=null]");
        let absent =
            "org.apache.dubbo.remoting.RemotingException: Not found exported service: a.B:1";
        let generic = "org.apache.dubbo.rpc.RpcException: No such method c in class interface a.B";
        let generic_old = "org.apache.dubbo.rpc.RpcException: a.B.c()\n\tat \
            org.apache.dubbo.rpc.filter.GenericFilter.invoke(GenericFilter.java:189)\n\
            Caused by: java.lang.NoSuchMethodException: a.B.c()";
        let oldest = "com.alibaba.dubbo.rpc.RpcException: Failed to invoke remote proxy method c to \
            registry://127.0.0.1:2181/a, cause: Not found method \"c\" in class a.BImpl.\n\tat";
        for (byte, text) in [
            (BAD_REQUEST, &*old),
            (BAD_REQUEST, &new),
            (SERVICE_ERROR, absent),
            (SERVICE_ERROR, generic),
            (SERVICE_ERROR, generic_old),
            (SERVICE_ERROR, oldest),
        ] {
            let status = from_dubbo(byte, text);
            assert_eq!(
                (status.code(), status.retry()),
                (Code::Unimplemented, Retry::Never),
                "{text}"
            );
            assert_ne!(from_dubbo(SERVER_ERROR, text).code(), Code::Unimplemented);
        }
        let other = format!("{broken}RpcInvocation [methodName=c, parameterTypes=[int]]");
        assert_eq!(from_dubbo(BAD_REQUEST, &other).code(), Code::InvalidArgument);
        let below = "java.io.IOException: x\nCaused by: y: Not found exported service: a.B";
        assert_eq!(from_dubbo(SERVICE_ERROR, below).code(), Code::Internal);

        let generic = "No such method c in class interface a.B";
        let none =
            r#"Cannot invoke "java.util.List.iterator()" because "methodDescriptors" is null"#;
        for text in [generic, none] {
            assert_eq!(from_triple(Code::Unknown, text), Code::Unimplemented);
            assert_eq!(from_triple(Code::Internal, text), Code::Internal);
        }
        assert_eq!(from_triple(Code::Unknown, "closed"), Code::Unknown);
        let thrown = Exception::of_class(RPC_EXCEPTION, generic);
        assert_eq!(of_exception(&thrown), (Code::Unimplemented, Origin::RemoteFramework));
        let thrown = Exception::of_class("a.B", generic);
        assert_eq!(of_exception(&thrown), (Code::Unknown, Origin::RemoteBusiness));
    }

    #[test]
    fn rpc_exception_codes_survive_a_round_trip() {
        for code in [
            Code::Unavailable,
            Code::DeadlineExceeded,
            Code::PermissionDenied,
            Code::ResourceExhausted,
            Code::Unimplemented,
            Code::InvalidArgument,
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
