//! Documentation comments of Java sources, as Markdown.
//!
//! Sources are scanned, not parsed: what is found are the comments before types, methods, fields and
//! constants of enums, and the names of parameters. Whatever the text is, scanning takes time and memory in
//! proportion to it.

mod html;
mod markdown;
mod scan;
mod tokens;

use std::collections::BTreeMap;

/// The documentation of Java sources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sources {
    types: BTreeMap<String, TypeDoc>,
}

/// Documentation in the source of a type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TypeDoc {
    doc: Option<Doc>,
    /// The names of the components of a record.
    components: Vec<String>,
    members: Vec<Member>,
}

/// A comment, not converted yet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Doc {
    text: String,
    is_markdown: bool,
}

/// A field, constant or method.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    name: String,
    /// The parameters of a method; none for a field or constant.
    parameters: Option<Vec<Parameter>>,
    doc: Option<Doc>,
}

/// A parameter of a method.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Parameter {
    /// The type without packages and type arguments: `Map`, `int[]`.
    ty: String,
    name: String,
}

/// Documentation and names in the source of a method.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MethodDoc {
    /// The comment, as Markdown.
    pub doc: Option<String>,
    /// The names of the parameters.
    pub parameters: Vec<String>,
}

impl Sources {
    /// Adds what a file has. A type that is known stays as it is.
    pub fn add(&mut self, source: &str) {
        scan::scan(source, &mut self.types);
    }

    /// Returns what the source of the type of this binary name has.
    pub fn get(&self, name: &str) -> Option<&TypeDoc> {
        self.types.get(name)
    }

    /// Returns `true` if there are no types.
    pub fn is_empty(&self) -> bool {
        self.types.is_empty()
    }
}

impl TypeDoc {
    /// Returns the comment of the type, as Markdown.
    pub fn doc(&self) -> Option<String> {
        self.doc.as_ref().and_then(Doc::markdown)
    }

    /// Returns the comment of a field or a constant, as Markdown. That of a component of a record is the
    /// tag `@param` of the record.
    pub fn field(&self, name: &str) -> Option<String> {
        let own = self.members.iter().find(|of| of.name == name && of.parameters.is_none());
        let of_record = || {
            let doc = self.doc.as_ref().filter(|_| self.components.iter().any(|of| of == name))?;
            markdown::parameter(&doc.text, doc.is_markdown, name)
        };
        own.and_then(|of| of.doc.as_ref()).and_then(Doc::markdown).or_else(of_record)
    }

    /// Returns what there is of a method, by its name and the types of its parameters without packages.
    pub fn method(&self, name: &str, parameters: &[String]) -> Option<MethodDoc> {
        let of_len = self.members.iter().filter_map(|of| {
            let own = of.parameters.as_ref()?;
            (of.name == name && own.len() == parameters.len()).then_some((of, own))
        });
        // A type variable has another name here than in the class file, so the most equal ones win.
        let equal = |own: &[Parameter]| {
            own.iter().zip(parameters).filter(|(own, other)| own.ty == **other).count()
        };
        let (of, own) = of_len.rev().max_by_key(|(_, own)| equal(own))?;
        Some(MethodDoc {
            doc: of.doc.as_ref().and_then(Doc::markdown),
            parameters: own.iter().map(|of| of.name.clone()).collect(),
        })
    }
}

impl Doc {
    fn markdown(&self) -> Option<String> {
        let text = markdown::convert(&self.text, self.is_markdown);
        (!text.is_empty()).then_some(text)
    }
}

#[cfg(test)]
mod tests;
