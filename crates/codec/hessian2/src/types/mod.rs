//! The Rust types that travel as Java's own.
//!
//! | Rust | Java |
//! | --- | --- |
//! | `bool`, `i8` and `u8`, `i16`, `i32`, `i64`, `f32`, `f64` | the primitive of that size; `u8` by its bits |
//! | `char`, `u16` | `char` |
//! | `Option` of these | the boxed class |
//! | `String`, `&str`, `Cow<str>`, `ByteString` | `String` |
//! | `Vec<u8>`, `&[u8]`, `Bytes` | `byte[]` |
//! | `Vec`, `VecDeque`, `[T; N]` | `List` |
//! | [`Array`] | an array |
//! | `HashSet`, `BTreeSet` | `Set` |
//! | `HashMap`, `BTreeMap` | `Map` |
//! | `Value` | `Object` |
//! | `Box`, `Arc`, `Rc`, `Cow`, `&` | what they hold |

mod arguments;
mod array;
mod binary;
mod collection;
mod pointer;
mod scalar;
mod text;

pub use array::Array;
