//! The direction in which classes travel.

use std::collections::BTreeMap;

use crate::Api;
use crate::model::{Kind, Service, Type};

/// Directions in which values of a type travel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flow {
    /// `true` for requests, from consumers to providers.
    pub(super) requests: bool,
    /// `true` for replies, exceptions among them.
    pub(super) replies: bool,
}

impl Flow {
    pub(super) const REQUESTS: Self = Self { requests: true, replies: false };
    pub(super) const REPLIES: Self = Self { requests: false, replies: true };
    pub(super) const BOTH: Self = Self { requests: true, replies: true };

    pub(super) fn join(self, other: Self) -> Self {
        Self { requests: self.requests || other.requests, replies: self.replies || other.replies }
    }
}

/// The flow of each type that a method leads to, in either of two `Api`s.
pub(super) struct Flows(BTreeMap<String, Flow>);

impl Flows {
    pub(super) fn of(old: &Api, new: &Api) -> Self {
        let mut flows = Self(BTreeMap::new());
        flows.walk(old);
        flows.walk(new);
        flows
    }

    /// Types that no method leads to may travel as `Object`, either way.
    pub(super) fn get(&self, name: &str) -> Flow {
        self.0.get(name).copied().unwrap_or(Flow::BOTH)
    }

    fn walk(&mut self, api: &Api) {
        let mut open = Vec::new();
        for declared in api.types.values() {
            if let Kind::Service(service) = &declared.kind {
                service_types(service, Flow::REQUESTS, Flow::REPLIES, &mut open);
            }
        }
        // Each type is opened at most once more for each direction.
        let above = above(api);
        while let Some((name, flow)) = open.pop() {
            let known = self.0.get(name).copied().unwrap_or_default();
            let seen = open_before(&mut self.0, name, known, flow);
            let Some(declared) = api.types.get(name).filter(|_| !seen) else { continue };
            match &declared.kind {
                Kind::Class(class) => {
                    let types = class.fields.iter().map(|field| &field.ty).chain(&class.superclass);
                    types.for_each(|ty| classes(ty, flow, &mut open));
                    open.extend(class.subclasses.iter().map(|name| (name.as_str(), flow)));
                    open.extend(above.get(name).into_iter().flatten().map(|name| (*name, flow)));
                }
                // A callback is called by the provider.
                Kind::Service(service) => service_types(service, Flow::BOTH, Flow::BOTH, &mut open),
                Kind::Enum(_) => {}
            }
        }
    }
}

/// The classes that list each one below them.
fn above(api: &Api) -> BTreeMap<&str, Vec<&str>> {
    let mut above: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, declared) in &api.types {
        if let Kind::Class(class) = &declared.kind {
            for below in &class.subclasses {
                above.entry(below).or_default().push(name);
            }
        }
    }
    above
}

/// Joins `flow` to that of a type; returns `true` if it was there.
fn open_before(flows: &mut BTreeMap<String, Flow>, name: &str, known: Flow, flow: Flow) -> bool {
    let joined = known.join(flow);
    if joined == known {
        return true;
    }
    flows.insert(name.to_owned(), joined);
    false
}

fn service_types<'a>(
    service: &'a Service,
    requests: Flow,
    replies: Flow,
    open: &mut Vec<(&'a str, Flow)>,
) {
    for method in &service.methods {
        method.parameters.iter().for_each(|parameter| classes(&parameter.ty, requests, open));
        classes(&method.result, replies, open);
        open.extend(method.throws.iter().map(|name| (name.as_str(), replies)));
    }
}

fn classes<'a>(ty: &'a Type, flow: Flow, open: &mut Vec<(&'a str, Flow)>) {
    let mut found = Vec::new();
    ty.classes(&mut found);
    open.extend(found.into_iter().map(|name| (name, flow)));
}
