//! Every sample, made by the provider and checked by it.

use super::cases::{Cases, agree, same};
use crate::java::api::GreetServiceClient;
use crate::{deep, samples};

pub(super) async fn run(cases: &mut Cases, s: &GreetServiceClient) {
    for (name, sample) in samples::all() {
        let made = async {
            let made = s.make(name.clone()).await?;
            agree(deep::same_any(&sample, &made), &sample, &made)
        };
        cases.check(format!("make/{name}"), made).await;
        let checked = async { same(&true, &s.check(name.clone(), sample.clone()).await?) };
        cases.check(format!("check/{name}"), checked).await;
    }
}
