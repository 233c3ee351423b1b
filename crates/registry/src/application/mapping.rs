//! The mapping of an interface to the applications that provide it: names separated by commas.

/// The applications of a mapping, as they stand.
pub(super) fn applications(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

/// Returns `true` if a mapping can have this application: it is read back as one, and the same.
pub(super) fn is_application(name: &str) -> bool {
    applications(name).eq([name])
}

/// The mapping with `application` in it; `None` if it is there.
pub(super) fn with(text: &str, application: &str) -> Option<String> {
    if applications(text).any(|name| name == application) {
        return None;
    }
    // What others wrote stays as it is, as in Java.
    let whole =
        if text.is_empty() { application.to_owned() } else { format!("{text},{application}") };
    Some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_application_is_added_once() {
        for (text, expected) in [
            ("", Some("shop")),
            ("stock", Some("stock,shop")),
            ("stock, shop", None),
            ("shop", None),
            ("shopping", Some("shopping,shop")),
        ] {
            assert_eq!(with(text, "shop").as_deref(), expected, "{text}");
        }
        let names: Vec<_> = applications(" a,,b ,").collect();
        assert_eq!(names, ["a", "b"]);
    }
}
