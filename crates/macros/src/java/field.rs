//! A field of a struct.

use syn::{Error, Field as Source, Ident, PathArguments, Result, Type};

use crate::attr::JavaOptions;
use crate::lacking;
use crate::names::camel_case;

/// The role of a field in the Java class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// A field of its own.
    Own,
    /// A field that is not part of the class.
    Skip,
    /// The superclass, whose fields are part of this class.
    Parent,
    /// `Throwable.detailMessage`.
    Message,
    /// `Throwable.cause`.
    Cause,
    /// `Throwable.stackTrace`.
    Stack,
    /// `Throwable.suppressedExceptions`.
    Suppressed,
}

/// The flags of the fields of one kind of struct.
pub(crate) struct Flags {
    /// All flags that are known.
    names: &'static [&'static str],
    /// The role that some of them give.
    roles: &'static [(&'static str, Role)],
}

impl Flags {
    /// The flag of the part of `Throwable` that is called as `ident`.
    fn part_of_throwable(&self, ident: &Ident) -> Option<&'static str> {
        let is_part = |role| matches!(role, Role::Message | Role::Cause | Role::Stack);
        self.roles
            .iter()
            .find(|(flag, role)| is_part(*role) && ident == flag)
            .map(|(flag, _)| *flag)
    }
}

/// Fields of a class.
pub(crate) const CLASS: Flags = Flags {
    names: &["skip", "default", "flatten"],
    roles: &[("skip", Role::Skip), ("flatten", Role::Parent)],
};

/// Fields of an exception.
pub(crate) const EXCEPTION: Flags = Flags {
    names: &["skip", "default", "flatten", "message", "cause", "stack", "suppressed"],
    roles: &[
        ("skip", Role::Skip),
        ("flatten", Role::Parent),
        ("message", Role::Message),
        ("cause", Role::Cause),
        ("stack", Role::Stack),
        ("suppressed", Role::Suppressed),
    ],
};

/// A field.
pub(crate) struct Field<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    /// The name of the field in Java.
    pub(crate) java: String,
    pub(crate) role: Role,
    /// `true` if `Default::default()` stands in when the message lacks it.
    pub(crate) default: bool,
    /// `true` if Java writes it among the last, see [`is_simple`].
    pub(crate) simple: bool,
}

impl<'a> Field<'a> {
    pub(crate) fn read(source: &'a Source, flags: &Flags) -> Result<Self> {
        let Some(ident) = &source.ident else {
            return Err(Error::new_spanned(
                source,
                "Java's fields have names: write `struct Name { field: Type }`",
            ));
        };
        let options = JavaOptions::read(&source.attrs, "a field", &["name"], flags.names)?;
        options.exclusive()?;
        let given = flags.roles.iter().find(|(flag, _)| options.has(flag));
        let role = given.map_or(Role::Own, |(_, role)| *role);
        if let (None, Role::Own, Some(part)) = (&options.name, role, flags.part_of_throwable(ident))
        {
            let text = format!(
                "is this the {part} of Java's `Throwable`? then write `#[java({part})]`; \
                 `#[java(name = \"{part}\")]` is a field of this name beside it"
            );
            return Err(Error::new_spanned(ident, text));
        }
        if role == Role::Own {
            lacking::check(&source.ty)?;
        }
        let default = options.has("default");
        if let (Some(name), true) = (&options.name, role != Role::Own) {
            return Err(Error::new(
                name.span,
                "this is not a field of the class, so it has no name there; leave the name out",
            ));
        }
        let java = options.name.map_or_else(|| camel_case(&ident.to_string()), |name| name.value);
        Ok(Self { ident, ty: &source.ty, java, role, default, simple: is_simple(&source.ty) })
    }
}

/// Returns true if Java writes fields of this type after the others: primitives and the classes of
/// `java.lang` except `Object` (hessian-lite `JavaSerializer`). Readers go by name, so an alias
/// that hides such a type costs nothing but the sameness of the bytes.
fn is_simple(ty: &Type) -> bool {
    const SIMPLE: [&str; 12] =
        ["bool", "i8", "u8", "i16", "u16", "i32", "i64", "f32", "f64", "char", "str", "ByteString"];
    const HOLDERS: [&str; 5] = ["Option", "Box", "Arc", "Rc", "Cow"];
    let last = match ty {
        Type::Reference(reference) => return is_simple(&reference.elem),
        Type::Group(group) => return is_simple(&group.elem),
        Type::Path(path) => path.path.segments.last(),
        _ => None,
    };
    let Some(last) = last else { return false };
    let name = last.ident.to_string();
    match &last.arguments {
        PathArguments::None => name == "String" || SIMPLE.contains(&&*name),
        PathArguments::AngleBracketed(inner) if HOLDERS.contains(&&*name) => inner
            .args
            .iter()
            .any(|arg| matches!(arg, syn::GenericArgument::Type(ty) if is_simple(ty))),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use syn::parse_quote;

    use super::*;

    #[test]
    fn only_primitives_and_java_lang_are_simple() {
        let simple: [Type; 6] = [
            parse_quote!(i64),
            parse_quote!(Option<i32>),
            parse_quote!(std::string::String),
            parse_quote!(&'a str),
            parse_quote!(Cow<'a, str>),
            parse_quote!(Option<Box<str>>),
        ];
        let compound: [Type; 5] = [
            parse_quote!(Vec<i64>),
            parse_quote!(Value),
            parse_quote!(java::Date),
            parse_quote!(Option<Address>),
            parse_quote!(&'a [u8]),
        ];
        assert!(simple.iter().all(is_simple));
        assert!(!compound.iter().any(is_simple));
    }
}
