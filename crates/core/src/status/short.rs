//! A constructor for each code.

use bytestring::ByteString;

use super::{Code, Status};

macro_rules! constructors {
    ($($name:ident $code:ident)*) => {
        impl Status {
            $(
                #[doc = concat!("An error of [`Code::", stringify!($code), "`].")]
                pub fn $name(message: impl Into<ByteString>) -> Self {
                    Self::new(Code::$code, message)
                }
            )*
        }
    };
}

constructors! {
    cancelled Cancelled
    unknown Unknown
    invalid_argument InvalidArgument
    deadline_exceeded DeadlineExceeded
    not_found NotFound
    already_exists AlreadyExists
    permission_denied PermissionDenied
    resource_exhausted ResourceExhausted
    failed_precondition FailedPrecondition
    aborted Aborted
    out_of_range OutOfRange
    unimplemented Unimplemented
    internal Internal
    unavailable Unavailable
    data_loss DataLoss
    unauthenticated Unauthenticated
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_code_of_its_name() {
        type Make = fn(&'static str) -> Status;
        let all: [(Make, &str); 16] = [
            (Status::cancelled, "CANCELLED"),
            (Status::unknown, "UNKNOWN"),
            (Status::invalid_argument, "INVALID_ARGUMENT"),
            (Status::deadline_exceeded, "DEADLINE_EXCEEDED"),
            (Status::not_found, "NOT_FOUND"),
            (Status::already_exists, "ALREADY_EXISTS"),
            (Status::permission_denied, "PERMISSION_DENIED"),
            (Status::resource_exhausted, "RESOURCE_EXHAUSTED"),
            (Status::failed_precondition, "FAILED_PRECONDITION"),
            (Status::aborted, "ABORTED"),
            (Status::out_of_range, "OUT_OF_RANGE"),
            (Status::unimplemented, "UNIMPLEMENTED"),
            (Status::internal, "INTERNAL"),
            (Status::unavailable, "UNAVAILABLE"),
            (Status::data_loss, "DATA_LOSS"),
            (Status::unauthenticated, "UNAUTHENTICATED"),
        ];
        for (make, name) in all {
            let status = make("why");
            assert_eq!((status.code().name(), status.message()), (name, "why"));
        }
    }
}
