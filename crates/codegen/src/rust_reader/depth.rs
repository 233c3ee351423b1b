//! Sources that are nested so deeply that to read them would take too much of the stack.

use std::iter::Peekable;
use std::thread;

use proc_macro2::token_stream::IntoIter;
use proc_macro2::{Delimiter, TokenStream, TokenTree};

/// The most pieces of source one within the other, or one behind the other without a `,`, `;` or block between, which
/// is how expressions and types are nested without brackets.
const MAX_DEPTH: usize = 4_000;

/// The stack of a reader, of which each piece takes less than 60 KiB.
const STACK: usize = 256 << 20;

/// A bracket that is open.
struct Open {
    rest: Peekable<IntoIter>,
    /// The pieces around.
    around: usize,
    /// The pieces since the last end.
    pieces: usize,
    /// The pieces before each `<` that is open.
    angles: Vec<usize>,
    /// The mark before, with which a `>` is an arrow.
    mark: Option<char>,
    /// `true` behind the `!` of a macro, whose content nobody parses.
    is_macro: bool,
}

impl Open {
    fn new(tokens: TokenStream, around: usize) -> Self {
        let rest = tokens.into_iter().peekable();
        Self { rest, around, pieces: 0, angles: Vec::new(), mark: None, is_macro: false }
    }

    fn end(&mut self) {
        self.pieces = 0;
        self.angles.clear();
    }
}

/// The line where a source is nested too deeply, if it is. What is no Rust is found by who parses it.
pub(super) fn too_deep(source: &str) -> Option<usize> {
    // As `syn` does, which takes this for a line and not for an attribute.
    let code = match source.strip_prefix("#!") {
        Some(_) if !source.starts_with("#![") => source.get(source.find('\n')?..)?,
        _ => source,
    };
    let mut open = vec![Open::new(code.parse().ok()?, 0)];
    while let Some(last) = open.last_mut() {
        let Some(token) = last.rest.next() else {
            open.pop();
            continue;
        };
        let line = token.span().start().line;
        let mut inner = None;
        let is_macro = std::mem::take(&mut last.is_macro);
        let is_arrow = matches!(last.mark.take(), Some('-' | '='));
        last.pieces += 1;
        match token {
            TokenTree::Group(group) => {
                if !is_macro {
                    inner = Some(Open::new(group.stream(), last.around + last.pieces));
                }
                let goes_on =
                    |next: &TokenTree| matches!(next, TokenTree::Ident(word) if word == "else");
                if group.delimiter() == Delimiter::Brace && !last.rest.peek().is_some_and(goes_on) {
                    last.end();
                }
            }
            TokenTree::Punct(mark) => {
                last.mark = Some(mark.as_char());
                match mark.as_char() {
                    ';' => last.end(),
                    ',' => last.pieces = last.angles.last().copied().unwrap_or(0),
                    '<' => last.angles.push(last.pieces),
                    '>' if !is_arrow => {
                        last.pieces = last.angles.pop().unwrap_or(last.pieces);
                    }
                    '!' => last.is_macro = true,
                    _ => {}
                }
            }
            // `macro_rules! name`
            TokenTree::Ident(_) => last.is_macro = is_macro,
            TokenTree::Literal(_) => {}
        }
        if last.around + last.pieces > MAX_DEPTH {
            return Some(line);
        }
        open.extend(inner);
    }
    None
}

/// Runs what reads sources where it has room; where there is no such thread, it runs here.
pub(super) fn with_room<T: Send>(run: impl Fn() -> T + Sync) -> T {
    let in_thread = thread::scope(|scope| {
        let thread = thread::Builder::new().stack_size(STACK).spawn_scoped(scope, &run).ok()?;
        Some(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    in_thread.unwrap_or_else(run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_is_counted_however_it_is_written() {
        let deep = |open: &str, inner: &str, close: &str| {
            let count = MAX_DEPTH + 10;
            too_deep(&format!("fn f() {{\n{}{inner}{}}}", open.repeat(count), close.repeat(count)))
        };
        for (open, inner, close) in [
            ("(", "1", ")"),
            ("[", "1", "]"),
            ("{", "1", "}"),
            ("&", "1", ""),
            ("let x: Vec<", "u8", ">"),
            ("HashMap<u8, ", "u8", ">"),
            ("A<u8, fn() -> ", "u8", ">"),
            ("if a {} else ", "{}", ""),
            ("a = ", "b", ""),
            ("|| ", "1", ""),
            ("return ", "1", ""),
            ("a.b().", "c", ""),
        ] {
            assert_eq!(deep(open, inner, close), Some(2), "{open}");
        }
        for (open, inner, close) in [
            ("f();", "", ""),
            ("f(a, b);", "", ""),
            ("if a < b { c() }", "", ""),
            ("struct A { b: Vec<u8>, c: u8 }", "", ""),
            ("a < b;", "", ""),
        ] {
            assert_eq!(deep(open, inner, close), None, "{open}");
        }
        assert_eq!(too_deep(&format!("m! {{ {} }}", "(".repeat(5000) + &")".repeat(5000))), None);
        assert_eq!(too_deep("#!/bin/x\nfn f() {}"), None);
        assert_eq!(too_deep("fn f( {"), None, "no Rust, which another says");
    }

    #[test]
    fn what_is_as_deep_as_can_be_is_read() {
        let count = MAX_DEPTH / 2 - 100;
        for (open, close) in [("(", ")"), ("&", ""), ("Vec<", ">")] {
            let text = format!("type A = {}u8{};", open.repeat(count), close.repeat(count));
            assert_eq!(too_deep(&text), None, "{open}");
            assert!(with_room(|| syn::parse_file(&text).is_ok()), "{open}");
        }
        let text = format!("const A: u8 = {}1{};", "(".repeat(count), ")".repeat(count));
        assert!(with_room(|| syn::parse_file(&text).is_ok()));
    }
}
