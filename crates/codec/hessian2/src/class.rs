//! Class definitions of Rust types.

/// The wire form of a Rust type: its Java class and the fields it writes.
///
/// Make one `static` a type: the encoder and the decoder recognise it by address first.
///
/// ```
/// # mod dubhe { pub mod hessian2 { pub use dubhe_hessian2::{Class, Encode, Encoder, Error, to_bytes}; } }
/// use dubhe::hessian2::{Class, Encode, Encoder, Error, to_bytes};
///
/// struct Point { x: i32, y: i32 }
///
/// // What `derive(Java)` makes of it:
/// static POINT: Class = Class::new("org.example.Point", &["x", "y"]);
///
/// impl Encode for Point {
///     fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
///         e.write_object(&POINT, |e| {
///             e.write_i32(self.x);
///             e.write_i32(self.y);
///             Ok(())
///         })
///     }
/// }
///
/// assert!(to_bytes(&Point { x: 3, y: 4 })?.ends_with(&[0x60, 0x93, 0x94]));
/// # Ok::<(), Error>(())
/// ```
#[derive(Debug, PartialEq, Eq)]
pub struct Class {
    name: &'static str,
    fields: &'static [&'static str],
}

impl Class {
    /// The class `name` (nested classes joined by `$`) with these fields, in the order in which
    /// they are written. At most 1,024 fields are read back by default.
    pub const fn new(name: &'static str, fields: &'static [&'static str]) -> Self {
        Self { name, fields }
    }

    /// The Java name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The names of the fields, in the order of writing.
    pub const fn fields(&self) -> &'static [&'static str] {
        self.fields
    }

    /// The index of a field, looked for first around `near`: both ends mostly agree on the order,
    /// or one has the other's reversed.
    pub(crate) fn index_of(&self, field: &str, near: usize) -> Option<usize> {
        [near.wrapping_add(1), near.wrapping_sub(1)]
            .into_iter()
            .find(|at| self.fields.get(*at).is_some_and(|name| *name == field))
            .or_else(|| self.fields.iter().position(|name| *name == field))
    }
}
