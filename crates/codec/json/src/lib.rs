//! JSON and [`Value`](dubhe_core::Value), each from the other.
//!
//! Both ways lose nothing that the other side can hold:
//!
//! | JSON | value | back |
//! | --- | --- | --- |
//! | integer that fits 32 bits | `Int` | integer |
//! | other integer that fits 64 bits | `Long` | integer |
//! | other number that is the text of a double | `Double` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` where JSON has none |
//! | any other number: `1.50`, `1e2`, more digits | `Object` of `java.math.BigDecimal` | number, as it was |
//! | string | `String` | string |
//! | array | `List` | array |
//! | object | `Map` | object; keys that are not strings become their text |
//! | | `Object` | object, with the class under `class` unless left out |
//! | | `Date` | milliseconds since 1970, a number |
//! | | `Bytes` | base64 text with padding; without classes an array of signed numbers |
//!
//! A number beyond a double is an error. Shared containers are written again where they are referred
//! to; a cycle is an error. [`Limits`] bound the memory of what is read and the length of what is
//! written.

mod limits;
mod number;
mod read;
mod write;

use dubhe_core::memory::OverBudget;

pub use limits::Limits;
pub use read::{from_bytes, from_bytes_charged, from_json, from_slice, from_str};
pub use write::{Classes, to_json, to_string, to_string_within};

/// The reason why a value has no JSON form, or a text is no JSON.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value contains itself.
    #[error("the value contains itself under label {0}, which json cannot express")]
    Cycle(u32),
    /// A reference to nothing.
    #[error("the value refers to label {0}, which nothing bears")]
    Label(u32),
    /// Values that take too much memory, or a text that shared parts make too long.
    #[error("too large for json: {0}")]
    Memory(#[from] OverBudget),
    /// Arrays and objects that nest too deep.
    #[error(
        "json nests deeper than {0}; nest less, or raise triple.json_depth \
         (in code Limits::depth), which is 127 at most"
    )]
    Depth(u16),
    /// A number that no double holds.
    #[error("not json that can be held: a number is beyond a double; send it as a string")]
    Number,
    /// A text that is no JSON.
    #[error("not json: {0}")]
    Syntax(#[from] serde_json::Error),
}
