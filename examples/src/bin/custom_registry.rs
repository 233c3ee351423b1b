//! A registry of one's own: here the providers are a list of addresses, as an environment
//! variable might hold it.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use dubhe::ServiceKey;
use dubhe::prelude::*;
use dubhe::registry::{Health, Registering, Registration, Registry, Snapshot, Snapshots};
use dubhe::registry::{Instance, Offer};
use dubhe_examples::{UsersClient, users};
use futures_util::{StreamExt, stream};

/// `host:port,host:port`
struct List(String);

impl Registry for List {
    /// Nobody announces itself to a list.
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    /// The whole list now, and nothing new ever after.
    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let provider = |address: &str| {
            let (host, port) = address.trim().rsplit_once(':')?;
            let instance = Instance { host: host.into(), ..Instance::default() };
            Some(Registration {
                service: service.clone(),
                instance: Arc::new(instance),
                offer: Offer { protocol: "dubbo".into(), port: port.parse().ok()? },
                params: Arc::default(),
            })
        };
        let providers = self.0.split(',').filter_map(provider).collect();
        let all = Snapshot { providers, health: Health::Fresh };
        let snapshots: Snapshots = Box::pin(stream::iter([all]).chain(stream::pending()));
        Box::pin(async { Ok(snapshots) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (one, other) = (users().await?, users().await?);
    let list = List(format!("{}, {}", one.addr(), other.addr()));

    let app = App::builder("consumer").registry_instance(list).build()?;
    let users = app.client::<UsersClient>().build()?;
    println!("found {:?}", users.get_user(1).await?.map(|user| user.name));
    println!("knows {} providers", users.client().providers().len());
    Ok(())
}
