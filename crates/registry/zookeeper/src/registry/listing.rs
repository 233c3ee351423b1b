//! The services of an ensemble.

use std::collections::BTreeSet;

use dubhe_core::ServiceKey;
use dubhe_registry::names;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use crate::client::{Client, Error};
use crate::ensemble::READS_AT_ONCE;

/// The nodes beside those of interfaces, under a root that they share.
const OTHERS: [&str; 3] = ["config", "mapping", "metadata"];

/// The services below `root`, sorted: each group and version that a provider has, and an interface alone
/// where its providers have gone.
pub(super) async fn list(client: &Client, root: &str) -> Result<Vec<ServiceKey>, Error> {
    let nodes = match client.list(if root.is_empty() { "/" } else { root }).await {
        Err(Error::NoNode) => return Ok(Vec::new()),
        nodes => nodes?,
    };
    let nodes = nodes.into_iter().filter(|node| !OTHERS.contains(&&**node));
    let services = stream::iter(nodes).map(|node| async move {
        let providers = match client.list(&format!("{root}/{node}/providers")).await {
            // An application, or nothing of ours.
            Err(Error::NoNode) => return Ok(BTreeSet::new()),
            providers => providers?,
        };
        let interface = names::decode(&node);
        let of = |name: &String| {
            let service = names::parse(name)?.service;
            let (group, version) = (service.group().clone(), service.version().clone());
            Some(ServiceKey::new(&*interface, group, version))
        };
        let mut services: BTreeSet<_> = providers.iter().filter_map(of).collect();
        if services.is_empty() {
            services.insert(ServiceKey::new(&*interface, "", ""));
        }
        Ok::<_, Error>(services)
    });
    let all: Vec<_> = services.buffered(READS_AT_ONCE).try_collect().await?;
    Ok(all.into_iter().flatten().collect::<BTreeSet<_>>().into_iter().collect())
}
