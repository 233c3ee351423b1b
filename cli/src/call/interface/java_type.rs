//! The names of Java types on the command line.

/// Short names and what they stand for; primitive types are their own.
const SHORT: [(&str, &str); 35] = [
    ("String", "java.lang.String"),
    ("Boolean", "java.lang.Boolean"),
    ("Byte", "java.lang.Byte"),
    ("Short", "java.lang.Short"),
    ("Integer", "java.lang.Integer"),
    ("Long", "java.lang.Long"),
    ("Float", "java.lang.Float"),
    ("Double", "java.lang.Double"),
    ("Character", "java.lang.Character"),
    ("Object", "java.lang.Object"),
    ("BigDecimal", "java.math.BigDecimal"),
    ("BigInteger", "java.math.BigInteger"),
    ("Date", "java.util.Date"),
    ("Calendar", "java.util.Calendar"),
    ("List", "java.util.List"),
    ("Set", "java.util.Set"),
    ("Collection", "java.util.Collection"),
    ("Map", "java.util.Map"),
    ("UUID", "java.util.UUID"),
    ("Currency", "java.util.Currency"),
    ("Locale", "java.util.Locale"),
    ("Instant", "java.time.Instant"),
    ("LocalDate", "java.time.LocalDate"),
    ("LocalTime", "java.time.LocalTime"),
    ("LocalDateTime", "java.time.LocalDateTime"),
    ("OffsetDateTime", "java.time.OffsetDateTime"),
    ("OffsetTime", "java.time.OffsetTime"),
    ("ZonedDateTime", "java.time.ZonedDateTime"),
    ("ZoneId", "java.time.ZoneId"),
    ("ZoneOffset", "java.time.ZoneOffset"),
    ("Duration", "java.time.Duration"),
    ("Period", "java.time.Period"),
    ("Year", "java.time.Year"),
    ("YearMonth", "java.time.YearMonth"),
    ("MonthDay", "java.time.MonthDay"),
];

const PRIMITIVE: [&str; 8] = ["boolean", "byte", "short", "int", "long", "float", "double", "char"];

/// The full name of the type that `text` names, if it names one: a primitive, a short name, or a
/// class in a package, with `[]` for each dimension of an array.
///
/// A class is known by a dot before a last part that begins in upper case, so that `host:80` and
/// `example.com:80` stay texts.
pub(super) fn resolve(text: &str) -> Option<String> {
    let element = text.trim_end_matches("[]");
    let dimensions = text.get(element.len()..).unwrap_or_default();
    let full = match SHORT.iter().find(|(short, _)| *short == element) {
        Some((_, full)) => full,
        None if PRIMITIVE.contains(&element) || is_class(element) => element,
        None => return None,
    };
    Some(format!("{full}{dimensions}"))
}

/// The full name of the type that an option names.
pub(super) fn named(text: &str) -> Result<String, String> {
    resolve(text).ok_or_else(|| {
        format!("--types: {text:?} is not a Java type; write long or org.example.User")
    })
}

fn is_class(name: &str) -> bool {
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && part.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '$')
    };
    name.rsplit_once('.').is_some_and(|(_, last)| last.starts_with(char::is_uppercase))
        && name.split('.').all(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_from_texts() {
        for (text, full) in [
            ("long", Some("long")),
            ("String[]", Some("java.lang.String[]")),
            ("org.example.User$Role", Some("org.example.User$Role")),
            ("org.example.User[][]", Some("org.example.User[][]")),
            ("localhost", None),
            ("example.com", None),
            ("http", None),
            ("{\"a.B", None),
            ("a..B", None),
            ("", None),
        ] {
            assert_eq!(resolve(text).as_deref(), full, "{text}");
        }
    }
}
