//! Floods of small frames of HTTP/2, and resets, hostile and honest.

use std::time::Duration;

use super::http2::{self, Connection};
use super::target::{Cost, Project, Target};
use super::{Chaos, judge};
use crate::Result;
use crate::tally::Tally;

/// The growth of memory in any flood.
const BOUND_MIB: f64 = 32.0;
const PATIENCE: Duration = Duration::from_secs(5);

/// A flood: its name, and the bytes of its frame by number.
type Flood = (&'static str, u32, fn(u32) -> Vec<u8>);

const FLOODS: [Flood; 5] = [
    ("rapid-reset", 50_000, |number| {
        let stream = 1 + 2 * number;
        let reset = http2::frame(http2::RST_STREAM, 0, stream, &http2::CANCEL);
        [http2::open_stream(stream), reset].concat()
    }),
    ("pings", 500_000, |number| {
        let number = u64::from(number).to_be_bytes();
        http2::frame(http2::PING, 0, 0, &number)
    }),
    ("settings", 200_000, |_| http2::frame(http2::SETTINGS, 0, 0, &[0, 4, 0, 0, 0xff, 0xff])),
    ("continuation", 4_000, |number| {
        if number == 0 {
            return http2::frame(http2::HEADERS, 0, 1, &http2::request_head());
        }
        let mut block = Vec::new();
        for _ in 0..150 {
            http2::field(&mut block, "x-flood", &"a".repeat(90));
        }
        http2::frame(http2::CONTINUATION, 0, 1, &block)
    }),
    ("empty-data", 500_000, |number| {
        if number == 0 { http2::open_stream(1) } else { http2::frame(http2::DATA, 0, 1, &[]) }
    }),
];

/// Runs each flood, none of whose answers are read.
pub(super) fn floods(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    for (name, frames, frame) in FLOODS {
        let mut figures = Vec::new();
        let mut kept = true;
        for target in Target::all(chaos)? {
            let (cost, sent) = target.under(|| flood(&target, frames, frame))?;
            let (alive, state) = target.state();
            if target.project == Project::Dubhe {
                kept = alive && cost.mib <= BOUND_MIB;
            }
            figures.push(figure(&target, cost, sent, &state));
        }
        let what = format!("at most {BOUND_MIB:.0} MiB; {}", figures.join("; "));
        judge(tally, &format!("floods/{name}"), &what, kept);
    }
    Ok(())
}

fn figure(target: &Target, cost: Cost, sent: u32, state: &str) -> String {
    let Cost { mib, cpu_ms, .. } = cost;
    let name = match target.project {
        Project::Dubhe => "dubhe",
        Project::Tonic => "tonic",
    };
    format!("{name}: +{mib:.1} MiB, {cpu_ms:.0} ms of processor time, took {sent} frames, {state}")
}

/// Sends frames until all are sent or the server has had enough; returns how many it took.
fn flood(target: &Target, frames: u32, frame: fn(u32) -> Vec<u8>) -> Result<u32> {
    const BATCH: u32 = 500;
    let mut connection = Connection::open(target.address, PATIENCE)?;
    let mut sent = 0;
    while sent < frames {
        let batch: Vec<u8> = (sent..sent + BATCH).flat_map(frame).collect();
        // The end of the connection, or a server that reads no more: both end the flood.
        if connection.send(&batch).is_err() {
            break;
        }
        sent += BATCH;
    }
    Ok(sent)
}

/// Callers who lose interest, on one connection that goes on.
pub(super) fn honest_cancels(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const AT_ONCE: u32 = 100;
    const ROUNDS: u32 = 5;
    let mut figures = Vec::new();
    let mut kept = true;
    for target in Target::all(chaos)? {
        let mut connection = Connection::open(target.address, PATIENCE)?;
        let mut stream = 1;
        let mut round = || -> Result<()> {
            let streams: Vec<u32> = (0..AT_ONCE).map(|number| stream + 2 * number).collect();
            stream += 2 * AT_ONCE;
            connection
                .send(&streams.iter().flat_map(|&on| http2::open_stream(on)).collect::<Vec<_>>())?;
            let reset = |&on: &u32| http2::frame(http2::RST_STREAM, 0, on, &http2::CANCEL);
            connection.send(&streams.iter().flat_map(reset).collect::<Vec<_>>())?;
            stream += 2;
            connection.echo(stream - 2)
        };
        let done = (0..ROUNDS).try_for_each(|_| round());
        let (ours, name) = (target.project == Project::Dubhe, format!("{:?}", target.project));
        if ours {
            kept = done.is_ok();
        }
        let end = match done {
            Ok(()) => "goes on".to_owned(),
            Err(error) => format!("is lost: {error}"),
        };
        figures.push(format!("{}: the connection {end}", name.to_lowercase()));
    }
    let what =
        format!("{ROUNDS} times {AT_ONCE} calls begun and cancelled; {}", figures.join("; "));
    judge(tally, "cancels/honest", &what, kept);
    Ok(())
}
