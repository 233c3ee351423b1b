//! Markdown as Javadoc.

/// The lines of a comment before a declaration, or nothing; `parts` are paragraphs and tags besides the text.
pub(super) fn comment(doc: Option<&str>, parts: &[String], indent: &str) -> String {
    let mut lines = doc.map(lines).unwrap_or_default();
    for part in parts {
        if !lines.is_empty() {
            lines.push(String::new());
        }
        lines.push(part.clone());
    }
    match lines.as_slice() {
        [] => String::new(),
        [line] if line.len() + indent.len() < 100 => format!("{indent}/** {line} */\n"),
        lines => {
            let mut text = format!("{indent}/**\n");
            for line in lines {
                let space = if line.is_empty() { "" } else { " " };
                text += &format!("{indent} *{space}{line}\n");
            }
            text + indent + " */\n"
        }
    }
}

/// The lines of the text in HTML.
fn lines(markdown: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut is_code, mut is_list, mut begins) = (false, false, false);
    for line in markdown.lines() {
        let trimmed = line.trim_start();
        if trimmed.starts_with("```") {
            out.push(if is_code { "</pre>" } else { "<pre>" }.to_owned());
            is_code = !is_code;
            begins = false;
            continue;
        }
        if is_code {
            out.push(escaped(line));
            continue;
        }
        if trimmed.is_empty() {
            if is_list {
                out.push("</ul>".to_owned());
            }
            is_list = false;
            begins = !out.is_empty();
            out.push(String::new());
            continue;
        }
        let item = trimmed.strip_prefix("- ").or_else(|| trimmed.strip_prefix("* "));
        if let Some(item) = item {
            if !is_list {
                out.push("<ul>".to_owned());
            }
            is_list = true;
            out.push(format!("<li>{}", inline(item)));
        } else {
            let heading = trimmed.trim_start_matches('#');
            let text = match heading.strip_prefix(' ') {
                Some(heading) if trimmed.starts_with('#') => format!("<b>{}</b>", inline(heading)),
                _ => inline(if is_list { trimmed } else { line }),
            };
            out.push(if begins { format!("<p>{text}") } else { text });
        }
        begins = false;
    }
    if is_list {
        out.push("</ul>".to_owned());
    }
    if is_code {
        out.push("</pre>".to_owned());
    }
    out
}

/// Text with code and links in it.
fn inline(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(['`', '[']) {
        let (before, found) = rest.split_at(at);
        out += &escaped(before);
        let (piece, length) = if found.starts_with('`') { code(found) } else { link(found) };
        out += &piece;
        rest = found.get(length..).unwrap_or_default();
    }
    out + &escaped(rest)
}

/// The code that begins with a backtick, and its length.
fn code(text: &str) -> (String, usize) {
    let inner = text.get(1..).unwrap_or_default();
    let Some(end) = inner.find('`').filter(|end| *end > 0) else {
        return ("`".to_owned(), 1);
    };
    let inner = inner.get(..end).unwrap_or_default();
    let said = if inner.contains(['\\', '{', '}', '@']) || inner.contains("*/") {
        format!("<code>{}</code>", escaped(inner))
    } else {
        format!("{{@code {inner}}}")
    };
    (said, end + 2)
}

/// The text that begins with a bracket, and its length: a link to a page, or to an item of Rust, whose text stays.
fn link(text: &str) -> (String, usize) {
    let bracket = || ("[".to_owned(), 1);
    let Some(end) = text.find(']') else { return bracket() };
    let label = text.get(1..end).unwrap_or_default();
    let behind = text.get(end + 1..).unwrap_or_default();
    if let Some(target) = behind.strip_prefix('(')
        && let Some(close) = target.find(')')
    {
        let target = target.get(..close).unwrap_or_default();
        let said = if target.contains("://") && !target.contains('"') {
            format!("<a href=\"{}\">{}</a>", escaped(target), inline(label))
        } else {
            inline(label)
        };
        return (said, end + 3 + close);
    }
    if label.starts_with('`') && label.len() > 1 { (inline(label), end + 1) } else { bracket() }
}

/// Text in which nothing is a tag, an end of the comment or a Unicode escape, which Java reads in comments too.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '\\' => out += "&#92;",
            '@' => out += "&#64;",
            '/' if before == '*' => out += "&#47;",
            c => out.push(c),
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::comment;

    #[test]
    fn markdown_becomes_html() {
        let doc = "One of [`User`] & `a < b`, see [the page](https://example.org/?a&b) [1].\n\n# Errors\n\n\
                   - first */ \\u0041 @see\n  goes on\n- `{` and `\\u`\n\n```\nlet a = &b;\n```\nend `";
        let expected = "    /**\n     * One of {@code User} &amp; {@code a < b}, see \
            <a href=\"https://example.org/?a&amp;b\">the page</a> [1].\n     *\n     * <p><b>Errors</b>\n     *\n     \
            * <ul>\n     * <li>first *&#47; &#92;u0041 &#64;see\n     * goes on\n     * <li><code>{</code> and \
            <code>&#92;u</code>\n     * </ul>\n     *\n     * <pre>\n     * let a = &amp;b;\n     * </pre>\n     \
            * end `\n     */\n";
        assert_eq!(comment(Some(doc), &[], "    "), expected);
        assert_eq!(comment(Some("Short."), &[], ""), "/** Short. */\n");
        assert_eq!(comment(None, &["@deprecated".to_owned()], ""), "/** @deprecated */\n");
        assert_eq!(comment(None, &[], ""), "");
    }
}
