//! A router: calls stay in one zone. It looks at each provider once for each set.

use dubhe::prelude::*;
use dubhe::router::{Bitmap, Endpoints, PreparedRouter, Router, Trace};
use dubhe_examples::Fleet;

struct Zone(&'static str);
struct InZone(Bitmap);

impl Router for Zone {
    fn prepare(&self, set: &std::sync::Arc<Endpoints>) -> Box<dyn PreparedRouter> {
        let here = |e: &Endpoint| e.instance().zone.as_deref() == Some(self.0);
        let mut zone = Bitmap::empty(set.len());
        set.iter().enumerate().filter(|(_, e)| here(e)).for_each(|(place, _)| zone.insert(place));
        Box::new(InZone(zone))
    }
}

impl PreparedRouter for InZone {
    fn narrow(&self, _: &CallView<'_>, set: &mut Bitmap, _: Instant, _: Option<&mut Trace>) {
        set.intersect(&self.0);
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let fleet = Fleet::start().await?;
    fleet.call(20, &fleet.client().router(Zone("hz")).build()?).await
}
