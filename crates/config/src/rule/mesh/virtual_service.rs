//! Virtual services: the subsets of providers that calls get.

use bytestring::ByteString;

use super::{labels, spec};
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::rule::string_match::{StringMatch, one_of, string_match, string_matches};
use crate::text::{Fields, Kind, Node, limited};

/// The routes of a virtual service.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VirtualService {
    /// `hosts`, which nothing reads.
    pub hosts: Vec<ByteString>,
    /// `dubbo`: the first route whose services match is taken.
    pub routes: Vec<MeshRoute>,
}

/// A route of some services.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshRoute {
    /// The place.
    pub at: Position,
    /// `name`.
    pub name: Option<ByteString>,
    /// The services, one of these; all services when it is empty.
    pub services: Vec<StringMatch>,
    /// `routedetail`: the first one whose matches hold is taken.
    pub details: Vec<RouteDetail>,
}

/// A part of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct RouteDetail {
    /// The place.
    pub at: Position,
    /// `name`.
    pub name: Option<ByteString>,
    /// The conditions, which must all hold (the documentation says one of them).
    pub matches: Vec<MeshMatch>,
    /// `route`: the destinations, of which one is drawn.
    pub destinations: Vec<MeshDestination>,
}

/// A condition for a call: all that is set must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshMatch {
    /// The place.
    pub at: Position,
    /// `name`.
    pub name: Option<ByteString>,
    /// The method and its arguments.
    pub method: Option<MethodMatch>,
    /// `sourceLabels`: parameters of the consumer.
    pub source_labels: Option<Vec<(ByteString, ByteString)>>,
    /// `attachments.dubboContext`: attachments of the call.
    pub attachments: Option<Vec<(ByteString, StringMatch)>>,
    /// `attachments.tracingContext`: the context of a trace, which no class of Dubbo provides.
    pub tracing: Option<Vec<(ByteString, StringMatch)>>,
}

/// A match of a method. `headers` is not read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MethodMatch {
    /// `name_match`.
    pub name: Option<StringMatch>,
    /// `argc`: the number of arguments.
    pub argc: Option<i32>,
    /// `args`: arguments, all of them.
    pub args: Option<Vec<ArgumentMatch>>,
    /// `argp`: the types of the arguments, in order.
    pub types: Option<Vec<StringMatch>>,
}

/// A match of an argument.
#[derive(Clone, Debug, PartialEq)]
pub struct ArgumentMatch {
    /// The place.
    pub at: Position,
    /// `index`: the argument, from 0; of one outside Java fails the call.
    pub index: i32,
    /// `type`: the class of the argument.
    pub class: Option<ByteString>,
    /// The value; `None` matches nothing.
    pub value: Option<ArgumentValue>,
}

/// The value of an argument: one of these. Of several fields the first one here counts.
#[derive(Clone, Debug, PartialEq)]
pub enum ArgumentValue {
    /// `str_value`: a string.
    Text(Vec<StringMatch>),
    /// `num_value`: a number, or a text of one.
    Number(Vec<NumberMatch>),
    /// `bool_value`: a boolean; `None` matches nothing.
    Bool(Option<bool>),
}

/// A match of a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum NumberMatch {
    /// `exact`.
    Exact(f64),
    /// `exact` with `mod`: the remainder.
    Remainder {
        /// The divisor.
        divisor: f64,
        /// The remainder.
        exact: f64,
    },
    /// `range`, from `start` on and below `end`.
    Range {
        /// The smallest number.
        start: Option<f64>,
        /// The bound above.
        end: Option<f64>,
    },
    /// No number: nothing is set.
    Nothing,
}

/// A destination of a route.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshDestination {
    /// The place.
    pub at: Position,
    /// `host`.
    pub host: Option<ByteString>,
    /// The subset; `None` is one that does not exist.
    pub subset: Option<ByteString>,
    /// `port`, which nothing reads.
    pub port: i32,
    /// The weight; Java takes less than 1 for 1.
    pub weight: i32,
    /// The destination that is taken when the subset has no provider.
    pub fallback: Option<Box<MeshDestination>>,
}

impl VirtualService {
    pub(super) fn read(fields: &Fields<'_>, warnings: &mut Warnings) -> Result<Self> {
        let fields = spec(fields, &["hosts", "dubbo"], warnings)?;
        let hosts = fields.texts("hosts", warnings)?.unwrap_or_default();
        Ok(Self { hosts, routes: all(&fields, "dubbo", warnings, route)? })
    }
}

/// The items of a list, each read by `read`.
fn all<T>(
    fields: &Fields<'_>,
    name: &str,
    warnings: &mut Warnings,
    read: impl Fn(&Node, &mut Warnings) -> Result<T>,
) -> Result<Vec<T>> {
    let items = fields.list(name, warnings)?.unwrap_or_default();
    items.iter().map(|item| read(item, warnings)).collect()
}

fn route(node: &Node, warnings: &mut Warnings) -> Result<MeshRoute> {
    let fields = Fields::new(node, "a route", &["name", "services", "routedetail"], warnings)?;
    let service = |node: &Node, warnings: &mut Warnings| string_match(node, "services", warnings);
    Ok(MeshRoute {
        at: node.at,
        name: fields.text("name")?,
        services: all(&fields, "services", warnings, service)?,
        details: all(&fields, "routedetail", warnings, detail)?,
    })
}

fn detail(node: &Node, warnings: &mut Warnings) -> Result<RouteDetail> {
    let fields = Fields::new(node, "a routedetail", &["name", "match", "route"], warnings)?;
    Ok(RouteDetail {
        at: node.at,
        name: fields.text("name")?,
        matches: all(&fields, "match", warnings, mesh_match)?,
        destinations: all(&fields, "route", warnings, destination)?,
    })
}

fn destination(node: &Node, warnings: &mut Warnings) -> Result<MeshDestination> {
    let fields = Fields::new(node, "a destination", &["destination", "weight"], warnings)?;
    let weight = integer(&fields, "weight")?;
    let Some(of) = fields.get("destination") else {
        let error = ConfigError::value(node.at, "an item of route has no destination");
        return Err(
            error.hint("write destination: {subset: name}; without it Java fails every call")
        );
    };
    let fields = Fields::new(of, "destination", &["host", "subset", "port", "fallback"], warnings)?;
    let fallback = match fields.get("fallback") {
        Some(fallback) => {
            let fields = Fields::new(fallback, "fallback", &["destination", "weight"], warnings)?;
            // An empty one ends the search.
            match fields.get("destination") {
                Some(_) => Some(Box::new(destination(fallback, warnings)?)),
                None => None,
            }
        }
        None => None,
    };
    Ok(MeshDestination {
        at: node.at,
        host: fields.text("host")?,
        subset: fields.text("subset")?,
        port: integer(&fields, "port")?,
        weight,
        fallback,
    })
}

fn mesh_match(node: &Node, warnings: &mut Warnings) -> Result<MeshMatch> {
    let known = &["name", "method", "sourceLabels", "attachments", "headers"];
    let fields = Fields::new(node, "a match", known, warnings)?;
    not_read(&fields, "headers", warnings);
    let method = fields.get("method").map(|node| method(node, warnings)).transpose()?;
    let source_labels = match fields.get("sourceLabels") {
        Some(_) => Some(labels(&fields, "sourceLabels")?),
        None => None,
    };
    let (mut attachments, mut tracing) = (None, None);
    if let Some(node) = fields.get("attachments") {
        let known = &["tracingContext", "dubboContext"];
        let fields = Fields::new(node, "attachments", known, warnings)?;
        attachments = matches_by_name(&fields, "dubboContext", warnings)?;
        tracing = matches_by_name(&fields, "tracingContext", warnings)?;
    }
    let name = fields.text("name")?;
    Ok(MeshMatch { at: node.at, name, method, source_labels, attachments, tracing })
}

fn not_read(fields: &Fields<'_>, name: &str, warnings: &mut Warnings) {
    if let Some(node) = fields.get(name) {
        warnings.add(node.at, || format!("{name} is not read, in Java neither"));
    }
}

fn matches_by_name(
    fields: &Fields<'_>,
    name: &str,
    warnings: &mut Warnings,
) -> Result<Option<Vec<(ByteString, StringMatch)>>> {
    let Some(node) = fields.get(name) else { return Ok(None) };
    let Kind::Mapping(entries) = &node.kind else { return Err(node.not(name, "a map")) };
    let read = entries.iter().map(|(key, value)| {
        let key = key.text(name)?;
        let value = string_match(value, &key, warnings)?;
        Ok((key, value))
    });
    read.collect::<Result<_>>().map(Some)
}

fn method(node: &Node, warnings: &mut Warnings) -> Result<MethodMatch> {
    let known = &["name_match", "argc", "args", "argp", "headers"];
    let fields = Fields::new(node, "method", known, warnings)?;
    not_read(&fields, "headers", warnings);
    let name = fields.get("name_match");
    let name = name.map(|node| string_match(node, "name_match", warnings)).transpose()?;
    let args = match fields.get("args") {
        Some(_) => Some(all(&fields, "args", warnings, argument)?),
        None => None,
    };
    let types = match fields.get("argp") {
        Some(node) => Some(string_matches(node, "argp", warnings)?),
        None => None,
    };
    Ok(MethodMatch { name, argc: fields.number("argc")?, args, types })
}

fn argument(node: &Node, warnings: &mut Warnings) -> Result<ArgumentMatch> {
    let known = &["index", "type", "str_value", "num_value", "bool_value"];
    let fields = Fields::new(node, "an argument", known, warnings)?;
    let value = if let Some(node) = fields.get("str_value") {
        Some(ArgumentValue::Text(one_of(node, "str_value", warnings)?))
    } else if let Some(node) = fields.get("num_value") {
        let fields = Fields::new(node, "num_value", &["oneof"], warnings)?;
        let Some(node) = fields.get("oneof") else {
            return Err(ConfigError::value(node.at, "num_value has no oneof"));
        };
        let Some(items) = node.as_sequence() else { return Err(node.not("oneof", "a list")) };
        let items = limited(items, node.at, "oneof")?;
        let read = items.iter().map(|item| number(item, warnings));
        Some(ArgumentValue::Number(read.collect::<Result<_>>()?))
    } else if let Some(node) = fields.get("bool_value") {
        let fields = Fields::new(node, "bool_value", &["exact"], warnings)?;
        Some(ArgumentValue::Bool(fields.bool("exact", warnings)?))
    } else {
        None
    };
    let class = fields.text("type")?;
    Ok(ArgumentMatch { at: node.at, index: integer(&fields, "index")?, class, value })
}

fn number(node: &Node, warnings: &mut Warnings) -> Result<NumberMatch> {
    let fields = Fields::new(node, "a number", &["exact", "range", "mod"], warnings)?;
    let (exact, divisor) = (double(&fields, "exact", warnings), double(&fields, "mod", warnings));
    let range = match fields.get("range") {
        Some(node) => {
            let fields = Fields::new(node, "range", &["start", "end"], warnings)?;
            let (start, end) =
                (double(&fields, "start", warnings), double(&fields, "end", warnings));
            Some(NumberMatch::Range { start, end })
        }
        None => None,
    };
    Ok(match (exact, divisor, range) {
        (Some(exact), None, _) => NumberMatch::Exact(exact),
        (_, _, Some(range)) => range,
        (Some(exact), Some(divisor), None) => NumberMatch::Remainder { divisor, exact },
        (None, _, None) => {
            warnings.add(node.at, || "the number says nothing, so it matches nothing".to_owned());
            NumberMatch::Nothing
        }
    })
}

/// A number with a point. Java drops one without.
fn double(fields: &Fields<'_>, name: &str, warnings: &mut Warnings) -> Option<f64> {
    let node = fields.get(name)?;
    let number = node.as_double();
    if number.is_none() {
        warnings.add(node.at, || {
            format!("{name} is not a number with a point, such as 7.0, and passed over as in Java")
        });
    }
    number
}

/// A whole number that is not in quotes; 0 when it is absent.
fn integer(fields: &Fields<'_>, name: &str) -> Result<i32> {
    match fields.get(name) {
        None => Ok(0),
        Some(node) => node.as_int().ok_or_else(|| node.not(name, "a whole number of 32 bits")),
    }
}
