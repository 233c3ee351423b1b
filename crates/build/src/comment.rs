//! Comments of `.proto` files as documentation.

use prost_types::FileDescriptorProto;

/// Makes comments documentation of which rustdoc runs no part, and which the compiler takes.
pub(crate) fn make_inert(files: &mut [FileDescriptorProto]) {
    let infos = files.iter_mut().filter_map(|file| file.source_code_info.as_mut());
    for location in infos.flat_map(|info| &mut info.location) {
        let detached = location.leading_detached_comments.iter_mut();
        for comment in
            detached.chain(&mut location.leading_comments).chain(&mut location.trailing_comments)
        {
            *comment = inert(comment);
        }
    }
}

/// The comment without the space at the beginning of each line, which whoever writes it adds.
fn inert(comment: &str) -> String {
    let lines: Vec<&str> =
        comment.lines().map(|line| line.strip_prefix(' ').unwrap_or(line)).collect();
    dubhe_comments::plain_lines(&lines.join("\n")).join("\n")
}

#[cfg(test)]
mod tests {
    use super::inert;

    #[test]
    fn no_comment_is_run() {
        let comment = " A text, [a] > b.\n\n     code();\n ```\n   code();\n ```\n   - a\r\n\n";
        assert_eq!(
            inert(comment),
            "A text, \\[a\\] > b.\n\n   code();\n```text\n  code();\n```\n  - a"
        );
    }
}
