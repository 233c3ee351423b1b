//! An immutable set of endpoints.

use std::fmt;
use std::sync::Arc;

use super::endpoint::Endpoint;
use super::explanation::DirectoryState;

/// The currency of a set of endpoints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Health {
    /// The registry is connected, and the set is current.
    #[default]
    Fresh,
    /// The registry is not connected; the set is the last one known.
    Stale,
}

/// The endpoints of a service at one moment; replaced whole.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Endpoint; pub mod directory { pub use dubhe_core::endpoint::{Endpoints, Health}; } }
/// use dubhe::Endpoint;
/// use dubhe::directory::{Endpoints, Health};
///
/// let set = Endpoints::new([Endpoint::of("dubbo", "10.0.0.1", 20880)]);
/// assert_eq!(set.len(), 1);
/// // What a directory says while its source cannot be asked:
/// let old = set.with_health(Health::Stale).with_failure(|| Some("the file is gone".to_owned()));
/// assert_eq!(old.failure().as_deref(), Some("the file is gone"));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    list: Vec<Endpoint>,
    number: u64,
    health: Health,
    failure: Failure,
    unusable: Option<Arc<str>>,
    explanation: Explanation,
}

/// Asks the source of a set for its last error.
#[derive(Clone, Default)]
struct Failure(Option<Arc<dyn Fn() -> Option<String> + Send + Sync>>);

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Failure")
    }
}

/// Asks the source of a set for its account.
#[derive(Clone, Default)]
struct Explanation(Option<Arc<Explain>>);

type Explain = dyn Fn(&Endpoints) -> DirectoryState + Send + Sync;

impl fmt::Debug for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Explanation")
    }
}

impl Endpoints {
    /// The set of these endpoints.
    pub fn new(list: impl IntoIterator<Item = Endpoint>) -> Self {
        Self { list: list.into_iter().collect(), ..Self::default() }
    }

    /// The same set with other endpoints.
    pub fn with_endpoints(mut self, list: impl IntoIterator<Item = Endpoint>) -> Self {
        self.list = list.into_iter().collect();
        self
    }

    /// Numbers the set; a directory counts its sets, from 1. 0 by default.
    pub fn with_number(mut self, number: u64) -> Self {
        self.number = number;
        self
    }

    /// Sets the currency of the set.
    pub fn with_health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }

    /// Adds the way to ask the source of the set, such as a registry, for its last error.
    pub fn with_failure(
        mut self,
        failure: impl Fn() -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.failure = Failure(Some(Arc::new(failure)));
        self
    }

    /// Returns the last error of the source of the set, if it has one now.
    pub fn failure(&self) -> Option<String> {
        self.failure.0.as_ref()?()
    }

    /// Adds the way to ask the source of the set for an account of it.
    pub fn with_explanation(
        mut self,
        explain: impl Fn(&Self) -> DirectoryState + Send + Sync + 'static,
    ) -> Self {
        self.explanation = Explanation(Some(Arc::new(explain)));
        self
    }

    /// Returns the account that the source of the set gives of it now: what each registry says, and why
    /// instances are not used. `None` for a set that is from no registry.
    pub fn explain(&self) -> Option<DirectoryState> {
        Some(self.explanation.0.as_ref()?(self))
    }

    /// Adds the reason why providers that are registered are not in the set.
    pub fn with_unusable(mut self, why: impl Into<Arc<str>>) -> Self {
        self.unusable = Some(why.into());
        self
    }

    /// Returns the reason why providers that are registered are not in the set, if there are such.
    pub fn unusable(&self) -> Option<&str> {
        self.unusable.as_deref()
    }

    /// The number of the set.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// The currency of the set.
    pub fn health(&self) -> Health {
        self.health
    }

    /// The number of endpoints.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Returns `true` if there is none.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Endpoint `i`.
    pub fn get(&self, i: usize) -> Option<&Endpoint> {
        self.list.get(i)
    }

    /// The endpoints, in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Endpoint> {
        self.list.iter()
    }
}

impl<'a> IntoIterator for &'a Endpoints {
    type Item = &'a Endpoint;
    type IntoIter = std::slice::Iter<'a, Endpoint>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
