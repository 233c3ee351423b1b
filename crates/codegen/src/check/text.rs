//! Generated text that no rule reads.

use super::effect::{Effect, Sides};
use super::{Change, What};

/// The line of the head that names the document, which may have another name.
const SOURCE: &str = "//! Made from ";

/// The first difference of two texts as a change of the file `at`: of an OpenAPI document, whose types no rule knows.
/// It is in the line of `new`, and says nothing of compatibility but that somebody must read it.
///
/// ```
/// use dubhe_codegen::check;
///
/// let change = check::text_difference("src/orders/mod.rs", "pub id: i32,\n", "pub id: i64,\n").unwrap();
/// assert!(change.to_string().starts_with(
///     "src/orders/mod.rs:1: the text is `pub id: i64,` and no longer `pub id: i32,`: conditional: "
/// ));
/// assert_eq!(check::text_difference("mod.rs", "same", "same"), None);
/// ```
pub fn text_difference(at: &str, old: &str, new: &str) -> Option<Change> {
    let is_source = |line: &str| line.starts_with(SOURCE);
    let (mut olds, mut news) = (old.lines(), new.lines());
    for line in 1_usize.. {
        let text = match (olds.next(), news.next()) {
            (None, None) => break,
            (Some(old), Some(new)) if old == new || is_source(old) && is_source(new) => continue,
            (Some(old), Some(new)) => {
                format!("the text is `{}` and no longer `{}`", new.trim(), old.trim())
            }
            (None, Some(new)) => format!("the text goes on with `{}`", new.trim()),
            (Some(old), None) => format!("the text ends before `{}`", old.trim()),
        };
        let effect = Effect::conditional("no rule knows what this text means");
        let Sides { consumers, providers } = Sides::both(effect);
        let (ty, what) = (format!("{at}:{line}"), What::TextChanged);
        return Some(Change { ty, member: None, what, text, consumers, providers });
    }
    None
}
