//! A gateway: calls of the services that it knows go on to their providers undecoded, from dubbo to
//! Triple and back.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use dubhe::dispatch::{Dispatch, Gates, Overload, Target, Wanted};
use dubhe::prelude::*;
use dubhe::{Client, Invoke, Invoking, Method, ServiceKey};
use dubhe_examples::{UsersClient, users};

/// The way to the providers of one service.
struct Route {
    service: Arc<ServiceKey>,
    to: Arc<Forward>,
}

impl Dispatch for Route {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let Wanted { interface, group, version, method, overload } = wanted;
        if ServiceKey::new(interface, group, version) != *self.service {
            return Err(Status::unimplemented(format!("there is no route to {interface}")));
        }
        let types = match overload {
            Overload::Types(types) => types,
            // Over Triple the types are in the body: any will do until it is there and tells them.
            _ => "",
        };
        Ok(Target {
            service: self.service.clone(),
            method: Arc::new(Method::java(method, types)),
            params: Arc::default(),
            gates: Gates::default(),
            invoke: self.to.clone(),
        })
    }
}

/// Sends each call on, with its attachments and its deadline, and its reply back.
struct Forward(Client);

impl Invoke for Forward {
    fn invoke(&self, call: Call) -> Invoking {
        let client = self.0.clone();
        Invoking::boxed(async move {
            let Call { head, body } = call;
            let mut options = CallOptions::new();
            for (key, value) in head.metadata.iter() {
                options = options.attachment(key.clone(), value.clone());
            }
            if let Some(deadline) = head.deadline {
                options = options.deadline(deadline);
            }
            client.send(&head.method, body, &options).await
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let provider = users().await?;
    let app = App::builder("forward").build()?;
    let service = ServiceKey::interface_only("org.example.Users").with_version("1.0.0");
    for (from, to) in [("dubbo", "tri"), ("tri", "dubbo")] {
        let url = format!("{to}://{}", provider.addr());
        let client = app.client::<Client>().service(service.clone()).url(&url).build()?;
        let route = Route { service: Arc::new(service.clone()), to: Arc::new(Forward(client)) };
        let gateway = Server::builder().dispatch(route).start("127.0.0.1:0").await?;

        let url = format!("{from}://{}", gateway.addr());
        let users = app.client::<UsersClient>().url(&url).build()?;
        let (user, all) = (users.get_user(1).await?, users.list().await?);
        println!("{from} to {to}: {:?} of {}", user.map(|user| user.name), all.len());
        gateway.stop().await;
    }
    Ok(())
}
