//! Targets that a protocol remembers from one call to the next.

use std::fmt;
use std::sync::Arc;

use super::Target;
use crate::gate::{Gates, RememberedGates};
use crate::invoke::Invoke;
use crate::remembered::Remembered;

/// The gates and the handler of a target that was found earlier, see [`Target::remember`].
#[derive(Clone)]
pub struct RememberedTarget {
    gates: RememberedGates,
    invoke: Remembered<dyn Invoke>,
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
