//! A registry of your own: the providers are a list of addresses, as an environment variable
//! might hold it.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe::registry::{Registering, Registration, Registry, Snapshots, fixed, provider_url};
use dubhe::{ServiceKey, Url};
use dubhe_examples::{UsersClient, users};

struct List(String);

impl Registry for List {
    /// The list is fixed: no provider is added.
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let urls = self.0.split(',').filter_map(|address| Url::parse(address, "dubbo").ok());
        let with_service = |provider| Registration { service: service.clone(), ..provider };
        let providers = urls.map(|url| with_service(provider_url::from_url(&url))).collect();
        Box::pin(async { Ok(fixed(providers)) })
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (one, other) = (users().await?, users().await?);
    let list = List(format!("{},{}", one.addr(), other.addr()));
    let app = App::builder("consumer").registry_instance(list).build()?;
    let users = app.client::<UsersClient>().build()?;
    println!("found {:?}", users.get_user(1).await?.map(|user| user.name));
    Ok(())
}
