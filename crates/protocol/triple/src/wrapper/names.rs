//! Java's names of types, as `Class.getName` gives them, and the descriptors of the JVM.

use bytestring::ByteString;

const PRIMITIVES: [(&str, &str); 9] = [
    ("boolean", "Z"),
    ("byte", "B"),
    ("char", "C"),
    ("double", "D"),
    ("float", "F"),
    ("int", "I"),
    ("long", "J"),
    ("short", "S"),
    ("void", "V"),
];

/// The descriptors of types of these names, one after the other: `int` is `I`, `java.lang.String`
/// is `Ljava/lang/String;`, `[I` and `[Ljava.lang.String;` differ in the dots only.
pub fn descriptor_of_names<'a>(names: impl IntoIterator<Item = &'a ByteString>) -> String {
    let mut out = String::new();
    for name in names {
        if let Some((_, short)) = PRIMITIVES.iter().find(|(long, _)| *long == &**name) {
            out.push_str(short);
        } else if name.starts_with('[') {
            out.push_str(&name.replace('.', "/"));
        } else {
            out.extend(["L", &name.replace('.', "/"), ";"]);
        }
    }
    out
}

/// The names of types of these descriptors. What is no descriptor ends the list.
pub fn names_of_descriptor(mut descriptor: &str) -> Vec<ByteString> {
    let mut names = Vec::new();
    while let Some(length) = first(descriptor) {
        let (one, rest) = descriptor.split_at(length);
        let primitive = PRIMITIVES.iter().find(|(_, short)| *short == one);
        names.push(match (primitive, one.strip_prefix('L')) {
            (Some((long, _)), _) => ByteString::from_static(long),
            (None, Some(class)) => class.trim_end_matches(';').replace('/', ".").into(),
            (None, None) => one.replace('/', ".").into(),
        });
        descriptor = rest;
    }
    names
}

/// The length of the first descriptor.
fn first(descriptors: &str) -> Option<usize> {
    let element = descriptors.trim_start_matches('[');
    let dimensions = descriptors.len() - element.len();
    let length = if element.starts_with('L') {
        element.find(';')? + 1
    } else {
        element.chars().next()?.len_utf8()
    };
    Some(dimensions + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways() {
        let names = ["int", "long", "java.lang.String", "[I", "[[Ljava.lang.String;", "a.B$C"];
        let names = names.map(ByteString::from_static);
        let descriptor = "IJLjava/lang/String;[I[[Ljava/lang/String;La/B$C;";
        assert_eq!(descriptor_of_names(&names), descriptor);
        assert_eq!(names_of_descriptor(descriptor), names);
        assert_eq!(names_of_descriptor("I[").len(), 1);
        assert_eq!(names_of_descriptor("Lunended").len(), 0);
    }
}
