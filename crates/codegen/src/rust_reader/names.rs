//! Names in Java of what has none of its own, as the macros of `dubhe` make them.

/// The field, parameter or method: `get_user` is `getUser`.
pub(super) fn camel_case(rust: &str) -> String {
    let mut camel = String::with_capacity(rust.len());
    let mut is_upper = false;
    for c in rust.trim_start_matches("r#").chars() {
        match c {
            '_' => is_upper = !camel.is_empty(),
            c if is_upper => {
                camel.extend(c.to_uppercase());
                is_upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// The constant: `DarkBlue` is `DARK_BLUE`.
pub(super) fn screaming_snake_case(rust: &str) -> String {
    let mut name = String::with_capacity(rust.len() + 4);
    let mut is_after_lower = false;
    let mut chars = rust.trim_start_matches("r#").chars().peekable();
    while let Some(c) = chars.next() {
        let begins_word = chars.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (is_after_lower || begins_word && !name.is_empty()) {
            name.push('_');
        }
        is_after_lower = !c.is_uppercase() && c != '_';
        name.extend(c.to_uppercase());
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{camel_case, screaming_snake_case};

    #[test]
    fn names_are_those_of_the_macros() {
        for (rust, java) in [("get_user_by_id", "getUserById"), ("r#type", "type"), ("_a_", "a")] {
            assert_eq!(camel_case(rust), java);
        }
        for (rust, java) in
            [("DarkBlue", "DARK_BLUE"), ("HTTPServer", "HTTP_SERVER"), ("V2Beta", "V2_BETA")]
        {
            assert_eq!(screaming_snake_case(rust), java);
        }
    }
}
