//! The names behind `pub use`.

/// A `pub use`.
pub(super) struct Use {
    pub(super) at: usize,
    pub(super) names: Vec<Exported>,
}

/// A name behind `pub use`: `a::b::{Name as Other}` is `[a, b]`, `Name` and `Other`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exported {
    pub(super) path: Vec<String>,
    pub(super) name: String,
    pub(super) alias: String,
}

/// All `pub use` in `code`.
pub(super) fn uses(code: &str) -> Vec<Use> {
    const PUB_USE: &str = "pub use ";
    let mut all = Vec::new();
    for (at, _) in code.match_indices(PUB_USE) {
        let rest = code.get(at + PUB_USE.len()..).unwrap_or_default();
        let mut names = Vec::new();
        expand(rest.split(';').next().unwrap_or_default(), &[], &mut names);
        all.push(Use { at, names });
    }
    all
}

/// Adds the names of one tree of `use`.
fn expand(tree: &str, path: &[String], names: &mut Vec<Exported>) {
    let tree = tree.trim();
    if let Some(inside) = tree.strip_prefix('{') {
        let inside = inside.strip_suffix('}').unwrap_or(inside);
        let (mut depth, mut start) = (0_usize, 0);
        for (at, byte) in inside.bytes().enumerate() {
            match byte {
                b'{' => depth += 1,
                b'}' => depth = depth.saturating_sub(1),
                b',' if depth == 0 => {
                    expand(inside.get(start..at).unwrap_or_default(), path, names);
                    start = at + 1;
                }
                _ => {}
            }
        }
        return expand_last(inside.get(start..).unwrap_or_default(), path, names);
    }
    match tree.split_once("::") {
        Some((first, rest)) => {
            let path = [path, &[first.trim().to_owned()]].concat();
            expand(rest, &path, names);
        }
        None => expand_last(tree, path, names),
    }
}

/// Adds `Name` or `Name as Other`.
fn expand_last(tree: &str, path: &[String], names: &mut Vec<Exported>) {
    let tree = tree.trim();
    if tree.contains("::") {
        return expand(tree, path, names);
    }
    let (name, alias) = tree.split_once(" as ").unwrap_or((tree, tree));
    if !name.is_empty() {
        let (name, alias) = (name.trim().to_owned(), alias.trim().to_owned());
        names.push(Exported { path: path.to_vec(), name, alias });
    }
}

#[cfg(test)]
mod tests {
    use super::{Exported, uses};

    #[test]
    fn trees_are_names_with_their_paths() {
        let used = uses("use x::Y;\npub use a::{B as C, d::{E, F}};\npub use G;\n");
        let shown =
            |name: &Exported| format!("{}: {} {}", name.path.join("::"), name.name, name.alias);
        let names: Vec<String> = used.iter().flat_map(|used| &used.names).map(shown).collect();
        assert_eq!(names, ["a: B C", "a::d: E E", "a::d: F F", ": G G"]);
        assert_eq!(used.len(), 2);
    }
}
