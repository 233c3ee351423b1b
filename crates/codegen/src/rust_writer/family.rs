//! Classes that are no abstract ones and have classes below them: where such a class is declared, an object of any of them may
//! be, so that an enum beside the struct stands there.

use std::collections::BTreeSet;

use super::RustWriter;
use crate::model::{Api, Kind, Type};
use crate::pattern::matches;

/// The end of a key that no name of a class has.
const END: &str = "|any";

/// The key of the enum of a class and those below it, among the names of classes.
pub(super) fn key(java: &str) -> String {
    format!("{java}{END}")
}

/// The class of a key, which may be that of an enum of it and those below it.
pub(super) fn class(key: &str) -> &str {
    key.strip_suffix(END).unwrap_or(key)
}

/// Returns `true` for the key of such an enum.
pub(super) fn is_key(key: &str) -> bool {
    key.ends_with(END)
}

/// The name of the enum beside a struct.
pub(super) fn name(own: &str) -> String {
    format!("Any{own}")
}

/// Returns `true` for a class that may have such an enum: an exception, which is caught, and one that is the type of something.
pub(super) fn may_be(kind: &Kind, is_declared: bool) -> bool {
    match kind {
        Kind::Class(class) => {
            let says_all = class.parameters.is_empty() && !class.subclasses.is_empty();
            !class.is_abstract && (class.is_exception || is_declared && says_all)
        }
        _ => false,
    }
}

/// The classes in the types of fields, parameters and results.
pub(super) fn of_types(api: &Api) -> BTreeSet<&str> {
    let mut found = Vec::new();
    for declared in api.types.values() {
        match &declared.kind {
            Kind::Service(of) => {
                for method in &of.methods {
                    method.result.classes(&mut found);
                    method.parameters.iter().for_each(|of| of.ty.classes(&mut found));
                }
            }
            Kind::Class(of) => {
                of.fields.iter().for_each(|field| field.ty.classes(&mut found));
                if let Some(Type::Class { arguments, .. }) = &of.superclass {
                    for of in arguments {
                        of.classes(&mut found);
                    }
                }
            }
            Kind::Enum(_) => {}
        }
    }
    found.into_iter().collect()
}

impl RustWriter {
    /// Returns `true` if the options say that values of a class are of no class below it.
    pub(super) fn is_exact(&self, java: &str) -> bool {
        self.exact.iter().any(|pattern| matches(pattern, java))
    }
}
