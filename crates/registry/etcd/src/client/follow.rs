//! The present content of a range, as its followers see it.

use std::sync::Arc;

use dubhe_core::Status;
use tokio::sync::{mpsc, watch};

use super::watcher::Command;
use super::{Entries, KeyRange};

/// The present knowledge of a range.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// The content.
    pub entries: Arc<Entries>,
    /// `true` once the range has been read; before that nothing is known.
    pub is_known: bool,
    /// `true` while changes are heard of.
    pub is_fresh: bool,
    /// The last error, until etcd answers again; none while there is no connection.
    pub error: Option<Status>,
}

/// A range that is followed; dropping it ends that.
#[derive(Debug)]
pub struct Follow {
    view: watch::Receiver<View>,
    _end: End,
}

#[derive(Debug)]
struct End {
    id: u64,
    commands: mpsc::UnboundedSender<Command>,
}

impl Follow {
    pub(super) fn new(
        id: u64,
        range: KeyRange,
        commands: mpsc::UnboundedSender<Command>,
    ) -> (Self, Command) {
        let (sender, mut view) = watch::channel(View::default());
        view.mark_changed();
        let command = Command::Add { id, range, view: sender };
        (Self { view, _end: End { id, commands } }, command)
    }

    /// The view of this moment.
    pub fn view(&self) -> View {
        self.view.borrow().clone()
    }

    /// The next view that is not yet seen, the present one first; `None` once the client is closed.
    pub async fn next(&mut self) -> Option<View> {
        self.view.changed().await.ok()?;
        Some(self.view.borrow_and_update().clone())
    }
}

impl Drop for End {
    fn drop(&mut self) {
        let _ = self.commands.send(Command::Remove { id: self.id });
    }
}
