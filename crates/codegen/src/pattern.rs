//! Patterns of names.

/// Returns `true` if a name matches a pattern, in which `*` stands for any characters.
///
/// ```
/// use dubhe_codegen::pattern::matches;
///
/// assert!(matches("org.example.*Service", "org.example.orders.OrderService"));
/// assert!(!matches("org.example.Orders", "org.example.Orders2"));
/// ```
pub fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = name.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let Some(mut part) = parts.next() else { return rest.is_empty() };
    // Each part but the last one is where it first occurs.
    for next in parts {
        match rest.find(part) {
            Some(at) => rest = rest.get(at + part.len()..).unwrap_or_default(),
            None => return false,
        }
        part = next;
    }
    rest.ends_with(part)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_have_stars() {
        for (pattern, name) in [
            ("a.B", "a.B"),
            ("*", "a.B"),
            ("a.*", "a.b.C"),
            ("*.Or*s", "a.Orders"),
            ("a*b*c", "aXbbYc"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in
            [("a.B", "a.BC"), ("a.*", "b.C"), ("*.B", "B"), ("ab*ba", "aba"), ("", "a")]
        {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("*", ""), ("*.B*", "a.Bc"), ("a*a", "aa"), ("a.*", "a.B")] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [("a.B", "a.Bc"), ("a.*", "b.B"), ("a*a", "a"), ("*x*", "abc")] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
