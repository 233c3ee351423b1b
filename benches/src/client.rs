//! The load.

use std::time::{Duration, Instant};

use bytes::Bytes;
use dubhe::prelude::*;
use hdrhistogram::Histogram;
use serde_json::json;

use crate::ClientArguments;
use crate::echo::EchoClient;

type Error = Box<dyn std::error::Error>;

/// What one caller saw.
struct Seen {
    latencies: Histogram<u64>,
    errors: u64,
    first_error: Option<String>,
}

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]
pub(crate) async fn run(arguments: &ClientArguments) -> Result<(), Error> {
    let app = App::builder("bench").build()?;
    let url =
        format!("{}://{}?connections={}", arguments.kind.name(), arguments.addr, arguments.conns);
    let echo =
        app.client::<EchoClient>().url(&url).timeout(Duration::from_secs(10)).retries(0).build()?;
    let data: Bytes = (0..=u8::MAX).cycle().take(arguments.size).collect();
    // Connections open with the first calls, before the clock starts.
    for _ in 0..arguments.conns {
        echo.echo(data.clone()).await?;
    }

    // Nanoseconds up to a minute, two digits.
    let mut latencies = Histogram::new_with_bounds(1, 60_000_000_000, 2)?;
    let (cpu, start) = (cpu_time()?, Instant::now());
    let until = start + Duration::from_secs(arguments.seconds);
    let callers: Vec<_> = (0..arguments.concurrency)
        .map(|_| tokio::spawn(call_until(until, echo.clone(), data.clone(), latencies.clone())))
        .collect();
    let (mut errors, mut first_error) = (0, None);
    for caller in callers {
        let seen = caller.await?;
        latencies.add(&seen.latencies)?;
        errors += seen.errors;
        first_error = first_error.or(seen.first_error);
    }
    let took = start.elapsed();
    let cpu = cpu_time()?.saturating_sub(cpu);
    if let Some(error) = first_error {
        eprintln!("first error: {error}");
    }

    let calls = latencies.len();
    let micros = |quantile| latencies.value_at_quantile(quantile) as f64 / 1000.0;
    let report = json!({
        "kind": arguments.kind.name(),
        "calls": calls,
        "errors": errors,
        "rps": calls as f64 / took.as_secs_f64(),
        "p50_us": micros(0.5),
        "p99_us": micros(0.99),
        "p999_us": micros(0.999),
        "cpu_us_per_call": cpu.as_secs_f64() * 1e6 / calls.max(1) as f64,
    });
    println!("{report}");
    Ok(())
}

async fn call_until(
    until: Instant,
    echo: EchoClient,
    data: Bytes,
    latencies: Histogram<u64>,
) -> Seen {
    let mut seen = Seen { latencies, errors: 0, first_error: None };
    let mut now = Instant::now();
    while now < until {
        let reply = echo.echo(data.clone()).await;
        let end = Instant::now();
        let problem = match reply {
            Ok(reply) if reply == data => None,
            Ok(reply) => Some(format!("a wrong reply of {} bytes", reply.len())),
            Err(status) => Some(status.to_string()),
        };
        match problem {
            None => {
                let nanos = u64::try_from((end - now).as_nanos()).unwrap_or(u64::MAX);
                seen.latencies.saturating_record(nanos);
            }
            Some(problem) => {
                seen.errors += 1;
                seen.first_error.get_or_insert(problem);
            }
        }
        now = end;
    }
    seen
}

/// Processor time of this process so far, from Linux's hundredths of a second.
fn cpu_time() -> Result<Duration, Error> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("unreadable /proc/self/stat")?;
    // utime and stime are fields 14 and 15 of the whole line.
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
