//! A router: calls stay in one zone.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use dubhe::CallView;
use dubhe::prelude::*;
use dubhe::router::{Bitmap, Endpoints, PreparedRouter, Router, Trace};
use dubhe_examples::{UsersClient, fleet};

/// Leaves the providers whose parameter `zone` is this one.
struct Zone(&'static str);

struct InZone(&'static str, Bitmap);

impl Router for Zone {
    /// Looks at each provider once, when the set has changed.
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let mut here = Bitmap::empty(set.len());
        let zones = set.iter().enumerate().filter(|(_, e)| e.param("zone") == Some(self.0));
        zones.for_each(|(place, _)| here.insert(place));
        Box::new(InZone(self.0, here))
    }
}

impl PreparedRouter for InZone {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, trace: Option<&mut Trace>) {
        set.intersect(&self.1);
        if let Some(trace) = trace {
            trace.record("zone", self.0, set.count());
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (registry, providers) = fleet().await?;
    let app = App::builder("router").registry_instance(registry).build()?;
    let users = app.client::<UsersClient>().router(Zone("hz")).build()?;
    for _ in 0..20 {
        users.get_user(1).await?;
    }
    let called = providers.iter().filter(|provider| provider.connections() > 0).count();
    println!("20 calls went to {called} providers");
    Ok(())
}
