//! A fault strategy: a second attempt beside the first one when that is slow. The reply that comes
//! first counts, and dropping the other attempt cancels it.

use dubhe::prelude::*;
use dubhe_examples::{First, UsersClient, hung, show, users};
use futures_util::{FutureExt as _, future::select_ok};

/// Hedges calls that may run twice, where two providers are there.
async fn hedge(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let two = attempts.is_repeatable() && attempts.candidates(&call).len() > 1;
    let Some(again) = call.try_clone().filter(|_| two) else { return attempts.next(call).await };
    let first = attempts.next(call);
    let second = async {
        attempts.sleep(std::time::Duration::from_millis(50)).await;
        attempts.next(again).await
    };
    // The first reply, or the last error.
    select_ok([first.boxed(), second.boxed()]).await.map(|(reply, _)| reply)
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (slow, fast) = (hung().await?, users().await?);
    let client = App::builder("fault-strategy").build()?.client::<UsersClient>();
    let client = client.url(&format!("dubbo://{};dubbo://{}", slow.addr(), fast.addr()));
    show(&client.balance(First).fault(Fault::strategy(hedge)).build()?).await
}
