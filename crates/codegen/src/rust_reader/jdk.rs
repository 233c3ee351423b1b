//! Java's classes behind the types of `dubhe::java`.

use crate::jdk::{Shape, carried, of_rust};

/// The class of a type of `dubhe::java`.
pub(super) fn class_of(rust: &str) -> Option<&'static str> {
    let named = of_rust(rust).filter(|carried| matches!(carried.rust, Shape::Named(_)));
    named.map(|carried| carried.java)
}

/// The number of type arguments of a collection that a parameter may be declared as.
pub(super) fn arity(class: &str) -> Option<usize> {
    match class {
        // Nothing is generated of these, but whoever writes Rust may name them.
        "java.util.Deque" | "java.util.Queue" => return Some(1),
        "java.util.IdentityHashMap" | "java.util.WeakHashMap" => return Some(2),
        _ => {}
    }
    match carried(class)?.rust {
        Shape::List | Shape::Set | Shape::Elements => Some(1),
        Shape::Map => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn collections_have_their_type_arguments() {
        for (class, count) in [
            ("java.util.Collection", Some(1)),
            ("java.util.Queue", Some(1)),
            ("java.util.SequencedCollection", Some(1)),
            ("java.util.TreeMap", Some(2)),
            ("java.util.WeakHashMap", Some(2)),
            ("java.util.Date", None),
            ("org.example.List", None),
        ] {
            assert_eq!(arity(class), count, "{class}");
        }
    }

    #[test]
    fn only_types_of_their_own_have_a_class() {
        assert_eq!(class_of("Uuid"), Some("java.util.UUID"));
        assert_eq!(class_of("TimeUnit"), Some("java.util.concurrent.TimeUnit"));
        assert_eq!((class_of("Vec"), class_of("Nothing")), (None, None));
    }
}
