//! Messages as objects of their fields.

use super::{Error, Json, Reader, Types, Unknown, Writer};
use crate::seen::Seen;
use crate::shape::required::Refused;

/// A message whose JSON form is an object of its fields. `dubhe-build` implements it.
///
/// ```
/// # mod dubhe { pub mod protobuf { pub use dubhe_protobuf::json; } }
/// use dubhe::protobuf::json::{Error, Object, Plain, Reader, Writer, from_str, to_string};
///
/// #[derive(Default)]
/// struct User { first_name: String }
///
/// impl Object for User {
///     fn find(name: &str) -> Option<u32> {
///         matches!(name, "firstName" | "first_name").then_some(0)
///     }
///
///     fn read_field(&mut self, _: u32, json: &mut Reader<'_>) -> Result<(), Error> {
///         json.set(Plain, &mut self.first_name)
///     }
///
///     fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error> {
///         out.implicit(r#""firstName":"#, Plain, &self.first_name)
///     }
/// }
///
/// let user = from_str::<User>(r#"{"first_name":"Ada"}"#)?;
/// assert_eq!(to_string(&user)?, r#"{"firstName":"Ada"}"#);
/// # Ok::<(), Error>(())
/// ```
pub trait Object: Default {
    /// The types that an `Any` in it may hold.
    fn types() -> &'static Types {
        &Types::NONE
    }

    /// The indices and names of the fields that are required.
    fn required() -> &'static [(u32, &'static str)] {
        &[]
    }

    /// The index of the field that has `name`, as its JSON name or that of the file.
    fn find(name: &str) -> Option<u32>;

    /// Reads the value of the field `index`.
    ///
    /// # Errors
    /// As [`Json::read`].
    fn read_field(&mut self, index: u32, json: &mut Reader<'_>) -> Result<(), Error>;

    /// Appends the fields.
    ///
    /// # Errors
    /// As [`Json::write`].
    fn write_fields(&self, out: &mut Writer<'_>) -> Result<(), Error>;
}

impl<T: Object> Json for T {
    const OBJECT: bool = true;

    fn types() -> &'static Types {
        T::types()
    }

    fn write(&self, out: &mut Writer<'_>) -> Result<(), Error> {
        out.object(|out| self.write_fields(out))
    }

    fn read(&mut self, json: &mut Reader<'_>) -> Result<(), Error> {
        let required = T::required();
        read_fields(json, T::find, required, &mut |index, json| self.read_field(index, json))
    }
}

/// Reads the fields of an object, each once.
fn read_fields(
    json: &mut Reader<'_>,
    find: fn(&str) -> Option<u32>,
    required: &[(u32, &str)],
    read: &mut dyn FnMut(u32, &mut Reader<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut seen = Seen::default();
    let in_any = std::mem::take(&mut json.in_any);
    json.object(&mut |json, name| match find(name) {
        Some(index) if seen.insert(index) => read(index, json),
        Some(_) => Err(json.error("a field that comes twice")),
        None if json.unknown == Unknown::Ignore || (in_any && name == "@type") => json.skip(),
        None => Err(json.error("a field that the message does not have")),
    })?;
    if required.iter().all(|(index, _)| seen.contains(*index)) {
        return Ok(());
    }
    let missing = required.iter().filter(|(index, _)| !seen.contains(*index));
    let missing: Vec<&str> = missing.map(|(_, name)| *name).collect();
    Err(json.error(&Refused::Missing(missing.join(", ")).to_string()))
}
