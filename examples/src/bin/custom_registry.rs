//! A registry of your own: a fixed list of addresses, as an environment variable might hold it.

use dubhe::prelude::*;
use dubhe::registry::{Registering, Registration, Registry, Snapshots, fixed, provider_url};
use dubhe_examples::{show, users};

struct List(String);

impl Registry for List {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }
    fn subscribe(&self, service: &ServiceKey) -> Registering<'_, Snapshots> {
        let urls = self.0.split(',').filter_map(|url| dubhe::Url::parse(url, "dubbo").ok());
        let of_url =
            |url| Registration { service: service.clone(), ..provider_url::from_url(&url) };
        Box::pin(std::future::ready(Ok(fixed(urls.map(of_url).collect()))))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (one, other) = (users().await?, users().await?);
    let list = List(format!("{},{}", one.addr(), other.addr()));
    show(&App::builder("consumer").registry_instance(list).build()?.client().build()?).await
}
