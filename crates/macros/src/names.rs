//! Names: Rust's spelling to Java's, and the nearest known word to a misspelt one.

use syn::{Error, Ident};

/// `get_user` to `getUser`; a raw identifier loses its `r#`, a trailing underscore goes.
pub(crate) fn camel_case(rust: &str) -> String {
    let mut camel = String::with_capacity(rust.len());
    let mut upper = false;
    for c in rust.trim_start_matches("r#").chars() {
        match c {
            '_' => upper = !camel.is_empty(),
            c if upper => {
                camel.extend(c.to_uppercase());
                upper = false;
            }
            c => camel.push(c),
        }
    }
    camel
}

/// `DarkBlue` to `DARK_BLUE`.
pub(crate) fn screaming_snake_case(rust: &str) -> String {
    let mut out = String::with_capacity(rust.len() + 4);
    let mut after_lower = false;
    let mut chars = rust.trim_start_matches("r#").chars().peekable();
    while let Some(c) = chars.next() {
        // `HTTPServer` is HTTP_SERVER: a word also begins before the last capital of a run.
        let word_follows = chars.peek().is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_lower || word_follows && !out.is_empty()) {
            out.push('_');
        }
        after_lower = !c.is_uppercase() && c != '_';
        out.extend(c.to_uppercase());
    }
    out
}

/// The known word that is nearest to `word`, when it is near enough to have been meant.
fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = known.iter().map(|k| (distance(word, k), *k)).min()?;
    (distance <= word.len().max(best.len()) / 2).then_some(best)
}

/// The hint for somebody who wrote `word`, which is not known.
pub(crate) fn hint(word: &str, known: &[&str]) -> String {
    match nearest(word, known) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => format!("known: {}", known.join(", ")),
    }
}

/// The error of two things that have one name in Java.
pub(crate) fn clash(earlier: &Ident, later: &Ident, java: &str) -> Error {
    Error::new_spanned(
        later,
        format!(
            "`{earlier}` and `{later}` are both called \"{java}\" in Java; rename one: \
             #[java(name = \"...\")]"
        ),
    )
}

/// The number of letters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (y, above) in b.chars().zip(row.windows(2)) {
            if let [diagonal, above] = above {
                left = (diagonal + usize::from(x != y)).min(left + 1).min(above + 1);
                next.push(left);
            }
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_turn_into_javas_spelling() {
        assert_eq!(camel_case("get_user_by_id"), "getUserById");
        assert_eq!(camel_case("r#type"), "type");
        assert_eq!(camel_case("alreadyCamel"), "alreadyCamel");
        assert_eq!(camel_case("_hidden_"), "hidden");
        assert_eq!(screaming_snake_case("Red"), "RED");
        assert_eq!(screaming_snake_case("DarkBlue"), "DARK_BLUE");
        assert_eq!(screaming_snake_case("HTTPServer"), "HTTP_SERVER");
        assert_eq!(screaming_snake_case("V2Beta"), "V2_BETA");
        assert_eq!(screaming_snake_case("RED_HOT"), "RED_HOT");
    }

    #[test]
    fn a_slip_finds_its_word_and_nonsense_finds_none() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(nearest("clas", &["class", "name"]), Some("class"));
        assert_eq!(nearest("flaten", &["default", "flatten"]), Some("flatten"));
        assert_eq!(nearest("transparent", &["class", "name"]), None);
    }
}
