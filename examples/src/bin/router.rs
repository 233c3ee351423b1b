//! A router: calls stay in one zone.

use std::sync::Arc;

use dubhe::prelude::*;
use dubhe::router::{Bitmap, Endpoints, PreparedRouter, Router, Trace};
use dubhe_examples::{Fleet, UsersClient};

struct Zone(&'static str);
struct InZone(Bitmap);

impl Router for Zone {
    /// Looks at each provider, once for each set.
    fn prepare(&self, set: &Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let mut here = Bitmap::empty(set.len());
        let zone = |e: &Endpoint| e.instance().zone.as_deref() == Some(self.0);
        let inside = set.iter().enumerate().filter(|(_, e)| zone(e));
        inside.for_each(|(place, _)| here.insert(place));
        Box::new(InZone(here))
    }
}

impl PreparedRouter for InZone {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, _: Option<&mut Trace>) {
        set.intersect(&self.0);
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let fleet = Fleet::start().await?;
    let users = fleet.app().client::<UsersClient>().router(Zone("hz"));
    fleet.call(20, &users.build()?).await
}
