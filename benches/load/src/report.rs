//! The results of the callers.

use std::fmt::Display;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use serde_json::json;

use crate::Error;

/// The results of one caller, or of all of them.
#[derive(Clone, Debug)]
pub(crate) struct CallerReport {
    latencies: Histogram<u64>,
    errors: u64,
    first_error: Option<String>,
}

impl CallerReport {
    pub(crate) fn new() -> Result<Self, Error> {
        // Nanoseconds up to a minute, two digits.
        let latencies = Histogram::new_with_bounds(1, 60_000_000_000, 2)?;
        Ok(Self { latencies, errors: 0, first_error: None })
    }

    /// Judges a reply.
    pub(crate) fn reply<R: AsRef<[u8]>, E: Display>(
        &mut self,
        reply: Result<R, E>,
        expected: &[u8],
        latency: Duration,
    ) {
        match reply {
            Ok(reply) if reply.as_ref() == expected => {
                let nanos = u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX);
                self.latencies.saturating_record(nanos);
            }
            Ok(reply) => self.error(format!("a wrong reply of {} bytes", reply.as_ref().len())),
            Err(error) => self.error(error.to_string()),
        }
    }

    pub(crate) fn error(&mut self, what: String) {
        self.errors += 1;
        self.first_error.get_or_insert(what);
    }

    /// The numbers of right and wrong replies, and the first error.
    #[cfg(test)]
    pub(crate) fn outcome(&self) -> (u64, u64, Option<&str>) {
        (self.latencies.len(), self.errors, self.first_error.as_deref())
    }

    fn add(&mut self, other: Self) -> Result<(), Error> {
        self.latencies.add(&other.latencies)?;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
        Ok(())
    }
}

/// The time since the load began, on the clock and of the processor.
pub(crate) struct Clock {
    start: Instant,
    cpu: Duration,
}

impl Clock {
    pub(crate) fn start() -> Result<Self, Error> {
        Ok(Self { start: Instant::now(), cpu: cpu_time()? })
    }

    /// Prints the line of JSON.
    #[allow(clippy::print_stdout, clippy::print_stderr, reason = "it is what the program is for")]
    pub(crate) fn report(self, kind: &str, callers: Vec<CallerReport>) -> Result<(), Error> {
        let took = self.start.elapsed();
        let cpu = cpu_time()?.saturating_sub(self.cpu);
        let mut all = CallerReport::new()?;
        for caller in callers {
            all.add(caller)?;
        }
        if let Some(error) = all.first_error {
            eprintln!("first error: {error}");
        }
        let calls = all.latencies.len();
        let micros = |quantile| all.latencies.value_at_quantile(quantile) as f64 / 1000.0;
        let report = json!({
            "kind": kind,
            "calls": calls,
            "errors": all.errors,
            "rps": calls as f64 / took.as_secs_f64(),
            "p50_us": micros(0.5),
            "p99_us": micros(0.99),
            "p999_us": micros(0.999),
            "cpu_us_per_call": cpu.as_secs_f64() * 1e6 / calls.max(1) as f64,
        });
        println!("{report}");
        Ok(())
    }
}

/// Processor time of this process so far, from Linux's hundredths of a second.
fn cpu_time() -> Result<Duration, Error> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("unreadable /proc/self/stat")?;
    // utime and stime are fields 14 and 15 of the whole line.
    let ticks: u64 = fields.split(' ').skip(11).take(2).filter_map(|f| f.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}
