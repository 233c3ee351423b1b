//! The order in which rustfmt puts imports: each style edition has its own.
//!
//! A package is laid out in the style of its edition. Imports lie in the order of edition 2024, with an empty line, over which
//! neither moves anything, wherever the editions before have another order.

use std::cmp::Ordering;

/// A part of a name: digits are compared as a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Piece {
    Number(usize, String),
    Text(String),
}

/// The parts of a name, for comparison.
fn pieces(name: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut rest = name;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (piece, more) = rest.split_at(end);
        pieces.push(if digits {
            let number = piece.trim_start_matches('0');
            Piece::Number(number.len(), number.to_owned())
        } else {
            Piece::Text(piece.to_owned())
        });
        rest = more;
    }
    pieces
}

/// The order of paths in the style of edition 2024: `super` first, then types, then modules.
pub(super) fn by_edition_2024(a: &str, b: &str) -> Ordering {
    let key = |path: &str| -> Vec<(u8, Vec<Piece>)> {
        path.split("::")
            .map(|part| {
                let kind = match part {
                    "super" => 0,
                    part if part.starts_with(char::is_uppercase) => 1,
                    _ => 2,
                };
                (kind, pieces(part.trim_start_matches("r#")))
            })
            .collect()
    };
    key(a).cmp(&key(b))
}

/// The order of paths in the style of the editions before: `super` first, then modules, types, and names in capitals.
fn by_edition_2021(a: &str, b: &str) -> Ordering {
    let key = |path: &str| -> Vec<(u8, String)> {
        path.split("::")
            .map(|part| {
                let is_constant = |c: char| c.is_uppercase() || c == '_' || c.is_numeric();
                let kind = match part {
                    "super" => 0,
                    part if part.chars().all(is_constant) => 3,
                    part if part.starts_with(char::is_uppercase) => 2,
                    _ => 1,
                };
                (kind, part.to_owned())
            })
            .collect()
    };
    key(a).cmp(&key(b))
}

/// Cuts paths in the order of edition 2024 into runs that are in that of 2021 too.
pub(super) fn agreed<'p, 'a>(paths: &'p [&'a str]) -> Vec<&'p [&'a str]> {
    paths.chunk_by(|a, b| by_edition_2021(a, b) != Ordering::Greater).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_cut_where_the_editions_differ() {
        let mut paths = vec![
            "dubhe::java::Array",
            "dubhe::Value",
            "dubhe::Of10",
            "dubhe::Of2",
            "dubhe::Id",
            "dubhe::ID",
            "super::model::Order",
            "super::super::api::Orders",
            "super::Own",
        ];
        paths.sort_by(|a, b| by_edition_2024(a, b));
        let runs: Vec<String> = agreed(&paths).into_iter().map(|run| run.join(" ")).collect();
        assert_eq!(
            runs,
            [
                "super::super::api::Orders super::Own",
                "super::model::Order dubhe::ID",
                "dubhe::Id dubhe::Of2",
                "dubhe::Of10 dubhe::Value",
                "dubhe::java::Array"
            ]
        );
    }
}
