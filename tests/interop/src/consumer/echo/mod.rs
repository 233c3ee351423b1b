//! Values that come back as they went.

mod containers;
mod objects;
mod scalars;
mod values;

use std::fmt::Debug;
use std::future::Future;

use dubhe::Status;

use super::cases::Cases;
use crate::java::api::GreetServiceClient;

pub(crate) use values::user;

/// Calls every method that gives back its argument.
pub(crate) async fn run(cases: &mut Cases, s: &GreetServiceClient) {
    scalars::run(cases, s).await;
    objects::run(cases, s).await;
    containers::run(cases, s).await;
}

/// Calls with each value in turn; it must come back.
async fn echo<T, F>(
    cases: &mut Cases,
    method: &str,
    values: impl IntoIterator<Item = T>,
    call: impl Fn(T) -> F,
) where
    T: Clone + PartialEq + Debug,
    F: Future<Output = Result<T, Status>>,
{
    for (i, value) in values.into_iter().enumerate() {
        cases.equal(format!("{method}/{i}"), value.clone(), call(value)).await;
    }
}
