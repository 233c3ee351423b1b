//! The two layouts of encoded arguments, and the way from one to the other.
//!
//! A dubbo body has its arguments written by one encoder: class definitions, type names and back
//! references are numbered over all of them. Triple's wrapper has each argument as a message of its
//! own, numbered from 0. What [`split`] and [`join`] get is scanned once and no value is built.
//! An argument that takes nothing from the others is passed on as it is; the numbers of any other
//! are rewritten, and its strings, binary and numbers are copied as they are.
//!
//! Time is linear in what is read and written. What is written is bounded by 16 times what is read
//! and [`Limits::replay`](crate::Limits::replay); nesting, by
//! [`Limits::depth`](crate::Limits::depth).

mod join;
mod numbers;
mod renumber;
mod split;

pub use join::join;
pub use split::split;

use crate::decode::{Cursor, Uses};

/// Returns `true` if values which use entries of `uses` by number mean something else when those
/// before them have filled the tables up to `before`.
fn is_bound(uses: Uses, before: Cursor) -> bool {
    uses.containers && before.containers > 0
        || uses.types && before.types > 0
        || uses.classes && before.classes > 0
}
