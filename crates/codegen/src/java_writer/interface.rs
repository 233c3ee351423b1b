//! Interfaces.

use std::collections::BTreeSet;

use super::doc;
use super::names::{RENAME, fault};
use super::unit::Unit;
use crate::model::{Declared, Method, Service, Stream};

/// The interface of Dubbo that streams are read and written with.
const OBSERVER: &str = "org.apache.dubbo.common.stream.StreamObserver";

/// Returns true if a method streams.
pub(super) fn streams(service: &Service) -> bool {
    service.methods.iter().any(|method| method.stream != Stream::No)
}

/// The paragraphs about group and version.
pub(super) fn about(service: &Service) -> Option<String> {
    let said = |name: &str, value: &Option<String>| {
        value.as_ref().map(|value| format!("{name} {{@code {value}}}"))
    };
    let parts: Vec<String> = [said("group", &service.group), said("version", &service.version)]
        .into_iter()
        .flatten()
        .collect();
    // What would end the comment or begin an escape is in no group.
    let is_plain = parts
        .iter()
        .all(|part| part.chars().all(|c| c.is_alphanumeric() || " {}@._-:".contains(c)));
    (!parts.is_empty() && is_plain)
        .then(|| format!("<p>Provided with the {}.", parts.join(" and the ")))
}

/// Writes all methods that Java can have.
pub(super) fn methods(
    unit: &mut Unit<'_, '_>,
    declared: &Declared,
    service: &Service,
) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let mut texts = Vec::new();
    for method in &service.methods {
        match refusal(unit, method, &mut seen) {
            Some(why) => {
                let at = format!("{}.{}", declared.name, method.name);
                unit.written.note(at, format!("the method is left out: {why}"));
            }
            None => texts.push(write(unit, declared, method)),
        }
    }
    texts
}

/// The reason for which Java cannot have this method.
fn refusal(unit: &Unit<'_, '_>, method: &Method, seen: &mut BTreeSet<String>) -> Option<String> {
    /// Methods of `Object` that no interface may declare otherwise, and those that a proxy answers itself or the virtual
    /// machine calls.
    const OF_OBJECT: [(&str, &str); 11] = [
        ("clone", ""),
        ("finalize", ""),
        ("getClass", ""),
        ("hashCode", ""),
        ("toString", ""),
        ("notify", ""),
        ("notifyAll", ""),
        ("wait", ""),
        ("wait", "long"),
        ("wait", "long, int"),
        ("equals", "java.lang.Object"),
    ];
    if let Some(fault) = fault(&method.name) {
        return Some(format!("{fault}{RENAME}"));
    }
    let types = method.parameters.iter().map(|parameter| &parameter.ty).chain([&method.result]);
    let refused = types.into_iter().find_map(|ty| unit.context.refused_in(ty));
    let thrown = method.throws.iter().find(|name| unit.context.refused.contains(*name));
    if let Some(refused) = refused.or(thrown.map(String::as_str)) {
        return Some(format!("it needs {refused}, which is left out"));
    }
    let erased: Vec<String> = match method.stream {
        Stream::Both => vec![OBSERVER.to_owned()],
        Stream::No | Stream::Server => {
            let observer = (method.stream == Stream::Server).then(|| OBSERVER.to_owned());
            method.parameters.iter().map(|one| one.ty.in_descriptor()).chain(observer).collect()
        }
    };
    let erased = erased.join(", ");
    if OF_OBJECT.contains(&(&method.name, &erased)) {
        return Some(format!("`{}({erased})` is a method of every object{RENAME}", method.name));
    }
    if !seen.insert(format!("{}({erased})", method.name)) {
        return Some(format!(
            "an overload before it takes ({erased}) too: Java tells them apart by these types without their arguments{RENAME}"
        ));
    }
    None
}

fn write(unit: &mut Unit<'_, '_>, declared: &Declared, method: &Method) -> String {
    let imports = &mut unit.imports;
    let mut names = BTreeSet::new();
    let mut parameters = Vec::new();
    for parameter in &method.parameters {
        let mut name = parameter.name.clone();
        if let Some(fault) = fault(&name) {
            name = if name.is_empty() || fault.ends_with("no name in Java") {
                "arg".to_owned()
            } else {
                name + "_"
            };
            let at = format!("{}.{}", declared.name, method.name);
            let text = format!("the parameter is called `{name}` here: {fault}");
            unit.written.note(at, text);
        }
        while !names.insert(name.clone()) {
            name.push('_');
        }
        let ty = imports.ty(&parameter.ty);
        parameters.push((ty, name));
    }
    let mut observer = "observer".to_owned();
    while names.contains(&observer) {
        observer.push('_');
    }
    let result = imports.ty(&method.result);
    let result = match method.stream {
        Stream::No => result,
        Stream::Server => {
            parameters.push((format!("{}<{result}>", imports.class(OBSERVER)), observer));
            "void".to_owned()
        }
        Stream::Both => {
            let observers = imports.class(OBSERVER);
            let sent = parameters.first().map_or("?".to_owned(), |(ty, _)| ty.clone());
            parameters = vec![(format!("{observers}<{result}>"), observer)];
            format!("{observers}<{sent}>")
        }
    };
    let throws: Vec<String> = method.throws.iter().map(|name| imports.class(name)).collect();
    let throws =
        if throws.is_empty() { String::new() } else { format!(" throws {}", throws.join(", ")) };
    let parameters: Vec<String> =
        parameters.iter().map(|(ty, name)| format!("{ty} {name}")).collect();
    let mut text = doc::comment(method.doc.as_deref(), &[], "    ");
    if method.deprecated {
        text += &format!("    {}\n", unit.imports.annotation("Deprecated"));
    }
    let line = format!("    {result} {}({}){throws};\n", method.name, parameters.join(", "));
    if line.len() <= 120 {
        return text + &line;
    }
    let parameters = parameters.join(",\n            ");
    text + &format!("    {result} {}(\n            {parameters}){throws};\n", method.name)
}
