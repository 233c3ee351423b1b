//! Providers of the protocol `mock`, for calls that ask for them.

use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::router::{Bitmap, Trace};

use super::Stage;

/// The attachment of a call that is for providers of the protocol `mock` (Dubbo Java `INVOCATION_NEED_MOCK`).
const NEED_MOCK: &str = "invocation.need.mock";

/// Keeps calls and providers of the protocol `mock` together (`MockInvokersSelector`).
pub(super) struct Mock {
    mocked: Bitmap,
    /// `true` if there is one.
    any: bool,
}

impl Mock {
    pub(super) fn new(set: &Endpoints) -> Self {
        let mut mocked = Bitmap::empty(set.len());
        for (place, endpoint) in set.iter().enumerate() {
            if &*endpoint.offer().protocol == "mock" {
                mocked.insert(place);
            }
        }
        Self { any: !mocked.is_empty(), mocked }
    }
}

impl Stage for Mock {
    fn narrow(&self, call: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>) {
        let rule = match call.head().metadata.get_str(NEED_MOCK) {
            None if self.any => {
                set.subtract(&self.mocked);
                "for calls that ask for them"
            }
            Some(asked) if asked.eq_ignore_ascii_case("true") => {
                set.intersect(&self.mocked);
                "which the call asks for"
            }
            _ => return,
        };
        if let Some(trace) = trace {
            trace.record("mock", rule, set);
        }
    }
}
