//! Calls at a rate, whatever becomes of the calls before.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dubhe::{App, Value};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use crate::Error;
use crate::service::ChaosClient;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// A provider's URL; may be repeated.
    #[arg(long)]
    url: Vec<String>,
    /// The registry that knows the providers.
    #[arg(long)]
    registry: Option<String>,
    /// Calls in a second.
    #[arg(long)]
    rate: u32,
    /// Seconds of calls.
    #[arg(long)]
    seconds: u64,
    /// Attempts after the first.
    #[arg(long)]
    retries: Option<u32>,
    /// Milliseconds of an answer that is late.
    #[arg(long, default_value_t = 500)]
    late_ms: u64,
}

#[derive(Default)]
struct Sums {
    answered: AtomicU64,
    failed: AtomicU64,
    late: AtomicU64,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let app = App::builder("chaos");
    let app = arguments.registry.iter().fold(app, |app, url| app.registry(url)).build()?;
    let mut chaos = app.client::<ChaosClient>().timeout(Duration::from_secs(1));
    chaos = arguments.url.iter().fold(chaos, |chaos, url| chaos.url(url));
    chaos = arguments.retries.into_iter().fold(chaos, dubhe::ClientBuilder::retries);
    let chaos = chaos.build_checked(Duration::from_secs(20)).await?;
    println!("ready");

    let sums = Arc::new(Sums::default());
    let late = Duration::from_millis(arguments.late_ms);
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_secs(1) / arguments.rate.max(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let end = Instant::now() + Duration::from_secs(arguments.seconds);
    while Instant::now() < end {
        ticks.tick().await;
        while calls.try_join_next().is_some() {}
        let (chaos, sums) = (chaos.clone(), sums.clone());
        calls.spawn(async move {
            let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
            let begun = Instant::now();
            match chaos.echo(Value::from(1)).await {
                Ok(_) => {
                    sums.answered.fetch_add(1, Ordering::Relaxed);
                    if begun.elapsed() > late {
                        sums.late.fetch_add(1, Ordering::Relaxed);
                        println!("late {at}");
                    }
                }
                Err(status) => {
                    sums.failed.fetch_add(1, Ordering::Relaxed);
                    println!("failed {at} {status}");
                }
            }
        });
    }
    while calls.join_next().await.is_some() {}
    let sum = |count: &AtomicU64| count.load(Ordering::Relaxed);
    let (answered, failed, late) = (sum(&sums.answered), sum(&sums.failed), sum(&sums.late));
    println!(r#"{{"answered":{answered},"failed":{failed},"late":{late}}}"#);
    Ok(())
}
