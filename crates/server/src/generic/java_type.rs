//! Java's spelling of types in generic calls.

const PRIMITIVE: [(&str, &str); 9] = [
    ("boolean", "Z"),
    ("byte", "B"),
    ("char", "C"),
    ("short", "S"),
    ("int", "I"),
    ("long", "J"),
    ("float", "F"),
    ("double", "D"),
    ("void", "V"),
];

/// The descriptor of a Java type name: `int`, `java.lang.String`, `java.lang.String[]` or the JVM
/// form `[Ljava.lang.String;` (Dubbo Java `ReflectUtils.name2class`).
pub(super) fn descriptor(name: &str) -> String {
    if name.starts_with('[') {
        return name.replace('.', "/");
    }
    let element = name.trim_end_matches("[]");
    let dimensions = (name.len() - element.len()) / 2;
    let element = match PRIMITIVE.iter().find(|(name, _)| *name == element) {
        Some((_, descriptor)) => (*descriptor).to_owned(),
        None => format!("L{};", element.replace('.', "/")),
    };
    "[".repeat(dimensions) + &element
}

/// The Java type name of one descriptor.
pub(super) fn name(descriptor: &str) -> String {
    let element = descriptor.trim_start_matches('[');
    let dimensions = descriptor.len() - element.len();
    let name = match PRIMITIVE.iter().find(|(_, descriptor)| *descriptor == element) {
        Some((name, _)) => (*name).to_owned(),
        None => element.trim_start_matches('L').trim_end_matches(';').replace('/', "."),
    };
    name + &"[]".repeat(dimensions)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_spellings_of_arrays() {
        assert_eq!(descriptor("int"), "I");
        assert_eq!(descriptor("java.lang.String"), "Ljava/lang/String;");
        assert_eq!(descriptor("java.lang.String[]"), "[Ljava/lang/String;");
        assert_eq!(descriptor("[Ljava.lang.String;"), "[Ljava/lang/String;");
        assert_eq!(descriptor("long[][]"), "[[J");
    }

    #[test]
    fn names_are_those_that_descriptors_come_from() {
        for java in ["int", "boolean", "java.lang.String", "java.lang.String[]", "long[][]"] {
            assert_eq!(name(&descriptor(java)), java);
        }
    }
}
