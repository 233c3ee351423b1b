//! A gate: so many calls at once and no more. It is asked before anything of a call is decoded, and a
//! refused call goes to another provider, where there is one and the caller has retries left.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use std::sync::Arc;

use dubhe::gate::{Arrival, Gate};
use dubhe::prelude::*;
use dubhe_examples::{OneUser, UsersClient, UsersServer};
use tokio::sync::{Notify, Semaphore};

/// A limit of the calls that run at once.
struct AtMost(Arc<Semaphore>);

impl Gate for AtMost {
    fn admit(&self, arrival: &Arrival<'_>) -> Result<Guard, Status> {
        let full = |_| {
            let (service, method) = (arrival.service.interface(), &arrival.method.name);
            Status::resource_exhausted(format!("too many calls of {service}.{method}"))
        };
        let permit = self.0.clone().try_acquire_owned().map_err(full)?;
        // Free again once the reply has been written, or the call has ended otherwise.
        Ok(Guard::new(move |_| drop(permit)))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    // Calls wait here until one of them was refused.
    let refused = Arc::new(Notify::new());
    let waits = refused.clone();
    let wait = move |call: Call, next: Next| {
        let waits = waits.clone();
        async move {
            waits.notified().await;
            next.run(call).await
        }
    };
    let users = Export::new(UsersServer::new(OneUser)).gate(AtMost(Arc::new(Semaphore::new(1))));
    let server = Server::builder().service(users.filter(wait)).start("127.0.0.1:0").await?;

    let client = App::builder("gate").build()?.client::<UsersClient>();
    let client = client.url(&format!("dubbo://{}", server.addr())).retries(0).build()?;
    let call = async || match client.get_user(1).await {
        Ok(user) => println!("answered: {:?}", user.map(|user| user.name)),
        Err(status) => {
            println!("refused: {status}");
            refused.notify_one();
        }
    };
    tokio::join!(call(), call());
    Ok(())
}
