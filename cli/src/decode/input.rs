//! The source of the bytes.

use std::io::Read;
use std::path::Path;

use bytes::Bytes;

use crate::failure::Failure;

/// The bytes that the command line names: of stdin, of a file, or the hex digits themselves.
pub(super) fn read(words: &[String]) -> Result<Bytes, Failure> {
    let given = match words {
        [] => stdin()?,
        [dash] if dash == "-" => stdin()?,
        [path] if Path::new(path).is_file() => std::fs::read(path)
            .map_err(|error| Failure::Failed(format!("error: cannot read {path}: {error}")))?,
        words => {
            let text = words.concat();
            let bytes = from_hex(text.as_bytes()).ok_or_else(|| {
                Failure::Usage(format!(
                    "error: {:?} is neither a file nor hex digits in pairs",
                    shortened(&text)
                ))
            })?;
            return nonempty(bytes);
        }
    };
    // A file of hex digits alone is taken as text; a capture that begins so is no dubbo frame.
    nonempty(from_hex(&given).unwrap_or(given))
}

fn stdin() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn nonempty(bytes: Vec<u8>) -> Result<Bytes, Failure> {
    if bytes.is_empty() {
        return Err(Failure::Failed("error: the input is empty".into()));
    }
    Ok(bytes.into())
}

fn shortened(text: &str) -> &str {
    text.get(..text.floor_char_boundary(40)).unwrap_or_default()
}

/// The bytes of pairs of hex digits; white space and colons between digits mean nothing.
fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let meaningful = text.iter().filter(|b| !b.is_ascii_whitespace() && **b != b':');
    let digits: Option<Vec<u8>> = meaningful
        .map(|b| char::from(*b).to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits?;
    let (pairs, rest) = digits.as_chunks::<2>();
    rest.is_empty().then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_comes_in_many_forms() {
        assert_eq!(from_hex(b"dabb02 "), Some(vec![0xda, 0xbb, 2]));
        assert_eq!(from_hex(b"DA:bb\n02"), Some(vec![0xda, 0xbb, 2]));
        assert_eq!(from_hex(b"dab"), None);
        assert_eq!(from_hex(b"xy"), None);
    }

    #[test]
    fn what_is_neither_file_nor_hex_is_a_usage_error() {
        let words = ["no such file".to_owned()];
        assert!(matches!(read(&words), Err(Failure::Usage(text)) if text.contains("no such")));
        assert!(matches!(read(&[String::new()]), Err(Failure::Failed(_))));
    }

    #[test]
    fn hex_may_be_spread_over_arguments() {
        let words = ["c8".to_owned(), "30".to_owned()];
        assert_eq!(read(&words).unwrap(), vec![0xc8, 0x30]);
    }
}
