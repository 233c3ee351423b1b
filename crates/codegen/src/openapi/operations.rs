//! Paths as clients with operations.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::build::Build;
use super::content::{content, is_token};
use super::items::{Body, Client, Media, Operation, Parameter, Place, Segment, Ty};
use super::names::{Names, type_name, value_name};
use super::object::{is_deprecated, text};

pub(super) const VERBS: [&str; 8] =
    ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// Headers that a parameter does not set (OpenAPI 3, Parameter Object), since other parts of the document say them.
const OTHER_HEADERS: [&str; 2] = ["accept", "content-type"];

/// Makes the clients of a document, one for each first tag, in the order of their names.
pub(super) fn clients(build: &mut Build<'_>) -> Vec<Client> {
    let root = build.root;
    let title = root.pointer("/info/title").and_then(Value::as_str).unwrap_or_default();
    let prefix = prefix(build);
    let paths: BTreeMap<_, _> =
        root.get("paths").and_then(Value::as_object).into_iter().flatten().collect();
    let mut tags: BTreeMap<&str, Vec<(&str, &str, &Value, &Value)>> = BTreeMap::new();
    for (path, item) in paths {
        let item = build.resolved(item).unwrap_or(item);
        for verb in VERBS {
            if let Some(operation) = item.get(verb).filter(|of| of.is_object()) {
                let tag = operation.pointer("/tags/0").and_then(Value::as_str).unwrap_or(title);
                tags.entry(tag).or_default().push((path, verb, item, operation));
            }
        }
    }
    if tags.is_empty() && build.has_items() {
        build.note("paths", "the document has no operation: its types are written alone");
    }
    if root.get("webhooks").is_some() {
        build.note(
            "webhooks",
            "left out: they are requests to the client; write them as routes of a server",
        );
    }
    let mut clients = Vec::new();
    for (tag, found) in tags {
        let name = type_name(tag, "Http");
        let name = if name.ends_with("Client") { name } else { name + "Client" };
        let name = build.type_name(&name, &format!("tags ({tag})"));
        let mut names = Names::default();
        names.take("new");
        let mut operations = Vec::new();
        for (path, verb, item, operation) in found {
            let at = format!("{} {path}", verb.to_uppercase());
            if operation.get("callbacks").is_some() {
                build.note(&at, "its callbacks are left out: they are requests to the client; write them as routes of a server");
            }
            match self::operation(build, &prefix, (path, verb), item, operation, &at) {
                Ok(mut operation) => {
                    let (name, clashes) = names.take(&operation.name);
                    if clashes {
                        build.note(
                            &at,
                            format!("another operation has its name in Rust: it is called {name}"),
                        );
                    }
                    operation.name = name;
                    operations.push(operation);
                }
                Err(text) => build.note(&at, format!("left out: {text}")),
            }
        }
        // Each operation that was left out is a note.
        if operations.is_empty() {
            continue;
        }
        let doc = root.get("tags").and_then(Value::as_array).into_iter().flatten();
        let mut doc = doc.filter(|of| of.get("name").and_then(Value::as_str) == Some(tag));
        let doc = doc.find_map(|of| text(of, "description"));
        clients.push(Client { name, doc, operations });
    }
    clients
}

/// The path of the first server, which is in front of all paths.
fn prefix(build: &mut Build<'_>) -> String {
    let url = build.root.pointer("/servers/0/url").and_then(Value::as_str).unwrap_or_default();
    let path = match url.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => url.strip_prefix('/').unwrap_or_default(),
    };
    let path = path.trim_end_matches('/');
    if path.contains(['{', '?', '#']) {
        build.note(
            "servers[0].url",
            format!("`/{path}` is not put in front of the paths: it has variables or a query"),
        );
        return String::new();
    }
    if path.is_empty() { String::new() } else { format!("/{path}") }
}

fn operation<'a>(
    build: &mut Build<'a>,
    prefix: &str,
    (path, verb): (&str, &str),
    item: &'a Value,
    operation: &'a Value,
    at: &str,
) -> Result<Operation, String> {
    if !path.starts_with('/') {
        return Err("its path does not begin with `/`".to_owned());
    }
    let id = text(operation, "operationId").unwrap_or_else(|| format!("{verb} {path}"));
    let mut names = Names::default();
    // What the method itself calls so.
    names.take("call");
    let parameters = parameters(build, item, operation, &id, &mut names, at)?;
    let segments = segments(&format!("{prefix}{path}"), &parameters)?;
    let body = body(build, operation, &id, &mut names, at)?;
    let (result, reads, accept) = result(build, operation, &id, at)?;
    let doc = [text(operation, "summary"), text(operation, "description")];
    let doc: Vec<_> = doc.into_iter().flatten().collect();
    Ok(Operation {
        name: value_name(&id, "operation"),
        verb: verb.to_uppercase(),
        path: segments,
        label: format!("{} {prefix}{path}", verb.to_uppercase()),
        parameters,
        body,
        result,
        reads,
        accept,
        doc: Some(doc.join("\n\n")).filter(|doc| !doc.is_empty()),
        deprecated: is_deprecated(operation),
    })
}

fn parameters<'a>(
    build: &mut Build<'a>,
    item: &'a Value,
    operation: &'a Value,
    id: &str,
    names: &mut Names,
    at: &str,
) -> Result<Vec<Parameter>, String> {
    // Those of the operation replace those of the path.
    let of =
        |value: &'a Value| value.get("parameters").and_then(Value::as_array).into_iter().flatten();
    let mut found = Vec::new();
    let mut seen = BTreeSet::new();
    for parameter in of(operation).chain(of(item)) {
        let parameter =
            build.resolved(parameter).ok_or("a reference of a parameter leads nowhere")?;
        let name =
            parameter.get("name").and_then(Value::as_str).ok_or("a parameter without a name")?;
        let place = parameter.get("in").and_then(Value::as_str).unwrap_or_default();
        if !seen.insert((name, place)) {
            continue;
        }
        let required = parameter.get("required").and_then(Value::as_bool).unwrap_or(false);
        let style = parameter.get("style").and_then(Value::as_str);
        let explode = parameter.get("explode").and_then(Value::as_bool);
        let place = match place {
            "path" if style.is_none_or(|style| style == "simple") => Place::Path,
            "query" if style.is_none_or(|style| style == "form") => {
                Place::Query(explode.unwrap_or(true))
            }
            "header" if OTHER_HEADERS.contains(&&*name.to_ascii_lowercase()) => continue,
            "header" if is_token(name) => Place::Header,
            other if required => {
                return Err(format!(
                    "the required parameter {name} ({other}) has no place in the client"
                ));
            }
            other => {
                build.note(at, format!("the parameter {name} is left out: it is in {other}, or of a style that is not written"));
                continue;
            }
        };
        let (ty, is_null) = match parameter.get("schema") {
            Some(schema) => build.ty(schema, &format!("{id} {name}"), at),
            None => return Err(format!("the parameter {name} has no schema")),
        };
        found.push(Parameter {
            place,
            name: names.take(&value_name(name, "parameter")).0,
            wire: name.to_owned(),
            ty,
            required: (required || place == Place::Path) && !is_null,
            doc: text(parameter, "description"),
        });
    }
    Ok(found)
}

/// The parts of a path such as `/users/{id}`.
fn segments(path: &str, parameters: &[Parameter]) -> Result<Vec<Segment>, String> {
    let is_plain =
        |letter: char| letter.is_ascii_alphanumeric() || "-._~!$&'()*+,;=:@/%".contains(letter);
    let mut segments = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(behind) = rest.strip_prefix('{') {
            let (name, behind) = behind.split_once('}').ok_or("a `{` in its path has no `}`")?;
            let is_there = parameters.iter().any(|of| of.place == Place::Path && of.wire == name);
            if !is_there {
                return Err(format!("its path has `{{{name}}}`, which is no parameter"));
            }
            segments.push(Segment::Parameter(name.to_owned()));
            rest = behind;
        } else {
            let (text, behind) = rest.split_at(rest.find('{').unwrap_or(rest.len()));
            if !text.chars().all(is_plain) {
                return Err("its path has letters that a path has not".to_owned());
            }
            segments.push(Segment::Text(text.to_owned()));
            rest = behind;
        }
    }
    Ok(segments)
}

fn body<'a>(
    build: &mut Build<'a>,
    operation: &'a Value,
    id: &str,
    names: &mut Names,
    at: &str,
) -> Result<Option<Body>, String> {
    let Some(body) = operation.get("requestBody") else { return Ok(None) };
    let body = build.resolved(body).ok_or("the reference of its body leads nowhere")?;
    let required = body.get("required").and_then(Value::as_bool).unwrap_or(false);
    let Some(content) = content(body)? else { return Ok(None) };
    let content_type = content.sent();
    let (ty, is_null) = match content.kind {
        Media::Json => build.ty(content.schema, &format!("{id} body"), at),
        Media::Plain => (Ty::Text, false),
        Media::Bytes | Media::Nothing => {
            return Err("a body that is neither JSON nor text is not written; send it with `HttpClient::send`".to_owned());
        }
    };
    Ok(Some(Body {
        name: names.take("body").0,
        ty,
        required: required && !is_null,
        media: content.kind,
        content_type,
    }))
}

/// The type of the first success; optional where another success has no content.
fn result<'a>(
    build: &mut Build<'a>,
    operation: &'a Value,
    id: &str,
    at: &str,
) -> Result<(Ty, Media, String), String> {
    let responses = operation.get("responses").and_then(Value::as_object).into_iter().flatten();
    let mut successes: BTreeMap<&str, &Value> = BTreeMap::new();
    let mut default = None;
    for (status, response) in responses {
        let response =
            build.resolved(response).ok_or("the reference of a response leads nowhere")?;
        if status.starts_with('2') {
            successes.insert(status, response);
        } else if status == "default" {
            default = Some(response);
        }
    }
    let successes: Vec<_> = if successes.is_empty() {
        default.into_iter().collect()
    } else {
        successes.into_values().collect()
    };
    let mut found = None;
    let mut is_empty = false;
    for response in successes {
        match (content(response)?, &found) {
            (None, _) => is_empty = true,
            (Some(content), None) => {
                let accept = content.accepted();
                found = Some(match content.kind {
                    Media::Json => match build.ty(content.schema, &format!("{id} result"), at) {
                        (ty, true) => (ty.optional(), Media::Json, accept),
                        (ty, false) => (ty, Media::Json, accept),
                    },
                    Media::Plain => (Ty::Text, Media::Plain, accept),
                    Media::Bytes | Media::Nothing => (Ty::Bytes, Media::Bytes, accept),
                });
            }
            (Some(_), Some(_)) => {
                build.note(at, "of several results the first one is returned; the others fail where they differ");
            }
        }
    }
    Ok(match found {
        Some((ty, media, accept)) if is_empty => (ty.optional(), media, accept),
        Some(found) => found,
        None => (Ty::Unit, Media::Nothing, "*/*".to_owned()),
    })
}
