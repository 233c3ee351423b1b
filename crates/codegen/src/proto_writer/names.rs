//! Names in `.proto` files.

/// The remedy for a name.
pub(super) const RENAME: &str = "; give it another name, such as with #[java(name = \"..\")]";

/// The constant that each enum begins with.
pub(super) const UNSPECIFIED: &str = "UNSPECIFIED";

/// `ORDER_STATE_SENT` of the constant `SENT` of the enum `OrderState`.
pub(super) fn constant(of: &str, name: &str) -> String {
    format!("{}_{name}", snake(of).to_uppercase())
}

/// The path of the file of a package.
pub(super) fn file(package: &str) -> String {
    if package.is_empty() {
        "default.proto".to_owned()
    } else {
        format!("{}.proto", package.replace('.', "/"))
    }
}

/// `org.example` of `org.example.Order$Line`.
pub(super) fn package(class: &str) -> &str {
    let top = class.split('$').next().unwrap_or(class);
    top.rsplit_once('.').map_or("", |(package, _)| package)
}

/// `OrderLine` of `org.example.Order$Line`.
pub(super) fn message(class: &str) -> String {
    let package = package(class);
    let inside = class.strip_prefix(package).unwrap_or(class).trim_start_matches('.');
    inside.split('$').map(upper).collect()
}

/// `GetUser` of `getUser`.
pub(super) fn upper(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// `petDog` of `PetDog`.
pub(super) fn lower(name: &str) -> String {
    let mut chars = name.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// `first_name` of `firstName`, and `url` of `URL`.
pub(super) fn snake(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    let mut is_after_lower = false;
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let begins = c.is_uppercase()
            && (is_after_lower || chars.peek().is_some_and(|next| next.is_lowercase()));
        if begins && !snake.is_empty() && !snake.ends_with('_') {
            snake.push('_');
        }
        is_after_lower = c.is_lowercase() || c.is_ascii_digit();
        snake.extend(c.to_lowercase());
    }
    snake
}

/// The name in JSON that protocol buffers make of a field.
pub(super) fn json(field: &str) -> String {
    let mut json = String::with_capacity(field.len());
    let mut is_upper = false;
    for c in field.chars() {
        match c {
            '_' => is_upper = true,
            c if is_upper => {
                json.push(c.to_ascii_uppercase());
                is_upper = false;
            }
            c => json.push(c),
        }
    }
    json
}

/// Returns true for a name that a `.proto` file can have.
pub(super) fn is_valid(name: &str) -> bool {
    name.chars().next().is_some_and(|first| first.is_ascii_alphabetic())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
