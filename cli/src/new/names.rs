//! The names of packages and interfaces.

use std::fmt;

/// The longest names for which the code that is written is laid out as rustfmt does.
const MAX_PACKAGE: usize = 50;
const MAX_SERVICE: usize = 50;

/// The keywords of Rust in all editions, also those that are reserved.
#[rustfmt::skip]
const KEYWORDS: &[&str] = &[
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static", "struct",
    "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while",
    "yield",
];

/// The crates that every program has.
const STANDARD: &[&str] = &["alloc", "core", "proc-macro", "proc_macro", "std", "test"];

/// The folders of cargo beside the programs that it builds.
const OF_CARGO: &[&str] = &["build", "deps", "examples", "incremental"];

/// The packages that the project uses.
#[rustfmt::skip]
const USED: &[&str] = &[
    "dubhe", "dubhe-build", "dubhe_build", "tokio", "tracing", "tracing-subscriber", "tracing_subscriber",
];

/// The names that Windows keeps for devices, beside `com1` to `lpt9`.
const DEVICES: &[&str] = &["aux", "con", "nul", "prn"];

/// The types and traits that every module of Rust has, and those that the code of a project names.
#[rustfmt::skip]
const TAKEN: &[&str] = &[
    "AsMut", "AsRef", "Box", "Clone", "Copy", "Debug", "Default", "DoubleEndedIterator", "Drop", "Eq", "Err",
    "ExactSizeIterator", "Extend", "Fn", "FnMut", "FnOnce", "From", "FromIterator", "Future", "Hash", "Into",
    "IntoFuture", "IntoIterator", "Iterator", "None", "Ok", "Option", "Ord", "PartialEq", "PartialOrd",
    "Result", "Self", "Send", "Sized", "Some", "String", "Sync", "ToOwned", "ToString", "TryFrom", "TryInto",
    "Unpin", "Vec",
    "GreetReply", "GreetRequest", "Polite", "Status",
];

/// Checks the name of a package as cargo does, whose further rules are warnings there.
///
/// # Errors
/// When it cannot be one; the text says why.
pub(super) fn check_package(name: &str) -> Result<(), String> {
    let wrong = |why: &str| Err(format!("{name:?} cannot be the name of a package: {why}"));
    let Some(first) = name.chars().next() else { return wrong("it is empty") };
    if name.contains(['/', '\\']) {
        return wrong("it is no path; the folder is made in the current one");
    }
    if first.is_ascii_digit() {
        return wrong("it begins with a digit");
    }
    let of_words = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !name.chars().all(|c| of_words(c) || matches!(c, '-' | '_')) {
        return wrong("it has lower-case letters from a to z, digits, - and _ alone");
    }
    if name.split(['-', '_']).any(str::is_empty) {
        return wrong("each - and _ stands between two words");
    }
    if name.len() > MAX_PACKAGE {
        return wrong(&format!("it is longer than {MAX_PACKAGE} letters"));
    }
    let device = ["com", "lpt"].iter().filter_map(|device| name.strip_prefix(device));
    if KEYWORDS.contains(&name) {
        wrong("it is a keyword of Rust")
    } else if STANDARD.contains(&name) {
        wrong("it is a crate of Rust itself")
    } else if OF_CARGO.contains(&name) {
        wrong("cargo keeps a folder of this name beside the program")
    } else if USED.contains(&name) {
        wrong("it is a package that the project uses")
    } else if DEVICES.contains(&name) || device.into_iter().any(is_digit) {
        wrong("Windows keeps it for a device")
    } else {
        Ok(())
    }
}

fn is_digit(text: &str) -> bool {
    text.len() == 1 && text.chars().all(|c| c.is_ascii_digit())
}

/// The name of an interface of Java, or of a service of protobuf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Interface {
    /// The package, such as `org.example`.
    pub(super) package: String,
    /// The name in the package, which is that of the trait.
    pub(super) service: String,
}

impl Interface {
    /// Reads a name such as `org.example.Greeter`.
    ///
    /// # Errors
    /// When it cannot be one; the text says why.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let wrong = |why: &str| Err(format!("{text:?} cannot be the name of an interface: {why}"));
        let Some((package, service)) = text.rsplit_once('.') else {
            return wrong("it has no package, such as org.example.Greeter");
        };
        if !package.split('.').all(is_word) {
            return wrong("a package has words of letters, digits and _ with dots between them");
        }
        let of_camel_case = service.starts_with(|first: char| first.is_ascii_uppercase())
            && service.chars().all(|c| c.is_ascii_alphanumeric());
        if !of_camel_case {
            return wrong(
                "behind the last dot it begins with a capital, and has letters and digits",
            );
        }
        if service.len() > MAX_SERVICE {
            return wrong(&format!("behind the last dot are more than {MAX_SERVICE} letters"));
        }
        if TAKEN.contains(&service) {
            return wrong("the code of the project has another use for that name");
        }
        Ok(Self { package: package.to_owned(), service: service.to_owned() })
    }
}

impl fmt::Display for Interface {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.package, self.service)
    }
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(|first: char| first.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_named_as_cargo_and_rustc_have_it() {
        for name in ["shop", "a", "my-shop_2", "r2d2", "com10", "tester"] {
            assert_eq!(check_package(name), Ok(()), "{name}");
        }
        for (name, why) in [
            ("", "is empty"),
            ("2shop", "a digit"),
            ("Shop", "lower-case"),
            ("sh op", "lower-case"),
            ("schöp", "lower-case"),
            ("../shop", "path"),
            ("-shop", "between"),
            ("shop--a", "between"),
            ("match", "keyword"),
            ("gen", "keyword"),
            ("std", "Rust itself"),
            ("test", "Rust itself"),
            ("deps", "cargo"),
            ("tokio", "uses"),
            ("nul", "Windows"),
            ("com1", "Windows"),
        ] {
            let error = check_package(name).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
        assert!(check_package(&"a".repeat(MAX_PACKAGE)).is_ok());
        assert!(check_package(&"a".repeat(MAX_PACKAGE + 1)).is_err());
    }

    #[test]
    fn interfaces_have_a_package_and_a_name() {
        let read = Interface::read("org.example_2.GreeterV2").unwrap();
        assert_eq!((&*read.package, &*read.service), ("org.example_2", "GreeterV2"));
        assert_eq!(read.to_string(), "org.example_2.GreeterV2");
        for (name, why) in [
            ("Greeter", "no package"),
            (".Greeter", "package has words"),
            ("org..Greeter", "package has words"),
            ("org.2.Greeter", "package has words"),
            ("org.ex\"ample.Greeter", "package has words"),
            ("org.example.greeter", "capital"),
            ("org.example.Outer$Inner", "capital"),
            ("org.example.", "capital"),
            ("org.example.Self", "another use"),
            ("org.example.Polite", "another use"),
        ] {
            let error = Interface::read(name).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
