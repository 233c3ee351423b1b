//! Checks that relative links lead somewhere, in pages and in the documentation of code.

use super::Finding;
use crate::repo::{File, Repo};

/// Links of Markdown pages: to files, folders and headings.
pub(super) fn pages(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for page in repo.files.iter().filter(|file| file.is_kind("md")) {
        for (line, link) in links(&without_code(&page.text)) {
            if let Some(what) = dead(repo, page, link) {
                found.push(Finding::at(&page.path, line, what));
            }
        }
    }
    found
}

/// Links of doc comments to files. Links to items are for rustdoc to check.
pub(super) fn docs(repo: &Repo) -> Vec<Finding> {
    let mut found = Vec::new();
    for file in repo.rust() {
        for (line, link) in links(&without_code(&comments(&file.text))) {
            if is_file(link)
                && let Some(what) = dead(repo, file, link)
            {
                found.push(Finding::at(&file.path, line, what));
            }
        }
    }
    found
}

/// The doc comments alone; every line stays where it is.
fn comments(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let line = line.trim_start();
        let comment = line.strip_prefix("///").or_else(|| line.strip_prefix("//!"));
        out.push_str(comment.unwrap_or_default());
        out.push('\n');
    }
    out
}

/// Returns true if the target of a link in a doc comment is a file and not an item.
fn is_file(link: &str) -> bool {
    let path = link.split('#').next().unwrap_or_default();
    let known = ["md", "rs", "toml", "html", "proto"];
    path.contains('/') || path.rsplit_once('.').is_some_and(|(_, kind)| known.contains(&kind))
}

/// The targets of `[text](target)` and `[text]: target`, each with its line.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let inline = line.match_indices("](").filter_map(|(at, mark)| line.get(at + mark.len()..));
        let defined = line.strip_prefix('[').and_then(|line| line.split_once("]: "));
        for rest in inline.chain(defined.map(|(_, target)| target)) {
            let target = rest.split([')', ' ']).next().unwrap_or_default();
            found.push((number + 1, target));
        }
    }
    found
}

/// The fault of a link of the file `from`, if it has one.
fn dead(repo: &Repo, from: &File, link: &str) -> Option<String> {
    if link.contains(':') {
        return None; // another site
    }
    let (target, heading) = link.split_once('#').unwrap_or((link, ""));
    let path =
        if target.is_empty() { Some(from.path.clone()) } else { resolve(&from.path, target) };
    let Some(path) = path else { return Some(format!("{link} leaves the repository")) };
    match repo.file(&path) {
        Some(page) if page.is_kind("md") && !heading.is_empty() => {
            let known = without_code(&page.text).lines().any(|line| anchor(line) == heading);
            (!known).then(|| format!("{link} names no heading"))
        }
        Some(_) => None,
        None => {
            let folder = if path.is_empty() { String::new() } else { format!("{path}/") };
            let known = repo.files.iter().any(|file| file.path.starts_with(&folder));
            (!known).then(|| format!("{link} does not exist"))
        }
    }
}

/// The anchor of a line that is a heading, as GitHub makes it; else nothing.
fn anchor(line: &str) -> String {
    let Some(title) = line.strip_prefix('#') else { return String::new() };
    let mut out = String::new();
    for c in title.trim_start_matches('#').trim().chars() {
        match c {
            ' ' => out.push('-'),
            '-' | '_' => out.push(c),
            _ if c.is_alphanumeric() => out.extend(c.to_lowercase()),
            _ => {}
        }
    }
    out
}

/// Code blocks emptied, line by line; they hold no links.
fn without_code(text: &str) -> String {
    let mut inside = false;
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let fence = line.trim_start().starts_with("```");
        inside ^= fence;
        if !inside && !fence {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// A link of the page `from`, relative to the root.
fn resolve(from: &str, link: &str) -> Option<String> {
    let mut path: Vec<&str> =
        if link.starts_with('/') { Vec::new() } else { from.split('/').collect() };
    path.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(path.pop()?),
            name => path.push(name),
        }
    }
    Some(path.join("/"))
}

#[cfg(test)]
mod tests {
    use super::super::Finding;
    use super::super::sample::files;
    use super::{docs, pages};

    #[test]
    fn links_of_pages_lead_somewhere() {
        let page = "[a](../README.md) [b](gone.md)\n```\n[c](code.md)\n```\n[d](https://example.org) \
                    [f](pics)\n[g](../../x.md)\n\n[h]: lost.md\n";
        let repo = files(&[("docs/page.md", page), ("README.md", ""), ("docs/pics/a.svg", "")]);
        assert_eq!(
            pages(&repo),
            [
                Finding::at("docs/page.md", 1, "gone.md does not exist"),
                Finding::at("docs/page.md", 6, "../../x.md leaves the repository"),
                Finding::at("docs/page.md", 8, "lost.md does not exist"),
            ]
        );
    }

    #[test]
    fn links_to_headings_lead_to_one() {
        let page = "# A page\n[a](#a-page) [b](#b) [c](other.md#whats-1_new) [d](other.md#code)";
        let other = "## What's `1_new`?\n```\n# code\n```\n";
        let repo = files(&[("page.md", page), ("other.md", other)]);
        assert_eq!(
            pages(&repo),
            [
                Finding::at("page.md", 2, "#b names no heading"),
                Finding::at("page.md", 2, "other.md#code names no heading"),
            ]
        );
    }

    #[test]
    fn links_of_docs_lead_to_files() {
        let text = "//! [a](../README.md) and [b](gone.md).\nfn f() {} // [c](no.md)\n\
                    \x20   /// [`Code`](core::Code), [x](Self::y), [z](../x/struct.Z.html)\n";
        let repo = files(&[("a/lib.rs", text), ("README.md", "")]);
        assert_eq!(
            docs(&repo),
            [
                Finding::at("a/lib.rs", 1, "gone.md does not exist"),
                Finding::at("a/lib.rs", 3, "../x/struct.Z.html does not exist"),
            ]
        );
    }
}
