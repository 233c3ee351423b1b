//! Java's spelling of types in generic calls.

/// The descriptor of a Java type name: `int`, `java.lang.String`, `java.lang.String[]` or the JVM
/// form `[Ljava.lang.String;` (Dubbo Java `ReflectUtils.name2class`).
pub(super) fn descriptor(name: &str) -> String {
    if name.starts_with('[') {
        return name.replace('.', "/");
    }
    let element = name.trim_end_matches("[]");
    let dimensions = (name.len() - element.len()) / 2;
    let element = match element {
        "boolean" => "Z".to_owned(),
        "byte" => "B".to_owned(),
        "char" => "C".to_owned(),
        "short" => "S".to_owned(),
        "int" => "I".to_owned(),
        "long" => "J".to_owned(),
        "float" => "F".to_owned(),
        "double" => "D".to_owned(),
        "void" => "V".to_owned(),
        class => format!("L{};", class.replace('.', "/")),
    };
    "[".repeat(dimensions) + &element
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
}
