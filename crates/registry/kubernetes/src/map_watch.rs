//! Watches over single ConfigMaps.

use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::{Arc, Weak};

use dubhe_core::Status;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::events::Read;
use crate::follow::{Follow, Sink, encode};
use crate::maps::Maps;
use crate::objects::ConfigMap;
use crate::state::Currency;

/// A ConfigMap as it is followed.
#[derive(Default)]
pub(crate) struct MapState {
    pub(crate) map: Option<ConfigMap>,
    pub(crate) currency: Currency,
}

struct MapSink(watch::Sender<MapState>);

impl Sink<ConfigMap> for MapSink {
    fn replace(&mut self, all: Vec<(String, Read<ConfigMap>)>) {
        let map = all.into_iter().next().and_then(|(_, map)| map.ok());
        self.0.send_modify(|state| state.map = map);
    }

    fn apply(&mut self, _: String, map: Read<ConfigMap>) {
        // What cannot be read was logged, and what was there before stays.
        if let Ok(map) = map {
            self.0.send_modify(|state| state.map = Some(map));
        }
    }

    fn remove(&mut self, _: &str) {
        self.0.send_modify(|state| state.map = None);
    }

    fn current(&mut self) {
        self.0.send_modify(|state| state.currency = Currency::Current);
    }

    fn failed(&mut self, status: Status) {
        self.0.send_modify(|state| state.currency = Currency::Failed(status));
    }
}

/// The watch over one ConfigMap, shared by those of its keys, which ends with the last of them.
pub(crate) struct MapWatch {
    states: watch::Receiver<MapState>,
    task: AbortHandle,
}

impl MapWatch {
    /// The states, the present one first.
    pub(crate) fn states(&self) -> watch::Receiver<MapState> {
        self.states.clone()
    }
}

impl Drop for MapWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The ConfigMaps that are watched, by name.
#[derive(Default)]
pub(crate) struct MapWatches(Mutex<HashMap<String, Weak<MapWatch>>>);

impl MapWatches {
    /// The watch over a ConfigMap, which begins unless there is one.
    pub(crate) fn watch(&self, name: &str, maps: &Maps, runtime: &Handle) -> Arc<MapWatch> {
        let mut all = self.0.lock();
        all.retain(|_, watch| watch.strong_count() > 0);
        if let Some(known) = all.get(name).and_then(Weak::upgrade) {
            return known;
        }
        let (sink, states) = watch::channel(MapState::default());
        let follow = Follow::<ConfigMap, _> {
            api: maps.api.clone(),
            selector: format!("fieldSelector={}", encode(&format!("metadata.name={name}"))),
            backoff: maps.backoff,
            random: maps.random.clone(),
            sink: MapSink(sink),
            kind: PhantomData,
        };
        let task = runtime.spawn(follow.run()).abort_handle();
        let watch = Arc::new(MapWatch { states, task });
        all.insert(name.to_owned(), Arc::downgrade(&watch));
        watch
    }
}
