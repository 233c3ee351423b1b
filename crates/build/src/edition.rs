//! Files in an edition, in place of `syntax`.

use std::path::Path;

use crate::error::Error;

/// An error of reading files; of one in an edition it says so.
pub(crate) fn explain(error: protox::Error, includes: &[impl AsRef<Path>]) -> Error {
    let named = error.file().and_then(|file| {
        let paths = includes.iter().map(|include| include.as_ref().join(file));
        let mut paths = paths.filter(|path| path.is_file());
        let text = paths.find_map(|path| std::fs::read_to_string(path).ok())?;
        Some((file.to_owned(), edition(&text)?))
    });
    match named {
        Some((file, edition)) => Error::Edition { file, edition },
        None => error.into(),
    }
}

/// The edition that a text names in its first statement: `edition = "2023";`.
fn edition(text: &str) -> Option<String> {
    let mut rest = text.trim_start_matches('\u{feff}');
    loop {
        rest = rest.trim_start();
        rest = if let Some(comment) = rest.strip_prefix("//") {
            comment.split_once('\n')?.1
        } else if let Some(comment) = rest.strip_prefix("/*") {
            comment.split_once("*/")?.1
        } else {
            break;
        };
    }
    let rest = rest.strip_prefix("edition")?.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|first| matches!(first, '"' | '\''))?;
    let (name, _) = rest[1..].split_once(quote)?;
    Some(name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::edition;

    #[test]
    fn the_first_statement_names_it() {
        let text = "/* edition = \"1\"; */ // of\nedition = '2023'; package a;";
        assert_eq!(edition(text).as_deref(), Some("2023"));
        for none in ["", "//", "syntax = \"proto3\";", "message edition {}", "edition = 2023;"] {
            assert_eq!(edition(none), None, "{none}");
        }
    }
}
