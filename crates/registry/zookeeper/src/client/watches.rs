//! Watches that fire once.

use std::collections::HashMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::sync::oneshot;

use crate::wire::{Event, EventKind};

/// A future that ends once: when what is watched changed, or when the session was lost and it may
/// have.
///
/// ```
/// # mod dubhe { pub mod zookeeper { pub use dubhe_zookeeper::client::{Client, Error, Watch}; } }
/// use dubhe::zookeeper::{Client, Error, Watch};
///
/// /// Waits until a node is there.
/// async fn appears(client: &Client, path: &str) -> Result<(), Error> {
///     loop {
///         let (stat, watch): (_, Watch) = client.stat_watched(path).await?;
///         if stat.is_some() {
///             return Ok(());
///         }
///         watch.await;
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Watch(oneshot::Receiver<()>);

/// The trigger of a [`Watch`]; dropping it fires the watch.
#[derive(Debug)]
pub(super) struct WatchTrigger(oneshot::Sender<()>);

impl Watch {
    pub(super) fn new() -> (WatchTrigger, Self) {
        let (sender, receiver) = oneshot::channel();
        (WatchTrigger(sender), Self(receiver))
    }
}

impl Future for Watch {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.0).poll(cx).map(drop)
    }
}

/// The kind of a watch; the server tells these three apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum WatchKind {
    /// A node that exists.
    Data,
    /// A node that does not exist.
    Absence,
    /// The children of a node.
    Children,
}

/// The watches of a session; those that are left fire when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Watches(HashMap<(WatchKind, String), Vec<WatchTrigger>>);

impl Watches {
    pub(super) fn add(&mut self, what: WatchKind, path: String, fire: WatchTrigger) {
        let all = self.0.entry((what, path)).or_default();
        // Nobody waits for those any more; without this they would pile up.
        all.retain(|fire| !fire.0.is_closed());
        all.push(fire);
    }

    /// Fires those that an event is for.
    pub(super) fn fire(&mut self, event: Event) {
        let kinds: &[WatchKind] = match event.kind {
            EventKind::Created => &[WatchKind::Absence],
            EventKind::DataChanged => &[WatchKind::Data],
            EventKind::ChildrenChanged => &[WatchKind::Children],
            EventKind::Deleted => &[WatchKind::Data, WatchKind::Children],
            EventKind::Connection => &[],
        };
        let mut path = event.path;
        for kind in kinds {
            let key = (*kind, path);
            self.0.remove(&key);
            path = key.1;
        }
    }

    /// The paths that somebody waits for, with what is watched; the others are forgotten.
    pub(super) fn live(&mut self) -> impl Iterator<Item = (WatchKind, &str)> {
        self.0.retain(|_, all| {
            all.retain(|fire| !fire.0.is_closed());
            !all.is_empty()
        });
        self.0.keys().map(|(what, path)| (*what, path.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn event(kind: EventKind, path: &str) -> Event {
        Event { kind, path: path.to_owned() }
    }

    #[test]
    fn an_event_fires_the_watches_of_its_node_and_kind() {
        let mut watches = Watches::default();
        let mut add = |what, path: &str| {
            let (fire, watch) = Watch::new();
            watches.add(what, path.to_owned(), fire);
            watch
        };
        let mut children = add(WatchKind::Children, "/a");
        let mut other = add(WatchKind::Children, "/b");
        let mut data = add(WatchKind::Data, "/a");
        watches.fire(event(EventKind::ChildrenChanged, "/a"));
        assert_eq!((&mut children).now_or_never(), Some(()));
        assert_eq!((&mut data).now_or_never(), None);
        watches.fire(event(EventKind::Deleted, "/a"));
        assert_eq!(data.now_or_never(), Some(()));
        assert_eq!((&mut other).now_or_never(), None);
        drop(watches);
        assert_eq!(other.now_or_never(), Some(()));
    }

    #[test]
    fn a_watch_that_nobody_waits_for_is_forgotten() {
        let mut watches = Watches::default();
        for path in ["/a", "/a", "/b"] {
            let (fire, watch) = Watch::new();
            watches.add(WatchKind::Children, path.to_owned(), fire);
            drop(watch);
        }
        assert_eq!(watches.0[&(WatchKind::Children, "/a".to_owned())].len(), 1);
        assert_eq!(watches.live().count(), 0);
    }
}
