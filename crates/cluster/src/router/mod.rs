//! Routers in a row, prepared once for each set of endpoints.

use std::sync::Arc;

use arc_swap::ArcSwapOption;
use dubhe_core::CallView;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::route::{Bitmap, Prepared, Route, Trace};

/// Routers, asked one after the other.
pub struct Routers {
    routers: Vec<Arc<dyn Route>>,
    prepared: ArcSwapOption<For>,
}

/// Routers prepared for one set.
struct For {
    set: Arc<Endpoints>,
    routers: Vec<Box<dyn Prepared>>,
}

impl Routers {
    /// These routers, in this order.
    pub fn new(routers: Vec<Arc<dyn Route>>) -> Self {
        Self { routers, prepared: ArcSwapOption::empty() }
    }

    /// What the routers leave of `set`; `None` when there is no router, which is "all".
    pub fn narrow(
        &self,
        call: &CallView<'_>,
        set: &Arc<Endpoints>,
        mut trace: Option<&mut Trace>,
    ) -> Option<Bitmap> {
        if self.routers.is_empty() {
            return None;
        }
        let known = self.prepared.load();
        let ready = match &*known {
            Some(ready) if Arc::ptr_eq(&ready.set, set) => ready.clone(),
            _ => {
                let routers = self.routers.iter().map(|r| r.prepare(set)).collect();
                let ready = Arc::new(For { set: set.clone(), routers });
                self.prepared.store(Some(ready.clone()));
                ready
            }
        };
        let mut left = Bitmap::full(set.len());
        for router in &ready.routers {
            router.narrow(call, &mut left, trace.as_deref_mut());
        }
        Some(left)
    }
}

impl std::fmt::Debug for Routers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Routers({})", self.routers.len())
    }
}
