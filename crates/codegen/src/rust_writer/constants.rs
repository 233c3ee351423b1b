//! Enums.

use super::Writing;
use super::file::File;
use super::member::{head, members};
use super::text::{doc_lines, literal};
use crate::model::{Kind, Note};
use crate::names::{camel, java_of_constant};

/// Writes an enum of constants.
pub(super) fn write(writing: &Writing<'_>, file: &mut File<'_>, java: &str, notes: &mut Vec<Note>) {
    let Some(Kind::Enum(of)) = writing.mapper.api.types.get(java).map(|of| &of.kind) else {
        return;
    };
    head(writing, file, java, "Java", "Clone, Copy, Debug, PartialEq, Eq, Hash");
    file.text.line(0, &format!("pub enum {} {{", writing.name(java)));
    let constants: Vec<&str> = of.constants.iter().map(|of| &*of.name).collect();
    let names = members(writing, java, &constants, &[], camel, java_of_constant, notes);
    for (constant, name) in of.constants.iter().zip(names) {
        let doc = match constant.doc.as_deref().map(doc_lines) {
            Some(lines) if !lines.is_empty() => lines,
            _ => vec![format!("`{}`.", super::text::clean(&constant.name))],
        };
        file.text.doc(4, &doc);
        if constant.deprecated {
            file.text.line(4, "#[deprecated]");
        }
        if java_of_constant(&name) != constant.name {
            file.text.attribute(4, "java", &[format!("name = {}", literal(&constant.name))]);
        }
        file.text.line(4, &format!("{name},"));
    }
    file.text.line(0, "}");
}
