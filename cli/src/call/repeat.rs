//! `--repeat`: one call many times, and how long they took.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::time::Duration;

use dubhe::{Code, Status, time};
use futures_util::{StreamExt as _, stream};
use hdrhistogram::Histogram;

use super::explain::Error;
use super::invocation::Invocation;
use super::json_text::object;
use super::output::{Discard, called, millis};
use super::{CallArgs, PositionalArgs};
use crate::failure::Failure;

/// The percentiles that are told.
const PERCENTILES: [(&str, f64); 3] = [("p50", 50.0), ("p90", 90.0), ("p99", 99.0)];

/// The ends of the calls so far.
struct Tally {
    /// Latencies of all calls in microseconds, to three digits.
    latencies: Histogram<u64>,
    ok: u64,
    /// The number of failures by code, with the text of the first.
    errors: BTreeMap<u8, (Code, u64, Status)>,
}

impl Tally {
    fn new() -> Result<Self, Failure> {
        let latencies = Histogram::new(3).map_err(|error| Failure::Failed(error.to_string()))?;
        Ok(Self { latencies, ok: 0, errors: BTreeMap::new() })
    }

    fn add(&mut self, took: Duration, ended: Result<(), Status>) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        // It grows with its values.
        let _ = self.latencies.record(micros.max(1));
        match ended {
            Ok(()) => self.ok += 1,
            Err(status) => {
                let code = status.code();
                self.errors.entry(code.number()).or_insert((code, 0, status)).1 += 1;
            }
        }
    }

    fn calls(&self) -> u64 {
        self.latencies.len()
    }

    /// The latencies that are told, in milliseconds.
    fn told(&self) -> Vec<(&'static str, String)> {
        let percentiles =
            PERCENTILES.map(|(name, percent)| (name, self.latencies.value_at_percentile(percent)));
        let max = ("max", self.latencies.max());
        let text = |micros| format!("{:.3}", millis(Duration::from_micros(micros)));
        percentiles.into_iter().chain([max]).map(|(name, micros)| (name, text(micros))).collect()
    }
}

/// The report of all calls.
pub(super) struct Report {
    pub(super) text: String,
    pub(super) json: String,
}

/// Calls as often as is asked for, or until Ctrl-C. With the report comes the most common error of the calls.
pub(super) async fn run(
    invocation: &Invocation<'_>,
    (arguments, options): (&PositionalArgs, &CallArgs),
) -> Result<(Result<(), Error>, Report), Error> {
    let wanted = options.repeat.map_or(1, NonZeroU32::get);
    let at_once = options.concurrency.get();
    let mut tally = Tally::new()?;
    let began = time::now();
    let call = |_| async {
        let began = time::now();
        let ended = invocation.call(&mut Discard).await;
        (began.elapsed(), ended)
    };
    let at_a_time = usize::try_from(at_once).unwrap_or(usize::MAX);
    let mut calls = std::pin::pin!(stream::iter(0..wanted).map(call).buffer_unordered(at_a_time));
    let mut stop = std::pin::pin!(tokio::signal::ctrl_c());
    loop {
        tokio::select! {
            ended = calls.next() => match ended {
                Some((took, Ok(()))) => tally.add(took, Ok(())),
                Some((took, Err(Error::Status(status)))) => tally.add(took, Err(status)),
                // What is wrong here is so with each of them.
                Some((_, Err(other))) => return Err(other),
                None => break,
            },
            _ = &mut stop => break,
        }
    }
    let took = began.elapsed();
    let text = text(&tally, wanted, (at_once, took));
    let json = json(&tally, (at_once, took), arguments);
    let worst = tally.errors.into_values().max_by_key(|(_, count, _)| *count);
    let ended = worst.map_or(Ok(()), |(.., status)| Err(status.into()));
    Ok((ended, Report { text, json }))
}

fn text(tally: &Tally, wanted: u32, (at_once, took): (u32, Duration)) -> String {
    let (calls, seconds) = (tally.calls(), took.as_secs_f64());
    let of = if calls < u64::from(wanted) { format!(" of {wanted}") } else { String::new() };
    let rate = rate(calls as f64 / seconds.max(f64::EPSILON));
    let told: Vec<String> =
        tally.told().into_iter().map(|(name, text)| format!("{name} {text} ms")).collect();
    let mut lines = vec![
        format!("calls    {calls}{of}, {at_once} at once, in {seconds:.3} s: {rate}/s"),
        format!("latency  {}", told.join("  ")),
        format!("OK       {}", tally.ok),
    ];
    for (code, count, status) in tally.errors.values() {
        let first = status.message().lines().next().unwrap_or_default();
        lines.push(format!("{code}  {count}, the first: {first}"));
    }
    lines.join("\n") + "\n"
}

/// The calls of a second, with two digits where there are few.
fn rate(calls: f64) -> String {
    let decimals = match calls {
        10.0.. => 0,
        1.0.. => 1,
        0.1.. => 2,
        _ => 3,
    };
    format!("{calls:.decimals$}")
}

fn json(tally: &Tally, (at_once, took): (u32, Duration), arguments: &PositionalArgs) -> String {
    let ok = std::iter::once(("OK", tally.ok.to_string()));
    let errors = tally.errors.values().map(|(code, count, _)| (code.name(), count.to_string()));
    let mut fields = called(arguments);
    fields.extend([
        ("calls", tally.calls().to_string()),
        ("concurrency", at_once.to_string()),
        ("seconds", format!("{:.3}", took.as_secs_f64())),
        ("codes", object(ok.chain(errors))),
        ("latency_ms", object(tally.told())),
    ]);
    object(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn latencies_and_codes_are_counted() {
        let mut tally = Tally::new().unwrap();
        for n in 1..=100 {
            let ended = if n > 90 { Err(Status::new(Code::NotFound, "no user")) } else { Ok(()) };
            tally.add(Duration::from_millis(n), ended);
        }
        assert_eq!((tally.calls(), tally.ok), (100, 90));
        let told = tally.told();
        let told: Vec<(&str, f64)> =
            told.iter().map(|(name, text)| (*name, text.parse().unwrap())).collect();
        for ((name, found), (expected, millis)) in
            told.into_iter().zip([("p50", 50.0), ("p90", 90.0), ("p99", 99.0), ("max", 100.0)])
        {
            // Three digits are kept.
            assert!(name == expected && (found - millis).abs() < 0.2, "{name} {found}");
        }
        let text = text(&tally, 200, (4, Duration::from_secs(2)));
        assert!(text.starts_with("calls    100 of 200, 4 at once, in 2.000 s: 50/s\n"), "{text}");
        assert!(text.ends_with("OK       90\nNOT_FOUND  10, the first: no user\n"), "{text}");
    }

    #[test]
    fn few_calls_a_second_have_decimals() {
        for (calls, text) in [
            (11_872.4, "11872"),
            (10.0, "10"),
            (2.5, "2.5"),
            (0.25, "0.25"),
            (1.0 / 60.0, "0.017"),
            (0.0, "0.000"),
        ] {
            assert_eq!(rate(calls), text);
        }
    }
}
