//! Definitions of one interface by all that provide it, as one.

use std::collections::BTreeMap;

use dubhe::ServiceKey;
use dubhe_codegen::Api;
use dubhe_codegen::model::{Kind, Service};

/// The definition of a service, by one of those that provide it.
pub(super) struct Defined {
    pub(super) service: ServiceKey,
    pub(super) api: Api,
}

/// Makes one model of definitions. Where an interface is there in several groups and versions that are alike, it belongs to
/// none of them; where they differ, it is left out with a note.
pub(super) fn united(all: Vec<Defined>) -> Api {
    let mut interfaces: BTreeMap<String, BTreeMap<ServiceKey, Vec<Api>>> = BTreeMap::new();
    for Defined { service, api } in all {
        let services = interfaces.entry(service.interface().to_string()).or_default();
        services.entry(service).or_default().push(api);
    }
    let mut whole = Api::default();
    for (interface, services) in interfaces {
        let keys: Vec<String> = services.keys().map(named).collect();
        let mut apis = services.into_values().map(merged);
        let Some(mut first) = apis.next() else { continue };
        let differs = apis.any(|other| form(&other) != form(&first));
        match &*keys {
            [_] => {}
            _ if differs => {
                let text = format!(
                    "its definitions differ between {}, so it is left out; choose one by --version, or by --group",
                    keys.join(", ")
                );
                whole.note(&interface, text);
                // A version that came to the fleet takes no code of the other away.
                whole.unread.insert(interface);
                continue;
            }
            _ => of_none(&mut first, &interface, &keys),
        }
        whole.merge(first);
    }
    whole
}

/// The group and version of a service, for people.
fn named(service: &ServiceKey) -> String {
    let version = match &**service.version() {
        "" => "no version".to_owned(),
        version => format!("version {version}"),
    };
    match &**service.group() {
        "" => version,
        group => format!("{version} of group {group}"),
    }
}

/// Merges what several applications say of one service.
fn merged(apis: Vec<Api>) -> Api {
    apis.into_iter().fold(Api::default(), |mut all, one| {
        all.merge(one);
        all
    })
}

/// The types, without what tells where they are from.
fn form(api: &Api) -> BTreeMap<&String, Kind> {
    let kind = |kind: &Kind| match kind {
        Kind::Service(of) => Kind::Service(Service { group: None, version: None, ..of.clone() }),
        other => other.clone(),
    };
    api.types.iter().map(|(name, of)| (name, kind(&of.kind))).collect()
}

/// Takes the group and version from an interface, and names all in its documentation.
fn of_none(api: &mut Api, interface: &str, keys: &[String]) {
    let Some(declared) = api.types.get_mut(interface) else { return };
    if let Kind::Service(of) = &mut declared.kind {
        (of.group, of.version) = (None, None);
    }
    let line = format!("Provided as {}, which are alike; a client names one.", keys.join(", "));
    let doc = declared.doc.take().map(|doc| format!("{doc}\n\n{line}"));
    declared.doc = Some(doc.unwrap_or(line));
}

#[cfg(test)]
mod tests {
    use dubhe_codegen::definition;

    use super::*;

    fn defined(group: &'static str, version: &'static str, result: &str) -> Defined {
        let json = format!(
            r#"{{"canonicalName": "a.Users", "parameters": {{"group": "{group}", "version": "{version}"}},
                 "methods": [{{"name": "count", "parameterTypes": [], "returnType": "{result}"}}], "types": []}}"#
        );
        let api = definition::read(&json, "registry").unwrap();
        Defined { service: ServiceKey::new("a.Users", group, version), api }
    }

    fn service(api: &Api) -> (&Service, Option<&str>) {
        let declared = &api.types["a.Users"];
        match &declared.kind {
            Kind::Service(of) => (of, declared.doc.as_deref()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn one_alone_keeps_its_group_and_version() {
        let api = united(vec![defined("g", "1.0", "int"), defined("g", "1.0", "int")]);
        let (of, doc) = service(&api);
        assert_eq!((of.group.as_deref(), of.version.as_deref()), (Some("g"), Some("1.0")));
        assert_eq!((doc, api.notes.len()), (None, 0));
    }

    #[test]
    fn those_that_are_alike_are_one_that_names_them_all() {
        let all =
            vec![defined("", "", "int"), defined("g", "2.0", "int"), defined("", "1.0", "int")];
        let api = united(all);
        let (of, doc) = service(&api);
        assert_eq!((&of.group, &of.version), (&None, &None));
        let expected = "Provided as no version, version 1.0, version 2.0 of group g, which are alike; a client names one.";
        assert_eq!(doc, Some(expected));
    }

    #[test]
    fn those_that_differ_are_left_out_with_what_to_do() {
        let api = united(vec![defined("", "1.0", "int"), defined("", "2.0", "long")]);
        assert!(api.types.is_empty());
        let note = "a.Users: its definitions differ between version 1.0, version 2.0, so it is left out; choose one by \
                    --version, or by --group";
        assert_eq!(api.notes[0].to_string(), note);
    }
}
