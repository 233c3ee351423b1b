//! JVM descriptors of parameters, such as `IJ[Ljava/lang/String;`, and Java's names of types.
//!
//! | descriptor | [`source_name`] | [`class_name`] (`Class.getName`) |
//! | --- | --- | --- |
//! | `J` | `long` | `long` |
//! | `Ljava/lang/String;` | `java.lang.String` | `java.lang.String` |
//! | `[J` | `long[]` | `[J` |
//! | `[Ljava/lang/String;` | `java.lang.String[]` | `[Ljava.lang.String;` |
//!
//! Source: Dubbo Java `ReflectUtils.getDesc`; the two liberties of dubbo-go are those of its
//! `protocol/dubbo/impl/hessian.go`: `[Ljava/util/Date` has no semicolon, and `V` stands for a nil
//! argument whose type nobody knows.

/// A text that is no list of descriptors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadDescriptor;

/// The descriptor after which dubbo-go leaves the semicolon off.
const DATE: &str = "Ljava/util/Date";

/// The descriptor of each parameter, in order. After an error there is nothing more.
#[derive(Clone, Debug)]
pub struct Parameters<'a>(&'a str);

/// The parameters of `descriptor`.
pub fn parameters(descriptor: &str) -> Parameters<'_> {
    Parameters(descriptor)
}

impl<'a> Iterator for Parameters<'a> {
    type Item = Result<&'a str, BadDescriptor>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let Some(length) = first_length(self.0) else {
            self.0 = "";
            return Some(Err(BadDescriptor));
        };
        let (first, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(Ok(first))
    }
}

fn first_length(text: &str) -> Option<usize> {
    let component = text.trim_start_matches('[');
    let brackets = text.len() - component.len();
    let length = match component.bytes().next()? {
        b'Z' | b'B' | b'C' | b'S' | b'I' | b'J' | b'F' | b'D' | b'V' => 1,
        b'L' => match component.strip_prefix(DATE) {
            Some(rest) if brackets > 0 && !rest.starts_with(';') => DATE.len(),
            _ => component.find(';').filter(|at| *at > 1)? + 1,
        },
        _ => return None,
    };
    Some(brackets + length)
}

/// The number of parameters that `descriptor` lists.
///
/// # Errors
/// When it is no list of descriptors.
pub fn count(descriptor: &str) -> Result<usize, BadDescriptor> {
    parameters(descriptor).try_fold(0, |n, parameter| parameter.map(|_| n + 1))
}

/// The names of primitive types and their descriptors.
const PRIMITIVES: [(&str, &str); 9] = [
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

/// The descriptor of a type by either of its names (Dubbo Java `ReflectUtils.name2class`).
pub fn of_name(name: &str) -> String {
    if name.starts_with('[') {
        return name.replace('.', "/");
    }
    let element = name.trim_end_matches("[]");
    let dimensions = (name.len() - element.len()) / 2;
    let element = match PRIMITIVES.iter().find(|(name, _)| *name == element) {
        Some((_, descriptor)) => (*descriptor).to_owned(),
        None => format!("L{};", element.replace('.', "/")),
    };
    "[".repeat(dimensions) + &element
}

/// The name of the type of one descriptor, as in Java's source and in generic calls.
pub fn source_name(descriptor: &str) -> String {
    let element = descriptor.trim_start_matches('[');
    element_name(element) + &"[]".repeat(descriptor.len() - element.len())
}

/// The name of the type of one descriptor, as `Class.getName` gives it.
pub fn class_name(descriptor: &str) -> String {
    if descriptor.starts_with('[') {
        descriptor.replace('/', ".")
    } else {
        element_name(descriptor)
    }
}

fn element_name(descriptor: &str) -> String {
    match PRIMITIVES.iter().find(|(_, own)| *own == descriptor) {
        Some((name, _)) => (*name).to_owned(),
        None => descriptor.trim_start_matches('L').trim_end_matches(';').replace('/', "."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(descriptor: &str) -> Vec<&str> {
        parameters(descriptor).map(Result::unwrap).collect()
    }

    #[test]
    fn every_form_of_java_is_one_parameter() {
        let descriptor = "ZBCSIJFD[[ILjava/lang/String;[Ldemo/Greet$User;";
        let expected = [
            "Z",
            "B",
            "C",
            "S",
            "I",
            "J",
            "F",
            "D",
            "[[I",
            "Ljava/lang/String;",
            "[Ldemo/Greet$User;",
        ];
        assert_eq!(list(descriptor), expected);
        assert_eq!(count(descriptor), Ok(expected.len()));
        assert_eq!(count(""), Ok(0));
    }

    #[test]
    fn the_liberties_of_dubbo_go_are_understood() {
        let descriptor = "[Ljava/util/DateJV[Ljava/util/Date;Ljava/util/Date;";
        let expected = ["[Ljava/util/Date", "J", "V", "[Ljava/util/Date;", "Ljava/util/Date;"];
        assert_eq!(list(descriptor), expected);
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in ["L;", "Ljava/lang/String", "[", "Q", "I ", "Lé"] {
            assert_eq!(count(bad), Err(BadDescriptor), "{bad}");
        }
    }

    #[test]
    fn both_names_of_a_type() {
        for (descriptor, source, class) in [
            ("I", "int", "int"),
            ("Ljava/lang/String;", "java.lang.String", "java.lang.String"),
            ("[Ljava/lang/String;", "java.lang.String[]", "[Ljava.lang.String;"),
            ("[[J", "long[][]", "[[J"),
            ("La/B$C;", "a.B$C", "a.B$C"),
        ] {
            assert_eq!((&*source_name(descriptor), &*class_name(descriptor)), (source, class));
            assert_eq!((&*of_name(source), &*of_name(class)), (descriptor, descriptor));
        }
    }
}
