//! The decoders of what the API server sends, for the fuzz targets alone.

use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::documents::DocumentKey;
use dubhe_core::endpoint::Params;
use dubhe_registry::application::InstanceSnapshot;
use serde_json::Value;
use tokio::sync::watch;

use crate::events::{Event, Named};
use crate::follow::Sink as _;
use crate::lines::Lines;
use crate::objects::{ApplicationMetadata, Object, Pod, Service, ServiceImport, Slice};
use crate::snapshot::{Choice, View, snapshot};
use crate::state::{ClusterState, Shared, Table, TableSink};

/// Reads the pieces of one answer as watches over each kind of object, and returns the instances of
/// `application` that they tell of.
pub fn instances<'a>(
    application: &str,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> InstanceSnapshot {
    let (shared, changed) = (Arc::new(Shared::default()), watch::Sender::new(()));
    let mut lines = Lines::default();
    for piece in pieces {
        lines.push(&Bytes::copy_from_slice(piece));
        while let Ok(Some(line)) = lines.next() {
            let Ok(event) = serde_json::from_slice::<Value>(&line) else { break };
            apply::<Service>(&shared, &changed, &event, |state| &mut state.services);
            apply::<Slice>(&shared, &changed, &event, |state| &mut state.slices);
            apply::<Pod>(&shared, &changed, &event, |state| &mut state.pods);
            apply::<ApplicationMetadata>(&shared, &changed, &event, |state| &mut state.metadata);
            apply::<ServiceImport>(&shared, &changed, &event, |state| &mut state.imports);
        }
    }
    let choice = Choice { multicluster: true, ..Choice::default() };
    let view = View { name: None, region: None, state: &shared.state.lock() };
    snapshot(&application.into(), &[view], &choice)
}

fn apply<O: Object>(
    shared: &Arc<Shared>,
    changed: &watch::Sender<()>,
    event: &Value,
    table: fn(&mut ClusterState) -> &mut Table<O>,
) {
    let mut sink = TableSink { shared: shared.clone(), table, changed: changed.clone() };
    match Event::read(event.clone()) {
        Event::Applied(Named { name, object, .. }) => sink.apply(name, object),
        Event::Removed(Named::<O> { name, .. }) => sink.remove(&name),
        Event::Bookmark { .. } | Event::Gone | Event::Failed { .. } | Event::Other => {}
    }
}

/// The document that an entry of a ConfigMap is, and the name of the entry that it is written to.
pub fn document(kind: &str, of: &str, entry: &str) -> Option<(DocumentKey, Option<String>)> {
    let key = crate::documents::document_key(kind, of, entry)?;
    let written = crate::documents::location(&key).ok().map(|location| location.key);
    Some((key, written))
}

/// The parameters in an entry or an annotation, and the text that says the same.
pub fn params(text: &str) -> Option<(Params, String)> {
    let params = crate::objects::params(text).ok()?;
    let text = crate::register::json(&params.clone().into(), "");
    Some((params, text))
}
