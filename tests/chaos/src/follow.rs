//! A consumer that calls for as long as it lives, and tells who answers.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dubhe::App;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::Error;
use crate::service::ChaosClient;

/// A provider that answers is told of once in this time.
const TOLD_EVERY: Duration = Duration::from_millis(200);

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The registry that knows the providers.
    #[arg(long)]
    registry: String,
    /// The name of the application.
    #[arg(long, default_value = "chaos")]
    app: String,
    /// The folder of the last providers.
    #[arg(long)]
    cache: Option<PathBuf>,
    /// Calls in a second.
    #[arg(long)]
    rate: u32,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let mut app = App::builder(&*arguments.app).registry(&arguments.registry);
    if let Some(folder) = arguments.cache {
        app = app.cache_dir(folder);
    }
    let app = app.build()?;
    let chaos = app.client::<ChaosClient>().timeout(Duration::from_secs(1)).build()?;
    let told = Arc::new(Mutex::new(HashMap::<i64, Instant>::new()));
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / arguments.rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        ticks.tick().await;
        while calls.try_join_next().is_some() {}
        let (chaos, told) = (chaos.clone(), told.clone());
        calls.spawn(async move {
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            match chaos.who().await {
                Ok(who) => {
                    let mut told = told.lock().unwrap_or_else(PoisonError::into_inner);
                    if told.get(&who).is_none_or(|last| last.elapsed() >= TOLD_EVERY) {
                        told.insert(who, Instant::now());
                        println!("seen {at} {who}");
                    }
                }
                Err(status) => println!("failed {at} {status}"),
            }
        });
    }
}
