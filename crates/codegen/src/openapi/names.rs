//! Names in Rust.

use std::collections::BTreeMap;

use heck::{ToSnakeCase as _, ToUpperCamelCase as _};

use crate::names::{is_in_prelude, prelude};

/// Names that the file and its derives use beside the prelude of Rust.
const TAKEN: [&str; 7] = ["BTreeMap", "Call", "Debug", "Deserialize", "Hash", "Serialize", "Value"];

/// The longest name that is made.
const MAX_NAME: usize = 120;

/// Names that are used in one place, with the number that is tried next for others of the name.
#[derive(Debug, Default)]
pub(super) struct Names(BTreeMap<String, u64>);

impl Names {
    /// Returns `true` for a name that is Rust's.
    pub(super) fn is_of_rust(name: &str) -> bool {
        TAKEN.contains(&name) || is_in_prelude(name)
    }

    /// Names of types.
    pub(super) fn of_types() -> Self {
        Self(TAKEN.into_iter().chain(prelude()).map(|name| (name.to_owned(), 2)).collect())
    }

    /// Takes a name, with a number behind it where it is taken. Returns the name, and `true` if it was taken.
    pub(super) fn take(&mut self, name: &str) -> (String, bool) {
        let Some(mut number) = self.0.get(name).copied() else {
            self.0.insert(name.to_owned(), 2);
            return (name.to_owned(), false);
        };
        let plain = name.strip_prefix("r#").unwrap_or(name);
        let free = loop {
            let numbered = format!("{plain}{number}");
            number += 1;
            if !self.0.contains_key(&numbered) {
                break numbered;
            }
        };
        self.0.insert(name.to_owned(), number);
        self.0.insert(free.clone(), 2);
        (free, true)
    }
}

fn ascii(name: &str) -> String {
    let plain = |letter: char| if letter.is_ascii_alphanumeric() { letter } else { ' ' };
    name.chars().take(MAX_NAME).map(plain).collect()
}

/// A type or variant. What has no letter of ASCII is called after `otherwise`.
pub(super) fn type_name(name: &str, otherwise: &str) -> String {
    let camel = ascii(name).to_upper_camel_case();
    if camel.is_empty() {
        otherwise.to_owned()
    } else if camel.starts_with(|letter: char| letter.is_ascii_digit()) {
        format!("{otherwise}{camel}")
    } else if camel == "Self" {
        format!("{camel}{otherwise}")
    } else {
        camel
    }
}

/// A field, parameter or method.
pub(super) fn value_name(name: &str, otherwise: &str) -> String {
    let snake = ascii(name).to_snake_case();
    if snake.is_empty() {
        otherwise.to_owned()
    } else if snake.starts_with(|letter: char| letter.is_ascii_digit()) {
        format!("{otherwise}_{snake}")
    } else if ["self", "super", "crate"].contains(&&*snake) {
        snake + "_"
    } else if syn::parse_str::<syn::Ident>(&snake).is_err() {
        format!("r#{snake}")
    } else {
        snake
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_rust() {
        assert_eq!(type_name("user-controller", "Type"), "UserController");
        assert_eq!(type_name("Result«User»", "Type"), "ResultUser");
        assert_eq!(type_name("org.example.User", "Type"), "OrgExampleUser");
        assert_eq!(type_name("用户", "Type"), "Type");
        assert_eq!(type_name("2nd", "Type"), "Type2nd");
        assert_eq!(type_name("self", "Type"), "SelfType");
        assert_eq!(value_name("firstName", "field"), "first_name");
        assert_eq!(value_name("type", "field"), "r#type");
        assert_eq!(value_name("self", "field"), "self_");
        assert_eq!(value_name("@id", "field"), "id");
        assert_eq!(value_name("1st", "field"), "field_1st");
        assert_eq!(value_name("$", "field"), "field");
        assert!(value_name(&"a".repeat(5000), "field").len() <= MAX_NAME);
    }

    #[test]
    fn names_that_are_taken_have_a_number() {
        let mut names = Names::of_types();
        assert_eq!(names.take("User"), ("User".into(), false));
        assert_eq!(names.take("User"), ("User2".into(), true));
        assert_eq!(names.take("Result"), ("Result2".into(), true));
        assert_eq!(names.take("r#type"), ("r#type".into(), false));
        assert_eq!(names.take("r#type"), ("type2".into(), true));
    }
}
