//! The writes of a provider about itself.
//!
//! Pods of one template run the same program with the same options: what they say of themselves is
//! written once, under the hash of their template, which Kubernetes labels them with. A pod that says
//! something else has an entry of its own. [`kept`](crate::kept) writes it again when it is gone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use dubhe_core::endpoint::PackedParams;
use dubhe_core::time::{Duration, SystemTime};
use dubhe_core::{Code, Status};
use dubhe_registry::application::ServiceInstance;
use serde_json::{Map, Value, json};

use crate::access::Access;
use crate::api::{Api, Ask};
use crate::maps::{Change, Kind, Maps, Place};
use crate::objects::{
    ConfigMap, JAVA_METADATA, Meta, OF_POD, OF_REVISION, OF_TEMPLATE, Object as _, Pod, params,
};

/// The annotation of the ConfigMap that says since when a key is named by no pod: a JSON object of
/// keys and seconds since the epoch.
const UNNAMED: &str = "dubhe.io/unnamed-since";
/// The time for which a key that no pod names stays: a new pod writes it before it names it, and a
/// template may return.
const KEEP: Duration = Duration::from_hours(1);
/// The parameter that differs between the pods of a template.
const TIMESTAMP: &str = "timestamp";

/// The own pod.
#[derive(Clone, Debug)]
pub(crate) struct Own {
    pub(crate) pod: String,
    /// `true` if it says what it says in its annotation.
    pub(crate) annotate: bool,
    /// The pod as it was first read: its template does not change.
    known: Option<Arc<Pod>>,
}

impl Own {
    /// The pod `name`.
    ///
    /// # Errors
    /// When there is no name.
    pub(crate) fn new(name: Option<&str>, annotate: bool) -> Result<Self, Status> {
        let name = name.filter(|name| !name.is_empty()).ok_or_else(|| {
            let what = "only a pod can be registered in Kubernetes, and the environment variable HOSTNAME \
                        does not name one; with enableRegister=false nothing is registered";
            Status::new(Code::FailedPrecondition, what)
        })?;
        Ok(Self { pod: name.to_owned(), annotate, known: None })
    }

    async fn read(&self, api: &Api) -> Result<(Meta, Value), Status> {
        let mut own =
            api.call(Ask::of(Access::GetPod).name(&self.pod)).await.map_err(|failure| {
                let advice = "the pod of a provider is named by the environment variable HOSTNAME";
                failure.status.context(format_args!("{advice}, here {:?}", self.pod))
            })?;
        Ok((Meta::of(&mut own).unwrap_or_default(), own))
    }

    /// The key of its template.
    async fn template(&mut self, api: &Api) -> Result<Option<String>, Status> {
        let pod = match &self.known {
            Some(known) => known.clone(),
            None => {
                let (meta, own) = self.read(api).await?;
                self.known.insert(Arc::new(Pod::read(meta, own).unwrap_or_default())).clone()
            }
        };
        Ok(pod.template.as_ref().map(|hash| format!("{OF_TEMPLATE}{hash}")))
    }
}

/// Writes what an instance says of itself where that does not stand yet; returns `false` where it does.
pub(crate) async fn register(
    maps: &Maps,
    own: &mut Own,
    instance: &ServiceInstance,
) -> Result<bool, Status> {
    let (api, all) = (&maps.api, &instance.instance.params);
    if own.annotate {
        let text = json(all, "");
        let (meta, _) = own.read(api).await?;
        if meta.annotations.get(JAVA_METADATA) == Some(&text) {
            return Ok(false);
        }
        return annotation(api, &own.pod, Some(text)).await.map(|()| true);
    }
    let template = own.template(api).await?;
    let (template, name) = (template.as_deref(), &*own.pod);
    let text = json(all, TIMESTAMP);
    let place = Place::new(Kind::Metadata, &instance.instance.application);
    let known = maps.glance(&place.name).await.map_err(|failure| failure.status)?;
    if known.is_some_and(|map| entry(&map, template, name, &text).is_empty()) {
        // Most pods of a rollout, and every look later: they list and write nothing.
        return Ok(false);
    }
    let named = named(api).await;
    let now = api.clock.wall();
    let mut written = false;
    let updated = maps.update(&place, |map| {
        let empty = ConfigMap::default();
        let map = map.unwrap_or(&empty);
        let mut change = entry(map, template, name, &text);
        written = !change.is_empty();
        if let Some(named) = &named {
            prune(map, named, now, &mut change);
        }
        Some(change)
    });
    updated.await.map_err(|failure| failure.status)?;
    Ok(written)
}

/// Takes back what is the pod's own; what its template says stays for the others.
pub(crate) async fn unregister(maps: &Maps, own: &Own, application: &str) -> Result<(), Status> {
    if own.annotate {
        return annotation(&maps.api, &own.pod, None).await;
    }
    let key = format!("{OF_POD}{}", own.pod);
    let place = Place::new(Kind::Metadata, application);
    let updated = maps.update(&place, |map| {
        map?.data.get(&key)?;
        Some(Change { data: [(key.clone(), None)].into(), ..Change::default() })
    });
    updated.await.map(|_| ()).map_err(|failure| failure.status)
}

/// The parameters as JSON, without one of them.
pub(crate) fn json(params: &PackedParams, without: &str) -> String {
    let shared = params.iter().filter(|(name, _)| *name != without);
    let json: Map<String, Value> =
        shared.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    Value::Object(json).to_string()
}

/// Sets or removes the annotation of a pod that Dubbo Java reads.
async fn annotation(api: &Api, pod: &str, text: Option<String>) -> Result<(), Status> {
    let body = json!({"metadata": {"annotations": {JAVA_METADATA: text}}});
    match api.call(Ask::of(Access::PatchPod).name(pod).body(&body)).await {
        Ok(_) => Ok(()),
        // There is nothing to take it back from.
        Err(failure) if text.is_none() && failure.is_not_found() => Ok(()),
        Err(failure) => Err(failure.status),
    }
}

/// The change by which a pod says `text`: under its template when that says the same, or nothing, or
/// what only this pod says; else on its own.
fn entry(map: &ConfigMap, template: Option<&str>, pod: &str, text: &str) -> Change {
    let own = format!("{OF_POD}{pod}");
    let mut change = Change::default();
    let shared = template.is_some_and(|key| match map.data.get(key) {
        None => {
            change.data.insert(key.to_owned(), Some(text.to_owned()));
            true
        }
        Some(said) => &**said == text,
    });
    match (shared, map.data.get(&own)) {
        (true, Some(_)) => drop(change.data.insert(own, None)),
        (false, said) if said.is_none_or(|said| &**said != text) => {
            change.data.insert(own, Some(text.to_owned()));
        }
        _ => {}
    }
    change
}

/// The keys that pods name: of themselves and of their templates. `None` when pods cannot be listed:
/// then nothing is removed.
async fn named(api: &Api) -> Option<BTreeSet<String>> {
    let ask = Ask::of(Access::ListPods).metadata_only(true);
    let mut list = match api.call(ask).await {
        Ok(list) => list,
        Err(failure) => {
            let forbidden = failure.is_forbidden();
            tracing::debug!(status = %failure.status, forbidden, "old metadata stays: no list of pods");
            return None;
        }
    };
    let Some(Value::Array(items)) = list.get_mut("items").map(Value::take) else { return None };
    let mut keys = BTreeSet::new();
    for mut item in items {
        let meta = Meta::of(&mut item).ok()?;
        keys.insert(format!("{OF_POD}{}", meta.name));
        let hash = Pod::read(meta, item).ok()?.template;
        keys.extend(hash.map(|hash| format!("{OF_TEMPLATE}{hash}")));
    }
    Some(keys)
}

/// Removes what no pod has named for [`KEEP`], and notes what no pod names since now.
fn prune(map: &ConfigMap, named: &BTreeSet<String>, now: SystemTime, change: &mut Change) {
    let now = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs();
    let noted: BTreeMap<String, u64> = map
        .annotations
        .get(UNNAMED)
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    // The entries as they will be, and the revisions that they name.
    let after = |key: &str| match change.data.get(key) {
        Some(changed) => changed.clone(),
        None => map.data.get(key).map(ToString::to_string),
    };
    let entries = map.data.keys().chain(change.data.keys());
    let entries: BTreeSet<&String> =
        entries.filter(|key| key.starts_with(OF_TEMPLATE) || key.starts_with(OF_POD)).collect();
    let revisions: BTreeSet<String> = entries
        .iter()
        .filter_map(|key| params(&after(key)?).ok())
        .filter_map(|params| {
            Some(format!("{OF_REVISION}{}", params.get("dubbo.metadata.revision")?))
        })
        .collect();
    let (mut since, mut old) = (BTreeMap::new(), Vec::new());
    for key in map.data.keys() {
        let ours = [OF_TEMPLATE, OF_POD, OF_REVISION].iter().any(|prefix| key.starts_with(prefix));
        let used = named.contains(key) || revisions.contains(key) || change.data.contains_key(key);
        if !ours || used {
            continue;
        }
        match noted.get(key) {
            Some(&begun) if now.saturating_sub(begun) >= KEEP.as_secs() => old.push(key.clone()),
            begun => drop(since.insert(key.clone(), begun.copied().unwrap_or(now))),
        }
    }
    change.data.extend(old.into_iter().map(|key| (key, None)));
    if since != noted {
        let text = (!since.is_empty()).then(|| json!(since).to_string());
        change.annotations.insert(UNNAMED.to_owned(), text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(data: &[(&str, &str)]) -> ConfigMap {
        let data = data.iter().map(|(key, text)| ((*key).to_owned(), (*text).into())).collect();
        ConfigMap { data, ..ConfigMap::default() }
    }

    fn set(data: &[(&str, Option<&str>)]) -> BTreeMap<String, Option<String>> {
        data.iter().map(|(key, text)| ((*key).to_owned(), text.map(Into::into))).collect()
    }

    #[test]
    fn pods_of_a_template_write_once() {
        let entry =
            |data: &[(&str, &str)], template, text| entry(&map(data), template, "a", text).data;
        let template = Some("template.1");
        assert_eq!(entry(&[], template, "{}"), set(&[("template.1", Some("{}"))]));
        assert_eq!(entry(&[("template.1", "{}")], template, "{}"), set(&[]));
        // One that says something else says it alone, until it says the same.
        let other = [("template.1", "{}")];
        assert_eq!(entry(&other, template, "[]"), set(&[("pod.a", Some("[]"))]));
        let both = [("template.1", "{}"), ("pod.a", "[]")];
        assert_eq!(entry(&both, template, "[]"), set(&[]));
        assert_eq!(entry(&both, template, "{}"), set(&[("pod.a", None)]));
        assert_eq!(entry(&[], None, "{}"), set(&[("pod.a", Some("{}"))]));
        assert_eq!(entry(&[("pod.a", "{}")], None, "{}"), set(&[]));
    }

    /// The annotation of a pod of Dubbo Java (`tests/vectors/kubernetes_annotation.md`).
    fn of_java() -> String {
        let file = include_str!("../../../../tests/vectors/kubernetes_annotation.json");
        let mut all: BTreeMap<String, String> = serde_json::from_str(file).unwrap();
        all.remove("dubbo-java-3.2.8").unwrap()
    }

    #[test]
    fn the_annotation_of_dubbo_java_is_read() {
        let params = params(&of_java()).unwrap();
        let read: Vec<_> = params.iter().map(|(name, value)| (&**name, &**value)).collect();
        let endpoints = r#"[{"port":24880,"protocol":"dubbo"}]"#;
        let service = r#"{"prefer.serialization":"fastjson2,hessian2","version":"1.0.0","dubbo":"2.0.2","release":"3.2.8","side":"provider","port":"24880","protocol":"dubbo"}"#;
        let expected = [
            ("dubbo.endpoints", endpoints),
            ("dubbo.metadata-service.url-params", service),
            ("dubbo.metadata.revision", "3a75a8260fc9ebbedb11c5cbd5ed593d"),
            ("timestamp", "1796015243764"),
        ];
        assert_eq!(read, expected);
    }

    #[test]
    fn an_annotation_is_written_as_dubbo_java_writes_it() {
        let java = of_java();
        let params = params(&java).unwrap();
        let ours = json(&params.clone().into(), "");
        // Member by member to the byte. The order is that of Java's HashMap there and of the names
        // here, and Java reads it into a HashMap again.
        let members: Vec<_> = params
            .iter()
            .map(|(name, value)| format!("{}:{}", json!(&**name), json!(&**value)))
            .collect();
        assert_eq!(ours, format!("{{{}}}", members.join(",")));
        assert_eq!(ours.len(), java.len());
        assert!(members.iter().all(|member| java.contains(member.as_str())), "{java}");
    }

    #[test]
    fn what_no_pod_names_goes_after_a_while() {
        let says = r#"{"dubbo.metadata.revision":"2"}"#;
        let old = r#"{"dubbo.metadata.revision":"1"}"#;
        let mut map = map(&[
            ("template.old", old),
            ("template.new", says),
            ("pod.gone", "{}"),
            ("revision.1", ""),
            ("revision.2", ""),
            ("revision.3", ""),
            ("not.ours", ""),
        ]);
        let named: BTreeSet<String> = ["template.new", "pod.here"].map(Into::into).into();
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let mut change = Change::default();
        prune(&map, &named, at(10), &mut change);
        assert_eq!(change.data, set(&[]));
        let noted = change.annotations[UNNAMED].clone().unwrap();
        assert_eq!(noted, r#"{"pod.gone":10,"revision.3":10,"template.old":10}"#);
        map.annotations.insert(UNNAMED.to_owned(), noted);
        // Just before the hour nothing happens, and then they go, all but what an entry names.
        let mut change = Change::default();
        prune(&map, &named, at(3609), &mut change);
        assert_eq!(change, Change::default());
        prune(&map, &named, at(3610), &mut change);
        let gone = [("pod.gone", None), ("revision.3", None), ("template.old", None)];
        assert_eq!(change.data, set(&gone));
        assert_eq!(change.annotations[UNNAMED], None);
        // One that a pod names again is no longer noted.
        let named: BTreeSet<String> = ["template.new", "template.old"].map(Into::into).into();
        let mut change = Change::default();
        prune(&map, &named, at(3609), &mut change);
        assert_eq!(change.data, set(&[]));
        let noted = change.annotations[UNNAMED].clone().unwrap();
        assert_eq!(noted, r#"{"pod.gone":10,"revision.3":10}"#);
    }
}
