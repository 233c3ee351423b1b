//! gRPC's status codes, which all protocols are mapped to.

use std::fmt;

/// The kind of an error, by gRPC's numbers.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{*, fault::*, filter::*}; pub mod dispatch { pub use dubhe_core::{gate::Gates, serve::*}; } }
///
/// use dubhe::Code;
///
/// assert_eq!(Code::NotFound.number(), 5);
/// assert_eq!(Code::from_number(5), Some(Code::NotFound));
/// assert_eq!(Code::NotFound.name(), "NOT_FOUND");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// The caller gave up.
    Cancelled = 1,
    /// An unknown error.
    Unknown = 2,
    /// The request can never be right.
    InvalidArgument = 3,
    /// The deadline passed.
    DeadlineExceeded = 4,
    /// An entity that was asked for does not exist.
    NotFound = 5,
    /// An entity to be made exists.
    AlreadyExists = 6,
    /// The caller may not do this.
    PermissionDenied = 7,
    /// A limit or quota is used up.
    ResourceExhausted = 8,
    /// The state does not allow it.
    FailedPrecondition = 9,
    /// A conflict with another caller.
    Aborted = 10,
    /// A value beyond the valid range.
    OutOfRange = 11,
    /// No such service or method.
    Unimplemented = 12,
    /// A broken invariant.
    Internal = 13,
    /// The service cannot be reached now; another endpoint may answer.
    Unavailable = 14,
    /// Data is lost or damaged.
    DataLoss = 15,
    /// The caller did not say who it is.
    Unauthenticated = 16,
}

/// Code, number and gRPC's name, in order of the numbers.
const ALL: [(Code, u8, &str); 16] = [
    (Code::Cancelled, 1, "CANCELLED"),
    (Code::Unknown, 2, "UNKNOWN"),
    (Code::InvalidArgument, 3, "INVALID_ARGUMENT"),
    (Code::DeadlineExceeded, 4, "DEADLINE_EXCEEDED"),
    (Code::NotFound, 5, "NOT_FOUND"),
    (Code::AlreadyExists, 6, "ALREADY_EXISTS"),
    (Code::PermissionDenied, 7, "PERMISSION_DENIED"),
    (Code::ResourceExhausted, 8, "RESOURCE_EXHAUSTED"),
    (Code::FailedPrecondition, 9, "FAILED_PRECONDITION"),
    (Code::Aborted, 10, "ABORTED"),
    (Code::OutOfRange, 11, "OUT_OF_RANGE"),
    (Code::Unimplemented, 12, "UNIMPLEMENTED"),
    (Code::Internal, 13, "INTERNAL"),
    (Code::Unavailable, 14, "UNAVAILABLE"),
    (Code::DataLoss, 15, "DATA_LOSS"),
    (Code::Unauthenticated, 16, "UNAUTHENTICATED"),
];

impl Code {
    /// gRPC's number, 1 to 16.
    pub fn number(self) -> u8 {
        self as u8
    }

    /// The code of a gRPC number; `None` for 0 (success) and unknown numbers.
    pub fn from_number(number: u8) -> Option<Self> {
        ALL.iter().find(|(_, n, _)| *n == number).map(|(c, ..)| *c)
    }

    /// gRPC's name, such as `NOT_FOUND`.
    pub fn name(self) -> &'static str {
        ALL.iter().find(|(c, ..)| *c == self).map_or("UNKNOWN", |(.., name)| name)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_agrees_with_the_enum() {
        for (code, number, _) in ALL {
            assert_eq!(code.number(), number);
            assert_eq!(Code::from_number(number), Some(code));
        }
        assert_eq!(Code::from_number(0), None);
        assert_eq!(Code::from_number(17), None);
    }
}
