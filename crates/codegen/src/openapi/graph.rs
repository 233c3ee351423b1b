//! Circles among items.

use std::collections::{BTreeMap, BTreeSet};

/// The number of the circle that each name is in; names of one number reach each other. `edges` are those of each name,
/// to names that may lack edges of their own.
pub(super) fn circles(edges: &BTreeMap<String, Vec<String>>) -> BTreeMap<String, usize> {
    let mut back: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (from, to) in edges {
        for to in to {
            back.entry(to).or_default().push(from);
        }
    }
    let forward: BTreeMap<&str, Vec<&str>> = edges
        .iter()
        .map(|(from, to)| (from.as_str(), to.iter().map(String::as_str).collect()))
        .collect();
    // Kosaraju: in the reverse order of leaving, walked backward.
    let mut found = BTreeMap::new();
    let mut left = Vec::new();
    for name in edges.keys() {
        walk(name, &forward, &mut found, 0, &mut left);
    }
    let mut found = BTreeMap::new();
    for (number, name) in left.into_iter().rev().enumerate() {
        walk(name, &back, &mut found, number, &mut Vec::new());
    }
    found.into_iter().map(|(name, number)| (name.to_owned(), number)).collect()
}

/// The edges without which there is no circle, by the names that they begin at. `edges` are those of each name.
pub(super) fn back_edges(
    edges: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, BTreeSet<String>> {
    let mut back: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    // `true` of those that are on the way to where the walk is.
    let mut found: BTreeMap<&str, bool> = BTreeMap::new();
    for start in edges.keys() {
        if found.insert(start, true).is_some() {
            found.insert(start, false);
            continue;
        }
        let mut open = vec![(start.as_str(), 0)];
        while let Some((name, next)) = open.last_mut() {
            let target = edges.get(*name).and_then(|edges| edges.get(*next)).map(String::as_str);
            *next += 1;
            match target {
                Some(target) => match found.get(target) {
                    Some(true) => {
                        back.entry((*name).to_owned()).or_default().insert(target.to_owned());
                    }
                    Some(false) => {}
                    None => {
                        found.insert(target, true);
                        open.push((target, 0));
                    }
                },
                None => {
                    found.insert(name, false);
                    open.pop();
                }
            }
        }
    }
    back
}

/// Walks to all names that are not found yet; `left` gets them as they are left.
fn walk<'a>(
    start: &'a str,
    edges: &BTreeMap<&'a str, Vec<&'a str>>,
    found: &mut BTreeMap<&'a str, usize>,
    number: usize,
    left: &mut Vec<&'a str>,
) {
    if found.contains_key(start) {
        return;
    }
    found.insert(start, number);
    let mut open = vec![(start, 0)];
    while let Some((name, next)) = open.last_mut() {
        let target = edges.get(*name).and_then(|edges| edges.get(*next)).copied();
        *next += 1;
        match target {
            Some(target) if !found.contains_key(target) => {
                found.insert(target, number);
                open.push((target, 0));
            }
            Some(_) => {}
            None => {
                left.push(name);
                open.pop();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_a_circle_have_one_number() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "d"), ("e", "a"), ("f", "f")];
        let mut graph: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry(from.into()).or_default().push(to.into());
        }
        let found = circles(&graph);
        assert!(found["a"] == found["b"] && found["b"] == found["c"]);
        let numbers: BTreeSet<_> = found.values().collect();
        assert_eq!(numbers.len(), 4, "{found:?}");
    }

    #[test]
    fn a_graph_without_its_back_edges_has_no_circle() {
        let edges = [("a", "b"), ("b", "c"), ("c", "a"), ("c", "b"), ("d", "a"), ("d", "d")];
        let mut graph: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (from, to) in edges {
            graph.entry(from.into()).or_default().push(to.into());
        }
        let back = back_edges(&graph);
        let all: Vec<_> =
            back.iter().flat_map(|(from, to)| to.iter().map(move |to| (&**from, &**to))).collect();
        assert_eq!(all, [("c", "a"), ("c", "b"), ("d", "d")]);
    }
}
