//! The knowledge of a cluster: the objects that are followed, each kind in a table.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::registry::Health;
use parking_lot::Mutex;
use tokio::sync::watch;

use crate::events::Read;
use crate::follow::Sink;
use crate::objects::{ApplicationMetadata, Pod, Service, ServiceImport, Slice};

/// The currency of a table.
#[derive(Clone, Debug, Default)]
pub(crate) enum Currency {
    /// The first list has not come yet.
    #[default]
    Starting,
    /// The table is followed.
    Current,
    /// The table cannot be followed, for this reason.
    Failed(Status),
}

/// The objects of a kind by name; those that cannot be read with the reason.
#[derive(Debug)]
pub(crate) struct Table<O> {
    pub(crate) objects: BTreeMap<String, Read<O>>,
    pub(crate) currency: Currency,
}

impl<O> Default for Table<O> {
    fn default() -> Self {
        Self { objects: BTreeMap::new(), currency: Currency::default() }
    }
}

impl<O> Table<O> {
    /// An object that could be read.
    pub(crate) fn get(&self, name: &str) -> Option<&O> {
        self.objects.get(name)?.as_ref().ok()
    }
}

/// The knowledge of a cluster.
#[derive(Debug, Default)]
pub(crate) struct ClusterState {
    pub(crate) services: Table<Service>,
    pub(crate) slices: Table<Slice>,
    pub(crate) pods: Table<Pod>,
    /// Metadata by the name of the ConfigMap.
    pub(crate) metadata: Table<ApplicationMetadata>,
    /// Imports, which are followed when the options say so; else there are none.
    pub(crate) imports: Table<ServiceImport>,
}

impl ClusterState {
    fn currencies(&self) -> [&Currency; 5] {
        [
            &self.slices.currency,
            &self.pods.currency,
            &self.metadata.currency,
            &self.services.currency,
            &self.imports.currency,
        ]
    }

    /// Returns `true` once every kind has been listed or has failed to be.
    pub(crate) fn is_known(&self) -> bool {
        self.currencies().iter().all(|currency| !matches!(currency, Currency::Starting))
    }

    /// The currency of instances.
    pub(crate) fn health(&self) -> Health {
        let current = |currency: &&Currency| matches!(currency, Currency::Current);
        if self.currencies().iter().all(current) { Health::Fresh } else { Health::Stale }
    }

    /// The first of the reasons why a kind cannot be followed.
    pub(crate) fn failure(&self) -> Option<Status> {
        self.currencies().into_iter().find_map(|currency| match currency {
            Currency::Failed(status) => Some(status.clone()),
            Currency::Starting | Currency::Current => None,
        })
    }
}

/// The state of a cluster, shared by those who follow and those who read.
#[derive(Default)]
pub(crate) struct Shared {
    pub(crate) state: Mutex<ClusterState>,
}

/// A sink of a kind of object.
pub(crate) struct TableSink<O> {
    pub(crate) shared: Arc<Shared>,
    pub(crate) table: fn(&mut ClusterState) -> &mut Table<O>,
    /// The bell of every change, of whatever cluster.
    pub(crate) changed: watch::Sender<()>,
}

impl<O> TableSink<O> {
    /// Changes the table, and tells so when `change` says that it did.
    fn change(&self, change: impl FnOnce(&mut Table<O>) -> bool) {
        let changed = change((self.table)(&mut self.shared.state.lock()));
        if changed {
            self.changed.send_replace(());
        }
    }
}

impl<O: PartialEq + Send + 'static> Sink<O> for TableSink<O> {
    fn replace(&mut self, all: Vec<(String, Read<O>)>) {
        self.change(|table| {
            let all = all.into_iter().collect();
            let changed = table.objects != all;
            table.objects = all;
            changed
        });
    }

    fn apply(&mut self, name: String, object: Read<O>) {
        // Most changes of a pod, such as of its status, are none of what is read of it.
        self.change(|table| {
            let changed = table.objects.get(&name) != Some(&object);
            table.objects.insert(name, object);
            changed
        });
    }

    fn remove(&mut self, name: &str) {
        self.change(|table| table.objects.remove(name).is_some());
    }

    fn current(&mut self) {
        self.change(|table| {
            let changed = !matches!(table.currency, Currency::Current);
            table.currency = Currency::Current;
            changed
        });
    }

    fn failed(&mut self, status: Status) {
        self.change(|table| {
            table.currency = Currency::Failed(status);
            true
        });
    }
}
