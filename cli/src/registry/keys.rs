//! Keys of documents on the command line.

use dubhe::ServiceKey;
use dubhe::config::RuleKind;
use dubhe::documents::{DocumentKey, Side, UrlCategory};

/// The key that a text names: `KEY`, `GROUP/KEY`, or what [`print`] says of other documents.
pub(super) fn parse(text: &str) -> DocumentKey {
    if let Some(interface) = text.strip_prefix("mapping:") {
        return DocumentKey::Mapping { interface: interface.into() };
    }
    if let Some((application, revision)) =
        text.strip_prefix("metadata:").and_then(|rest| rest.rsplit_once('/'))
    {
        let (application, revision) = (application.into(), revision.into());
        return DocumentKey::Metadata { application, revision };
    }
    if let Some(definition) = text.strip_prefix("definition:").and_then(definition) {
        return definition;
    }
    for category in [UrlCategory::Configurators, UrlCategory::Routers] {
        let service = text.strip_prefix(category.as_str()).and_then(|rest| rest.strip_prefix(':'));
        if let Some(service) = service {
            return DocumentKey::Urls { service: ServiceKey::parse(service), category };
        }
    }
    match text.split_once('/') {
        Some((group, key)) => DocumentKey::Config { group: group.into(), key: key.into() },
        None => in_its_group(text),
    }
}

/// The key in the group of its kind, which is another one for migration rules.
fn in_its_group(text: &str) -> DocumentKey {
    let key = DocumentKey::config(text.to_owned());
    match RuleKind::of(&key) {
        Some((RuleKind::Migration, of)) => RuleKind::Migration.key(of),
        _ => key,
    }
}

/// `SERVICE@SIDE/APPLICATION`
fn definition(text: &str) -> Option<DocumentKey> {
    let (service, rest) = text.rsplit_once('@')?;
    let (side, application) = rest.split_once('/')?;
    let side = [Side::Provider, Side::Consumer].into_iter().find(|one| one.as_str() == side)?;
    let service = ServiceKey::parse(service);
    Some(DocumentKey::Definition { service, side, application: application.into() })
}

/// The key as [`parse`] reads it.
pub(super) fn print(key: &DocumentKey) -> String {
    match key {
        DocumentKey::Config { key: name, .. }
            if *key == in_its_group(name) && !name.contains('/') =>
        {
            name.to_string()
        }
        DocumentKey::Config { group, key } => format!("{group}/{key}"),
        DocumentKey::Mapping { interface } => format!("mapping:{interface}"),
        DocumentKey::Metadata { application, revision } => {
            format!("metadata:{application}/{revision}")
        }
        DocumentKey::Definition { service, side, application } => {
            format!("definition:{service}@{}/{application}", side.as_str())
        }
        DocumentKey::Urls { service, category } => format!("{}:{service}", category.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read_as_it_is_printed() {
        let service = ServiceKey::new("a.B", "g", "1");
        for (key, text) in [
            (DocumentKey::config("shop.tag-router"), "shop.tag-router"),
            (DocumentKey::config("a.B::.condition-router"), "a.B::.condition-router"),
            (RuleKind::Migration.key("shop"), "shop.migration"),
            (DocumentKey::config("shop.migration"), "dubbo/shop.migration"),
            (DocumentKey::config("x/y"), "dubbo/x/y"),
            (DocumentKey::Config { group: "other".into(), key: "x/y".into() }, "other/x/y"),
            (DocumentKey::Mapping { interface: "a.B".into() }, "mapping:a.B"),
            (
                DocumentKey::Metadata { application: "shop".into(), revision: "12".into() },
                "metadata:shop/12",
            ),
            (
                DocumentKey::Definition {
                    service,
                    side: Side::Provider,
                    application: "shop".into(),
                },
                "definition:g/a.B:1@provider/shop",
            ),
            (
                DocumentKey::Urls {
                    service: ServiceKey::new("a.B", "g", "1"),
                    category: UrlCategory::Routers,
                },
                "routers:g/a.B:1",
            ),
        ] {
            assert_eq!(print(&key), text);
            assert_eq!(parse(text), key);
        }
    }
}
