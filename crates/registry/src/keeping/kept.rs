//! The two ends of something that is kept in a registry.

use std::fmt;
use std::sync::Arc;

use dubhe_core::Status;
use parking_lot::Mutex;
use tokio::sync::watch;

/// The state of something that is kept.
#[derive(Clone, Debug)]
pub enum KeptState {
    /// The lack of any outcome yet.
    Pending,
    /// The acceptance of the value of this number.
    Placed(u64),
    /// The refusal of the value of this number; trying goes on.
    Refused(u64, Status),
    /// The outcome of taking it back.
    Removed(Result<(), Status>),
}

/// A thing that is kept in a registry; dropping it takes it back.
pub struct Kept<V> {
    /// The wanted value and its number, which rises with every replacement.
    wanted: watch::Sender<(u64, V)>,
    state: watch::Receiver<KeptState>,
}

/// The end that does the work.
pub struct Keeper<V> {
    wanted: watch::Receiver<(u64, V)>,
    state: watch::Sender<KeptState>,
    /// The thing that it replaces, which goes once this is in place.
    before: Arc<dyn Forget>,
    /// The one that had the same address, whose removal would take this one along.
    earlier: Option<watch::Receiver<KeptState>>,
}

/// A place whose content can be forgotten.
pub(super) trait Forget: Send + Sync {
    fn forget(&self);
}

impl<T: Send> Forget for Mutex<Option<T>> {
    fn forget(&self) {
        let before = self.lock().take();
        drop(before);
    }
}

/// Begins to keep a value: the handle, and the end that puts it in place.
pub fn keep<V>(value: V) -> (Kept<V>, Keeper<V>) {
    replacing(0, value, Arc::new(Mutex::new(None::<()>)))
}

/// Begins to keep a value of this number, in the place of what goes once it is there.
pub(super) fn replacing<V>(number: u64, value: V, before: Arc<dyn Forget>) -> (Kept<V>, Keeper<V>) {
    let (sender, wanted) = watch::channel((number, value));
    let (state, receiver) = watch::channel(KeptState::Pending);
    (Kept { wanted: sender, state: receiver }, Keeper { wanted, state, before, earlier: None })
}

impl<V> Kept<V> {
    /// Replaces the value where it is.
    pub(super) fn replace(&self, number: u64, value: V) {
        self.wanted.send_replace((number, value));
    }

    /// The state, which outlives this.
    pub fn state(&self) -> watch::Receiver<KeptState> {
        self.state.clone()
    }

    /// Returns `true` if the value of this number, or a later one, was the last to be taken.
    pub(super) fn is_placed(&self, number: u64) -> bool {
        matches!(*self.state.borrow(), KeptState::Placed(placed) if placed >= number)
    }
}

impl<V> fmt::Debug for Kept<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Kept").field(&*self.state.borrow()).finish()
    }
}

/// Returns `true` when nothing more is done about it.
pub(super) fn has_ended(state: &watch::Receiver<KeptState>) -> bool {
    matches!(*state.borrow(), KeptState::Removed(_)) || state.has_changed().is_err()
}

impl<V: Clone> Keeper<V> {
    /// Begins when another one has ended.
    pub(super) fn wait_for(&mut self, earlier: watch::Receiver<KeptState>) {
        self.earlier = Some(earlier);
    }

    /// Waits until the one before at this address has ended.
    pub(super) async fn earlier_ended(&mut self) {
        if let Some(state) = &mut self.earlier {
            // An error says that its task is gone.
            let _ = state.wait_for(|state| matches!(state, KeptState::Removed(_))).await;
        }
        self.earlier = None;
    }

    /// The wanted value and its number.
    pub fn wanted(&mut self) -> (u64, V) {
        self.wanted.borrow_and_update().clone()
    }

    /// Waits until another value is wanted, or none.
    pub async fn changed(&mut self) {
        // An error says that none is.
        let _ = self.wanted.changed().await;
    }

    /// Returns `true` if nobody wants it any more.
    pub fn is_released(&self) -> bool {
        self.wanted.has_changed().is_err()
    }

    /// Waits until nobody wants it any more.
    pub(super) fn released(&self) -> impl Future<Output = ()> + use<V> {
        let mut wanted = self.wanted.clone();
        async move { while wanted.changed().await.is_ok() {} }
    }

    /// Says that the registry took the value of this number.
    pub fn placed(&self, number: u64) {
        self.state.send_replace(KeptState::Placed(number));
        self.before.forget();
    }

    /// Says that the registry refused the value of this number.
    pub fn refused(&self, number: u64, status: Status) {
        self.state.send_replace(KeptState::Refused(number, status));
    }

    /// Says what came of taking it back.
    pub fn removed(&self, outcome: Result<(), Status>) {
        self.state.send_replace(KeptState::Removed(outcome));
    }
}

impl<V> fmt::Debug for Keeper<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Keeper").field(&*self.state.borrow()).finish()
    }
}
