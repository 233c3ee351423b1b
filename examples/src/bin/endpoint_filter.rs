//! A filter around one attempt, with its provider in the head of the call: the outcome of each
//! attempt, also of those that the caller never hears of.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;
use dubhe_examples::{UsersClient, users};

async fn outcomes(call: Call, next: Next) -> Result<Reply, Status> {
    let provider = call.head.provider.clone();
    let outcome = next.run(call).await;
    if let Some(provider) = provider {
        let end = outcome.as_ref().err().map(|status| status.code().to_string());
        println!("{provider}: {}", end.as_deref().unwrap_or("OK"));
    }
    outcome
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (here, gone) = (users().await?, users().await?);
    let client = App::builder("endpoint-filter").build()?.client::<UsersClient>();
    let client = client.url(&format!("dubbo://{};dubbo://{}", here.addr(), gone.addr()));
    gone.stop().await;
    client.endpoint_filter(outcomes).build()?.get_user(1).await.map(drop)
}
