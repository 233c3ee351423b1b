//! A filter around one attempt, which knows the endpoint: the outcome of each attempt, also of
//! those that the caller never hears of.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe_examples::{UsersClient, users};

struct Outcomes;

impl Hook for Outcomes {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let endpoint = call.head.endpoint.clone();
        Ok(Guard::new(move |end| {
            if let Some(endpoint) = endpoint {
                println!("{endpoint}: {}", end.name());
            }
        }))
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (here, gone) = (users().await?, users().await?);
    let client = App::builder("endpoint-filter").build()?.client::<UsersClient>();
    let client = client.url(&format!("dubbo://{};dubbo://{}", here.addr(), gone.addr()));
    gone.stop().await;
    client.endpoint_hook(Outcomes).build()?.get_user(1).await.map(drop)
}
