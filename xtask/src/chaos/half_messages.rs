//! Many connections of which each sends most of a large message, and stops.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use super::dubbo::{self, CHAOS};
use super::target::{Target, millis};
use super::{Chaos, http2, judge};
use crate::Result;
use crate::tally::Tally;

const CONNECTIONS: usize = 100;
/// The limit of a message, of which this much less is sent.
const MESSAGE: usize = 8 << 20;
const MISSING: usize = 1 << 20;
/// The budget of the server, far below what is sent.
const BUDGET_MIB: usize = 64;
/// Bytes that a message holds before it is given up: 64 KiB, and one read.
const EACH_MIB: f64 = 320.0 / 1024.0;
/// Buffers of connections, pages of the allocator, threads.
const SLACK_MIB: f64 = 32.0;
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to send most of a message; what it returns is kept open.
type Attack = fn(SocketAddr, &[u8]) -> Result<dubbo::Connection>;

const ATTACKS: [(&str, Attack); 3] = [
    ("dubbo", |to, most| {
        let mut connection = dubbo::Connection::open(to, PATIENCE)?;
        connection.send(&dubbo::head(0xc2, 1, MESSAGE))?;
        connection.send(most)?;
        Ok(connection)
    }),
    ("http1", |to, most| {
        let mut connection = dubbo::Connection::open(to, PATIENCE)?;
        let head = format!(
            "POST /{CHAOS}/echo HTTP/1.1\r\nhost: chaos\r\ncontent-type: application/json\r\n\
             content-length: {MESSAGE}\r\n\r\n"
        );
        connection.send(head.as_bytes())?;
        // A server that refuses the request closes before it has read all of it.
        let _refused = connection.send(most);
        Ok(connection)
    }),
    ("http2", |to, most| {
        // As much as the windows let through.
        const STREAMS: u32 = 4;
        const EACH: usize = 900_000;
        let mut connection = http2::Connection::open(to, PATIENCE)?;
        // The windows are open once the settings of the server are acknowledged.
        while connection.frame()?.0 != http2::SETTINGS {}
        connection.send(&http2::frame(http2::SETTINGS, http2::ACK, 0, &[]))?;
        let mut window = Window { left: FIRST_WINDOW };
        for stream in (0..STREAMS).map(|number| 1 + 2 * number) {
            connection.send(&http2::open_stream(stream))?;
            let length = u32::try_from(MESSAGE)?.to_be_bytes();
            connection.send(&http2::frame(
                http2::DATA,
                0,
                stream,
                &[&[0], &length[..]].concat(),
            ))?;
            for piece in most.get(..EACH).unwrap_or(most).chunks(16_000) {
                if !window.take(&mut connection, piece.len())? {
                    return Ok(dubbo::Connection(connection.0));
                }
                connection.send(&http2::frame(http2::DATA, 0, stream, piece))?;
            }
        }
        Ok(dubbo::Connection(connection.0))
    }),
];

/// The window of a connection before any update (RFC 9113, 6.9.2), less the heads of messages.
const FIRST_WINDOW: usize = 65_535 - 64;
/// The time without an update after which a window stays closed.
const CLOSED: Duration = Duration::from_millis(100);

/// The bytes that may be sent on a connection over HTTP/2.
struct Window {
    left: usize,
}

impl Window {
    /// Takes so many bytes of it, once there are so many. Returns `false` if the server gives no more.
    fn take(&mut self, connection: &mut http2::Connection, bytes: usize) -> Result<bool> {
        connection.0.set_read_timeout(Some(CLOSED))?;
        while self.left < bytes {
            match connection.frame() {
                Ok((http2::WINDOW_UPDATE, _, 0, more)) => {
                    let more = <[u8; 4]>::try_from(&*more)?;
                    self.left += usize::try_from(u32::from_be_bytes(more))?;
                }
                Ok(_) => {}
                Err(_) => return Ok(false),
            }
        }
        self.left -= bytes;
        Ok(true)
    }
}

/// Most of a message on each of many connections, while an honest client calls.
pub(super) fn half_messages(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    let budget = BUDGET_MIB.to_string();
    let most = vec![b'['; MESSAGE - MISSING];
    let bound = BUDGET_MIB as f64 + CONNECTIONS as f64 * EACH_MIB + SLACK_MIB;
    for (name, attack) in ATTACKS {
        let target = Target::ours(chaos, &["--memory-mib", &budget])?;
        let over = AtomicBool::new(false);
        let (cost, honest) = target.under(|| {
            thread::scope(|scope| {
                let honest = scope.spawn(|| honest_calls(&target, &over));
                let open: Result<Vec<_>> =
                    (0..CONNECTIONS).map(|_| attack(target.address, &most)).collect();
                // All of them stand.
                thread::sleep(Duration::from_secs(1));
                over.store(true, Ordering::Relaxed);
                let honest = honest.join().map_err(|_| "the honest client panicked")?;
                drop(open?);
                Ok(honest)
            })
        })?;
        let Honest { calls, failed, slowest, error } = honest;
        let what = format!(
            "+{:.1} MiB of at most {bound:.0} for {CONNECTIONS} connections with {} MiB each and a \
             budget of {BUDGET_MIB} MiB; {failed} of {calls} honest calls failed, the slowest took \
             {:.1} ms{error}",
            cost.mib,
            most.len() >> 20,
            millis(slowest),
        );
        let kept = cost.mib <= bound && calls > 0 && failed == 0;
        judge(tally, &format!("half-messages/{name}"), &what, kept);
    }
    Ok(())
}

#[derive(Default)]
struct Honest {
    calls: u32,
    failed: u32,
    slowest: Duration,
    error: String,
}

/// Calls on connections of their own until the attack is `over`.
fn honest_calls(target: &Target, over: &AtomicBool) -> Honest {
    let mut honest = Honest::default();
    while !over.load(Ordering::Relaxed) {
        honest.calls += 1;
        match target.alive() {
            Ok(time) => honest.slowest = honest.slowest.max(time),
            Err(error) => {
                honest.failed += 1;
                honest.error = format!(": {error}");
            }
        }
        thread::sleep(Duration::from_millis(5));
    }
    honest
}
