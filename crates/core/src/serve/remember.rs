//! Targets that a protocol remembers from one call to the next.

use std::fmt;
use std::sync::{Arc, Weak};

use super::Target;
use crate::gate::{Gates, RememberedGates};
use crate::invoke::Invoke;

/// The gates and the handler of a target that was found earlier, see [`Target::remember`].
#[derive(Clone)]
pub struct RememberedTarget {
    gates: RememberedGates,
    invoke: Remembered<dyn Invoke>,
}

/// A value that is kept only where nobody else keeps it.
pub(crate) enum Remembered<T: ?Sized> {
    /// Its dispatch keeps it for as long as it is exported.
    Shared(Weak<T>),
    /// It was made for one look-up.
    Own(Arc<T>),
}

impl Target {
    /// Returns a handle with which a protocol finds the same gates and the same handler again. It
    /// does not keep alive what the dispatch keeps: a service that is removed is dropped, however
    /// long the connection is idle. What the dispatch made for this look-up alone is kept.
    ///
    /// To be called with the only copy of what [`Dispatch::find`](super::Dispatch::find) returned.
    pub fn remember(&self) -> RememberedTarget {
        let (gates, invoke) = (self.gates.remember(), Remembered::new(&self.invoke));
        RememberedTarget { gates, invoke }
    }
}

impl RememberedTarget {
    /// Returns the gates and the handler, `None` once the dispatch has dropped them.
    pub fn get(&self) -> Option<(Gates, Arc<dyn Invoke>)> {
        Some((self.gates.get()?, self.invoke.get()?))
    }
}

impl fmt::Debug for RememberedTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RememberedTarget").finish_non_exhaustive()
    }
}

impl<T: ?Sized> Remembered<T> {
    pub(crate) fn new(value: &Arc<T>) -> Self {
        if Arc::strong_count(value) > 1 {
            Self::Shared(Arc::downgrade(value))
        } else {
            Self::Own(value.clone())
        }
    }

    #[inline]
    pub(crate) fn get(&self) -> Option<Arc<T>> {
        match self {
            Self::Shared(value) => value.upgrade(),
            Self::Own(value) => Some(value.clone()),
        }
    }
}

impl<T: ?Sized> Clone for Remembered<T> {
    fn clone(&self) -> Self {
        match self {
            Self::Shared(value) => Self::Shared(value.clone()),
            Self::Own(value) => Self::Own(value.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_value_goes_with_its_owner_and_an_own_one_stays() {
        let (kept, made) = (Arc::new(1), Arc::new(2));
        let owner = kept.clone();
        let (shared, own) = (Remembered::new(&kept), Remembered::new(&made));
        drop((kept, made));
        assert_eq!(shared.get().as_deref(), Some(&1));
        drop(owner);
        assert_eq!(shared.get(), None);
        assert_eq!(own.get().as_deref(), Some(&2));
    }
}
