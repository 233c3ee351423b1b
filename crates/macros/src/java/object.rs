//! The model of a struct that stands for a class.

use syn::{DataStruct, Error, Fields, Result};

use super::Container;
use super::field::{Field, Flags, Role};
use crate::names::clash;

/// The most names of `FieldNames` of dubhe-hessian2.
const MAX_FIELDS: usize = 256;

/// A struct's fields, and what of them travels.
pub(crate) struct Object<'a> {
    pub(crate) fields: Vec<Field<'a>>,
    /// `true` if it has the fields of `Throwable` as well, and not from a superclass.
    pub(crate) throwable: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn read(
        container: &Container<'a>,
        data: &'a DataStruct,
        flags: &Flags,
        throwable: bool,
    ) -> Result<Self> {
        if let Fields::Unnamed(fields) = &data.fields {
            return Err(Error::new_spanned(
                fields,
                format!(
                    "Java's fields have names: write `struct {} {{ field: Type }}`; a tuple struct has one \
                     field, which it is written as",
                    container.input.ident
                ),
            ));
        }
        let fields =
            data.fields.iter().map(|f| Field::read(f, flags)).collect::<Result<Vec<_>>>()?;
        let parent = fields.iter().any(|field| field.role == Role::Parent);
        let object = Self { fields, throwable: throwable && !parent };
        object.check()?;
        Ok(object)
    }

    fn check(&self) -> Result<()> {
        // Told before the compiler spends its time on them.
        for simple in [false, true] {
            if let Some(field) = self.own(simple).nth(MAX_FIELDS) {
                let text = format!(
                    "a class has at most {MAX_FIELDS} fields of one kind, which are primitives and classes of \
                     java.lang, or others: read it as a `Value`"
                );
                return Err(Error::new_spanned(field.ident, text));
            }
        }
        if self.of_role(Role::Parent).is_some() {
            let roles = [Role::Message, Role::Cause, Role::Stack, Role::Suppressed];
            if let Some(field) = roles.into_iter().find_map(|role| self.of_role(role)) {
                let text =
                    "the superclass has this field: give it there, in the struct that is flattened";
                return Err(Error::new_spanned(field.ident, text));
            }
        }
        for (at, field) in self.fields.iter().enumerate() {
            let Some(earlier) = self.fields.iter().take(at).find(|f| f.clashes(field)) else {
                continue;
            };
            return Err(match field.role {
                Role::Own => clash(earlier.ident, field.ident, &field.java),
                Role::Parent => Error::new_spanned(
                    field.ident,
                    "a Java class has one superclass: flatten one field only",
                ),
                _ => {
                    let text = format!("`{}` has this role already", earlier.ident);
                    Error::new_spanned(field.ident, text)
                }
            });
        }
        Ok(())
    }

    /// The field of a role that only one field can have.
    pub(crate) fn of_role(&self, role: Role) -> Option<&Field<'a>> {
        self.fields.iter().find(|f| f.role == role)
    }

    /// The fields of the class itself that are of one kind, in the order in which Java writes
    /// them: the last declared first (hessian-lite `JavaSerializer`).
    pub(crate) fn own(&self, simple: bool) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().rev().filter(move |f| f.role == Role::Own && f.simple == simple)
    }

    /// The fields that are read, each into a slot of its own.
    pub(crate) fn slots(&self) -> impl Iterator<Item = &Field<'a>> {
        self.fields.iter().filter(|f| f.role != Role::Skip)
    }

    /// The number of a field's slot.
    pub(crate) fn slot_of(&self, field: &Field<'_>) -> usize {
        self.slots().take_while(|f| f.ident != field.ident).count()
    }
}

impl Field<'_> {
    /// Returns true if both cannot be in one class.
    fn clashes(&self, other: &Self) -> bool {
        self.role == other.role
            && match self.role {
                Role::Skip => false,
                Role::Own => self.java == other.java,
                _ => true,
            }
    }
}
