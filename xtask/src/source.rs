//! A view of Rust source that holds code alone.

/// `text` with comments, the insides of literals and test code replaced by
/// spaces. Every byte that is left stands where it stood, so lines and columns
/// agree with the file.
pub(crate) fn code(text: &str) -> String {
    let mut bytes = blank_literals(text.as_bytes());
    blank_tests(&mut bytes);
    // Only whole characters inside comments and literals were replaced.
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns true if a file holds tests alone.
pub(crate) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| matches!(part, "tests" | "benches" | "tests.rs" | "fuzz_targets"))
}

/// The 1-based line of a byte offset.
pub(crate) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|&byte| byte == b'\n').count() + 1
}

/// Returns true if `word` stands at `at` as a word of its own.
pub(crate) fn is_word_at(code: &str, at: usize, word: &str) -> bool {
    let part_of_word =
        |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = code.as_bytes();
    !part_of_word(at.checked_sub(1).and_then(|before| bytes.get(before)))
        && !part_of_word(bytes.get(at + word.len()))
}

/// Offsets where `word` stands as a word of its own.
pub(crate) fn word_offsets<'a>(code: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    code.match_indices(word).map(|(at, _)| at).filter(move |&at| is_word_at(code, at, word))
}

/// The identifier that `code` begins with; empty for anything else.
pub(crate) fn identifier(code: &str) -> &str {
    let end = code.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(code.len());
    code.get(..end).unwrap_or_default()
}

fn blank_literals(source: &[u8]) -> Vec<u8> {
    let mut out = source.to_vec();
    let mut at = 0;
    while at < source.len() {
        let rest = source.get(at..).unwrap_or_default();
        let (keep, len) = literal(rest, at.checked_sub(1).and_then(|before| source.get(before)));
        if len > 0 {
            let inside = out.get_mut(at + keep..at + len - keep.min(len)).unwrap_or_default();
            inside.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at += len.max(1);
    }
    out
}

/// The length in bytes of a comment or literal at the start of `rest` (0: none),
/// and how many to keep at either end. `before` is the byte in front of it.
fn literal(rest: &[u8], before: Option<&u8>) -> (usize, usize) {
    let in_word = before.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    match rest {
        [b'/', b'/', ..] => (0, rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len())),
        [b'/', b'*', ..] => (0, block_comment(rest)),
        [b'"', ..] => (1, string(rest)),
        [b'r', b'"' | b'#', ..] if !in_word => raw_string(rest, 1),
        [b'b' | b'c', b'r', b'"' | b'#', ..] if !in_word => raw_string(rest, 2),
        [b'\'', b'\\', ..] => (1, character(rest)),
        [b'\'', ..] => match rest.iter().skip(2).take(4).position(|&b| b == b'\'') {
            // `'a'` or one multi-byte character; everything else is a lifetime.
            Some(0) => (1, 3),
            Some(more) if rest.get(1).is_some_and(|b| !b.is_ascii()) => (1, more + 3),
            _ => (0, 0),
        },
        _ => (0, 0),
    }
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest.get(at..) {
            Some([b'/', b'*', ..]) => (depth, at) = (depth + 1, at + 2),
            Some([b'*', b'/', ..]) => (depth, at) = (depth.saturating_sub(1), at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length up to and with the first unescaped `end` after the first byte.
fn until(rest: &[u8], end: u8) -> usize {
    let mut escaped = false;
    for (at, &byte) in rest.iter().enumerate().skip(1) {
        if !escaped && byte == end {
            return at + 1;
        }
        escaped = !escaped && byte == b'\\';
    }
    rest.len()
}

fn string(rest: &[u8]) -> usize {
    until(rest, b'"')
}

fn character(rest: &[u8]) -> usize {
    until(rest, b'\'')
}

fn raw_string(rest: &[u8], prefix: usize) -> (usize, usize) {
    let hashes = rest.iter().skip(prefix).take_while(|&&b| b == b'#').count();
    let open = prefix + hashes + 1;
    if rest.get(open - 1) != Some(&b'"') {
        return (0, 0); // a raw identifier
    }
    let mut close = vec![b'"'];
    close.resize(hashes + 1, b'#');
    let body = rest.get(open..).unwrap_or_default();
    let len = body.windows(close.len()).position(|window| window == close);
    (0, len.map_or(rest.len(), |len| open + len + close.len()))
}

/// Replaces every item behind `#[cfg(test)]` or `#[test]` by spaces.
fn blank_tests(code: &mut [u8]) {
    const MARKS: [&[u8]; 3] = [b"#[cfg(test)]", b"#[cfg(all(test", b"#[test]"];
    let mut at = 0;
    while at < code.len() {
        let rest = code.get(at..).unwrap_or_default();
        if MARKS.iter().any(|mark| rest.starts_with(mark)) {
            let len = item(rest);
            let test = code.get_mut(at..at + len).unwrap_or_default();
            test.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            at += len;
        }
        at += 1;
    }
}

/// The length of an item with its attributes: to its `;` or its closing brace.
fn item(code: &[u8]) -> usize {
    let mut depth = 0_usize;
    for (at, &byte) in code.iter().enumerate() {
        match byte {
            b'{' | b'(' | b'[' => depth += 1,
            b')' | b']' => depth = depth.saturating_sub(1),
            b'}' if depth <= 1 => return at + 1,
            b'}' => depth -= 1,
            b';' if depth == 0 => return at + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::{code, is_test, line_of, word_offsets};

    #[test]
    fn comments_and_literals_disappear() {
        let source = "let a = \"x.unwrap()\\\"\"; // b.unwrap()\nlet c = r#\"\"d\"#; /* e /* f */ g */ h('\"', '\\'', 'é');\n";
        let view = code(source);
        for gone in ["unwrap", "b.", "d", "e", "f", "g", "é"] {
            assert!(!view.replace("let", "").contains(gone), "{gone} is left in {view}");
        }
        for left in ["let a = \"", "let c =", "h('"] {
            assert!(view.contains(left), "{left} is missing in {view}");
        }
        assert_eq!(line_of(&view, view.find("h(").unwrap()), 2);
    }

    #[test]
    fn lifetimes_and_raw_identifiers_are_code() {
        let source = "fn f<'a>(x: &'a str, r#type: u8) -> &'a str { x }";
        assert_eq!(code(source), source);
    }

    #[test]
    fn test_items_disappear_and_what_follows_stays() {
        let source = "fn a() {}\n#[cfg(test)]\n#[allow(dead_code)]\nmod tests { fn b() { c(\"}\"); } }\nfn d() {}\n#[cfg(test)]\nmod other;\nfn e() {}";
        let view = code(source);
        assert!(
            !view.contains("tests") && !view.contains("c(") && !view.contains("other"),
            "{view}"
        );
        assert_eq!(line_of(&view, view.find("fn d").unwrap()), 5);
        assert!(view.contains("fn e() {}"), "{view}");
    }

    #[test]
    fn words_are_whole() {
        assert_eq!(
            word_offsets("static_x static statics static", "static").collect::<Vec<_>>(),
            [9, 24]
        );
    }

    #[test]
    fn test_files_are_known_by_their_place() {
        assert!(is_test("crates/net/tests/pool.rs") && is_test("crates/net/src/pool/tests.rs"));
        assert!(!is_test("crates/net/src/pool.rs"));
    }
}
