//! The balancer of a client.

use std::sync::Arc;

use dubhe_cluster::balance::{Ejecting, OutlierLimit, Published, Sticky, named};
use dubhe_cluster::plan::Choice;
use dubhe_core::balance::{Balance, Balancing};
use dubhe_core::endpoint::Level;

use crate::environment::Environment;

/// The balancer that `choice` stands for: what it sets, what providers publish, and what stands around either.
pub(crate) fn of(
    choice: &Choice,
    outliers: Option<OutlierLimit>,
    env: &Environment,
) -> Arc<dyn Balance> {
    let (random, clock) = (env.random(), env.clock());
    let published = || Published::new(random.clone(), clock.clone());
    let balance: Arc<dyn Balance> = match &choice.balance {
        None => Arc::new(published()),
        Some(Balancing::Own(own)) => own.clone(),
        Some(Balancing::Named(name)) => match named(name, random.clone(), clock.clone()) {
            Ok(named) if choice.balance_level == Level::Method => named,
            Ok(named) => Arc::new(published().with_default(named)),
            // The plan has checked the name.
            Err(_) => Arc::new(published()),
        },
    };
    let mut sticky = Sticky::new(balance);
    if let Some(set) = choice.sticky {
        sticky = sticky.set(set, choice.sticky_level);
    }
    match outliers {
        Some(limit) => Arc::new(Ejecting::new(Arc::new(sticky), limit, clock.clone())),
        None => Arc::new(sticky),
    }
}
