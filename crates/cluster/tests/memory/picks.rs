//! The allocations of a pick.

use std::sync::Arc;

use dubhe_cluster::balance::{Published, Sticky, named};
use dubhe_core::balance::{Balance, Selection};
use dubhe_core::endpoint::{Endpoints, Level, ServiceParams};
use dubhe_core::payload::Args;
use dubhe_core::random::SplitMix;
use dubhe_core::{
    Call, CallView, Endpoint, Head, Instance, Method, Offer, Payload, ServiceKey, Value,
};
use dubhe_net::time::{TokioClock, now};
use stats_alloc::Region;

use crate::ALLOCATOR;

fn endpoint(port: u16) -> Endpoint {
    let weight = (port % 5).to_string();
    let params = [("weight", &*weight), ("pay.weight", "7"), ("find.loadbalance", "random")];
    let params = params.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
    Endpoint::new(
        Arc::new(Instance { host: "10.0.0.1".into(), ..Instance::default() }),
        Offer { protocol: "dubbo".into(), port },
        Arc::new(ServiceParams::new(&params)),
    )
}

/// Checks that no balancer allocates anything for a pick, once it has seen the method.
pub(crate) fn allocate_nothing() {
    let (random, now) = (Arc::new(SplitMix::new(1)), now());
    let set = Arc::new(Endpoints::new((1..=50).map(endpoint)));
    let from = Selection::new(&set, None, now);
    let method = Arc::new(Method::java("pay", "Ljava/lang/String;D"));
    let head = Head::new(Arc::new(ServiceKey::interface_only("a.B")), method);
    let args = Args::Values(Arc::new([Value::from("user-1"), Value::Double(1.5)]));
    let call = Call::new(head, Payload::Args(args));
    for name in ["random", "roundrobin", "leastactive", "shortestresponse", "consistenthash", "p2c"]
    {
        let balance = named(name, random.clone(), Arc::new(TokioClock)).unwrap();
        let published = Published::new(random.clone(), Arc::new(TokioClock)).with_default(balance);
        let sticky = Sticky::new(Arc::new(published)).set(name == "random", Level::Service);
        let prepared = sticky.prepare(&from);
        let pick = || prepared.pick(&CallView::new(&call, None), &from, now).is_some();
        assert!(pick(), "{name}");
        let region = Region::new(ALLOCATOR);
        assert!((0..100).all(|_| pick()));
        let change = region.change();
        assert_eq!(change.allocations + change.reallocations, 0, "{name}: {change:?}");
    }
}
