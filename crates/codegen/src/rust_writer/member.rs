//! Parts that all types and members have: documentation, derives, names.

use super::Writing;
use super::file::File;
use super::source::unversioned;
use super::text::{clean, doc_lines, fits, literal};
use crate::model::{Kind, Note};
use crate::names::Scope;

/// Writes what stands in front of a type: its documentation, its derives, its class.
pub(super) fn head(
    writing: &Writing<'_>,
    file: &mut File<'_>,
    java: &str,
    macro_name: &str,
    derives: &str,
) {
    document(writing, file, java, &[]);
    derive(file, macro_name, derives);
    class(writing, file, java);
}

/// Writes the derives of a type.
pub(super) fn derive(file: &mut File<'_>, macro_name: &str, others: &str) {
    let line = format!("#[derive({}, {others})]", file.facade(macro_name));
    if !fits(&line) {
        file.text.line(0, "#[rustfmt::skip]");
    }
    file.text.line(0, &line);
}

/// Writes the class of a type that is derived.
pub(super) fn class(writing: &Writing<'_>, file: &mut File<'_>, java: &str) {
    file.text.attribute(0, "java", &[format!("class = {}", literal(java))]);
    if writing.mapper.writer.krate.is_some() {
        let path = file.facade("__private::hessian2");
        file.text.attribute(0, "java", &[format!("crate = {}", literal(&path))]);
    }
}

/// Writes an empty line and the documentation of a type, and that it is deprecated.
pub(super) fn document(writing: &Writing<'_>, file: &mut File<'_>, java: &str, more: &[String]) {
    let Some(declared) = writing.mapper.api.types.get(java) else { return };
    let mut lines = declared.doc.as_deref().map(doc_lines).unwrap_or_default();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    // Rust has an enum for an interface and for an abstract class alike.
    let what = match &declared.kind {
        Kind::Class(of) if of.is_interface => "interface ",
        _ => "",
    };
    lines.push(if declared.source.is_empty() {
        format!("Java: `{what}{java}`.")
    } else {
        format!("Java: `{what}{java}`, from `{}`.", clean(&unversioned(&declared.source)))
    });
    lines.extend(more.iter().cloned());
    file.text.line(0, "");
    file.text.doc(0, &lines);
    if declared.deprecated {
        file.text.line(0, "#[deprecated]");
    }
}

/// The names of members in Rust, in their order. Those that the macros turn back into Java's by
/// themselves keep their names before others.
pub(super) fn members(
    writing: &Writing<'_>,
    java: &str,
    members: &[&str],
    taken: &[&str],
    to_rust: fn(&str) -> String,
    to_java: fn(&str) -> String,
    notes: &mut Vec<Note>,
) -> Vec<String> {
    let wanted: Vec<String> = members
        .iter()
        .map(|member| writing.renamed(java, member).map_or_else(|| to_rust(member), str::to_owned))
        .collect();
    let mut order: Vec<usize> = (0..members.len()).collect();
    order.sort_by_key(|at| {
        let (member, wanted) = (members.get(*at), wanted.get(*at));
        let renamed = member.is_some_and(|member| writing.renamed(java, member).is_some());
        let exact = wanted.zip(member).is_some_and(|(wanted, member)| to_java(wanted) == **member);
        (!renamed, !exact, member.copied())
    });
    let mut scope = Scope::of(taken.iter().copied());
    let mut names = wanted.clone();
    for at in order {
        let (Some(wanted), Some(name)) = (wanted.get(at), names.get_mut(at)) else { continue };
        *name = scope.take_one(wanted);
        if name != wanted
            && let Some(member) = members.get(at)
        {
            notes.push(Note {
                at: format!("{java}.{member}"),
                text: format!(
                    "{wanted} is another name of this type, so it is called {name}; a rename gives it another name"
                ),
            });
        }
    }
    names
}
