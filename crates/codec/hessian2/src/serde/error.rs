//! Errors of serde. Its usual texts print the offending value; these do not.

use std::fmt::Display;

use ::serde::de::{self, Expected, Unexpected};
use ::serde::ser;

use crate::error::Short;
use crate::{Error, ErrorKind};

impl ser::Error for Error {
    fn custom<T: Display>(text: T) -> Self {
        Self::new(ErrorKind::Unsupported, Short(&text.to_string()).to_string())
    }
}

impl de::Error for Error {
    fn custom<T: Display>(text: T) -> Self {
        Self::new(ErrorKind::Mismatch, Short(&text.to_string()).to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let detail = format!("expected {expected}, found {}", describe(&found));
        Self::new(ErrorKind::Mismatch, detail)
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let detail = format!("expected {expected}, found another {}", describe(&found));
        Self::new(ErrorKind::Range, detail)
    }

    fn unknown_variant(variant: &str, _: &'static [&'static str]) -> Self {
        Self::unknown_constant("the enum", variant)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::missing_field("the struct", field)
    }
}

fn describe(found: &Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "boolean",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) => "integer",
        Unexpected::Float(_) => "double",
        Unexpected::Char(_) | Unexpected::Str(_) => "string",
        Unexpected::Bytes(_) => "byte[]",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "list",
        Unexpected::Map | Unexpected::StructVariant => "map or object",
        _ => "value",
    }
}
