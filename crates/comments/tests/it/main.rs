//! Documentation, read as rustdoc reads it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    missing_docs,
    reason = "a test stops at the first surprise"
)]

use dubhe_comments::{lines, plain_lines};
use proptest::prelude::*;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag};

/// The blocks of code that rustdoc would run: of another language than `text`, or of none.
fn run(markdown: &str) -> Vec<String> {
    // The options of rustdoc.
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_SMART_PUNCTUATION;
    Parser::new_ext(markdown, options)
        .filter_map(|event| match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Indented)) => Some("indented".to_owned()),
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info))) if &*info != "text" => {
                Some(info.to_string())
            }
            _ => None,
        })
        .collect()
}

/// The text of all blocks of code.
fn shown(markdown: &str) -> String {
    let (mut text, mut is_code) = (String::new(), false);
    for event in Parser::new(markdown) {
        match event {
            Event::Start(Tag::CodeBlock(_)) => is_code = true,
            Event::End(pulldown_cmark::TagEnd::CodeBlock) => is_code = false,
            Event::Text(part) if is_code => text.push_str(&part),
            _ => {}
        }
    }
    text
}

#[test]
fn no_block_of_code_is_run() {
    for text in [
        "    code",
        "\tcode",
        "```\ncode\n```",
        "~~~\ncode",
        "```rust\ncode",
        "```~ rust\ncode\n```",
        "- ```\n  code\n  ```",
        "-     code",
        "1. ```\n   code\n   ```",
        "text\n2. ```\n   code\n   ```",
        "> ```\n> code\n> ```",
        "> ```\n> code\n\n    code",
        "> > - ```\n> >   code",
        "- > ```\n  > code\n  > ```",
        "- [ ] ```\n      code",
        "- a\n\n      code",
        "<!--\n```\n-->\n    code\n```\ncode",
        "<pre>\n\n    code\n```",
        "[a]: b '\n```\n'\n    code\n```\ncode",
        "[^a]: b\n\n        code\n\n    ```\n    code",
        "[a\nb]: c \"\n```\nd\"\n```\ncode",
        "a | b\n- | -\n```\ncode\n```\ncode",
        "````\n```\n````\n```\ncode",
    ] {
        let markdown = lines(text).join("\n");
        assert_eq!(run(&markdown), Vec::<String>::new(), "{text:?}: {markdown}");
    }
    // The check finds what it is for.
    assert_eq!(run("    code\n\n- ```rust\n  code"), ["indented", "rust"]);
}

#[test]
fn blocks_are_shown_as_they_were() {
    for text in [
        "```java\nif (a) {\n    b();\n}\n```",
        "> ```\n> if (a) {\n>     b();\n> }\n> ```",
        "- a\n  ```\n  if (a) {\n      b();\n  }\n  ```\n- b",
        "1. ```\n   if (a) {\n       b();\n   }\n   ```",
    ] {
        let markdown = lines(text).join("\n");
        assert_eq!(shown(&markdown), "if (a) {\n    b();\n}\n", "{markdown}");
    }
    // That of a list may have lost its indent.
    let lost = lines("- ```\nif (a) {\nb();\n}\n```\n- text").join("\n");
    assert_eq!(shown(&lost), "if (a) {\nb();\n}\n", "{lost}");
}

#[test]
fn the_rest_stays_as_it_is() {
    for text in [
        "A text.\n\n- a\n  - b\n\n1. c\n> d",
        "<https://example.org> and [a](https://example.org)\n[`a`] and `b[0]: c`",
        "# Title\n\n| a | b |\n| - | - |\n| 1 | 2 |",
        "```` a ` b ````",
        "2024 a",
        "",
    ] {
        assert_eq!(lines(text).join("\n"), text);
    }
    assert_eq!(lines("a\u{202e}b\rc\n\n \n"), ["a b c"]);
    assert_eq!(lines("<b>a</b>\n<!-- b -->\n[c]: d"), ["\\<b>a</b>", "\\<!-- b -->", "\\[c]: d"]);
}

/// Pieces of which the blocks of Markdown are made.
fn piece() -> impl Strategy<Value = &'static str> {
    const PIECES: &[&str] = &[
        " ", " ", "  ", "    ", "\t", ">", "> ", "- ", "-", "* ", "+ ", "1. ", "2. ", "10) ",
        "[ ] ", "```", "```", "````", "~~~", "~~~~", "rust", "`", "a", "b\\", "<!--", "-->",
        "<pre>", "</pre>", "<div>", "<?", "[a]:", "[^a]: ", "[", "]", "]:", "\"", "'", "(", ")",
        "|", "- | -", "---", "===", "# ", "\\", "<a", "&#96;", "\u{a0}", "\u{2003}", "\u{c}", "\r",
    ];
    prop::sample::select(PIECES)
}

fn texts() -> impl Strategy<Value = String> {
    let line = prop::collection::vec(piece(), 0..7).prop_map(|pieces| pieces.concat());
    prop::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_of_any_text_is_run(first in texts(), second in texts()) {
        let (first, second) = (lines(&first), plain_lines(&second));
        let one = second.join("\n");
        prop_assert_eq!(run(&one), Vec::<String>::new(), "{}", one);
        let one = first.join("\n");
        prop_assert_eq!(run(&one), Vec::<String>::new(), "{}", one);
        // As two comments of one item have it. Of the lines rustdoc takes the indent that all have.
        let both = [&first[..], &[String::new()], &second].concat();
        let indent = |line: &String| line.len() - line.trim_start_matches(' ').len();
        let all = both.iter().filter(|line| !line.is_empty()).map(indent).min().unwrap_or(0);
        let both: Vec<&str> = both.iter().map(|line| line.get(all..).unwrap_or_default()).collect();
        let both = both.join("\n");
        prop_assert_eq!(run(&both), Vec::<String>::new(), "{}", both);
    }
}
