//! JSON and [`Value`](dubhe_core::Value), each from the other.
//!
//! Both ways lose nothing that the other side can hold:
//!
//! | JSON | value | back |
//! | --- | --- | --- |
//! | integer that fits 32 bits | `Int` | integer |
//! | other integer that fits 64 bits | `Long` | integer |
//! | other number | `Double` | number; `"NaN"`, `"Infinity"`, `"-Infinity"` where JSON has none |
//! | string | `String` | string |
//! | array | `List` | array |
//! | object | `Map` | object; keys that are not strings become their text |
//! | | `Object` | object, with the class under `class` unless left out |
//! | | `Date` | milliseconds since 1970, a number |
//! | | `Bytes` | base64 text with padding |
//!
//! Shared containers are written again where they are referred to; a cycle is an error.

mod read;
mod write;

pub use read::{from_json, from_slice, from_str};
pub use write::{Classes, to_json, to_string};

/// The reason why a value has no JSON form, or a text is no JSON.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The value contains itself.
    #[error("the value contains itself under label {0}, which json cannot express")]
    Cycle(u32),
    /// A reference to nothing.
    #[error("the value refers to label {0}, which nothing bears")]
    Label(u32),
    /// Copies of shared parts would make the text far larger than the value.
    #[error("the value repeats shared parts more than {0} times, which is too much for json")]
    Repeats(usize),
    /// Not JSON.
    #[error("not json: {0}")]
    Syntax(#[from] serde_json::Error),
}
