//! The spellings of a Java type: the JVM's descriptor, the name in generic calls, and Hessian's
//! name of an array (hessian-lite `ArraySerializer`, `BasicSerializer`).

use std::borrow::Cow;

const PRIMITIVES: [(&str, &str, &str); 9] = [
    ("Z", "boolean", "[boolean"),
    ("B", "byte", "[byte"),
    ("S", "short", "[short"),
    ("I", "int", "[int"),
    ("J", "long", "[long"),
    ("F", "float", "[float"),
    ("D", "double", "[double"),
    ("C", "char", "[char"),
    ("V", "void", "[void"),
];

/// The name in generic calls: `J` is `long`, `[J` is `long[]`, `La/B;` is `a.B`.
pub(crate) fn class_name(descriptor: &str) -> Cow<'static, str> {
    if let Some(element) = descriptor.strip_prefix('[') {
        return format!("{}[]", class_name(element)).into();
    }
    match primitive(descriptor) {
        Some((_, name, _)) => Cow::Borrowed(name),
        None => dotted(descriptor).into(),
    }
}

/// Hessian's name of the array whose elements have that descriptor: `[int`, `[string`, `[[long`,
/// `[org.example.User`.
pub(crate) fn array_type(element: &str) -> Cow<'static, str> {
    if let Some(inner) = element.strip_prefix('[') {
        return format!("[{}", array_type(inner)).into();
    }
    if let Some((_, _, array)) = primitive(element) {
        return Cow::Borrowed(array);
    }
    Cow::Borrowed(match element {
        "Ljava/lang/String;" => "[string",
        "Ljava/lang/Object;" => "[object",
        "Ljava/util/Date;" => "[date",
        class => return format!("[{}", dotted(class)).into(),
    })
}

/// The descriptor of a class: `a.B` is `La/B;`.
pub(crate) fn of_class(name: &str) -> String {
    format!("L{};", name.replace('.', "/"))
}

fn primitive(descriptor: &str) -> Option<(&'static str, &'static str, &'static str)> {
    PRIMITIVES.into_iter().find(|(letter, ..)| *letter == descriptor)
}

fn dotted(descriptor: &str) -> String {
    let class = descriptor.strip_prefix('L').unwrap_or(descriptor);
    class.strip_suffix(';').unwrap_or(class).replace('/', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_descriptor_has_two_more_spellings() {
        for (descriptor, name, array) in [
            ("J", "long", "[long"),
            ("[I", "int[]", "[[int"),
            ("Ljava/lang/String;", "java.lang.String", "[string"),
            ("[[Ljava/util/Date;", "java.util.Date[][]", "[[[date"),
            ("La/B$C;", "a.B$C", "[a.B$C"),
        ] {
            assert_eq!(class_name(descriptor), name);
            assert_eq!(array_type(descriptor), array);
        }
        assert_eq!(of_class("a.B$C"), "La/B$C;");
    }
}
