//! Classes that are collections or maps of the JDK: Hessian writes their elements or entries, and no fields.

use crate::jdk;
use crate::model::{Api, Class, Kind, Type};

/// The classes above one that are followed, so that a circle ends.
const MAX_SUPERCLASSES: usize = 1_024;

/// The collection or map of the JDK that a class is by those above it, with its type arguments.
pub(crate) fn of(api: &Api, class: &Class) -> Option<Type> {
    let mut next = class.superclass.clone();
    for _ in 0..MAX_SUPERCLASSES {
        let Some(Type::Class { name, arguments }) = &next else { return None };
        match api.types.get(name).map(|of| &of.kind) {
            Some(Kind::Class(above)) => {
                let superclass = above.superclass.as_ref()?;
                next = Some(superclass.substitute(&above.parameters, arguments));
            }
            Some(_) => return None,
            None if jdk::collection(name).is_none() => return None,
            None => return next,
        }
    }
    None
}
