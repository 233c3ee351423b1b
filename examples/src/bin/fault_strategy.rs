//! A fault strategy: a second attempt beside the first one when that is slow. What comes first counts,
//! unless it is an error that the other may mend; dropping the other attempt cancels it.

use dubhe::prelude::*;
use dubhe_examples::{First, UsersClient, hung, show, users};
use futures_util::future::{Either, select};

/// Hedges calls that may run twice, where two providers are there.
pub(crate) async fn hedge(call: Call, attempts: Attempts) -> Result<Reply, Status> {
    let two = attempts.is_repeatable() && attempts.candidates(&call).len() > 1;
    let Some(again) = call.try_clone().filter(|_| two) else { return attempts.next(call).await };
    let slow = attempts.sleep(std::time::Duration::from_millis(50));
    let (outcome, other) = match select(attempts.next(call), slow).await {
        Either::Left((outcome, _)) => (outcome, Either::Left(attempts.next(again))),
        Either::Right(((), first)) => select(first, attempts.next(again)).await.factor_first(),
    };
    match outcome {
        Err(status) if attempts.may_repeat(&status) => other.await,
        outcome => outcome,
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let (slow, fast) = (hung().await?, users().await?);
    let client = App::builder("fault-strategy").build()?.client::<UsersClient>();
    let client = client.url(&format!("dubbo://{};dubbo://{}", slow.addr(), fast.addr()));
    show(&client.balance(First).fault(Fault::strategy(hedge)).build()?).await
}
