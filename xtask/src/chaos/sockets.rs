//! Connections that are many, slow, unfinished or nonsense.

use std::io::Read;
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use super::dubbo::{self, Connection};
use super::target::{Target, millis};
use super::{Chaos, http2, judge};
use crate::Result;
use crate::tally::Tally;

/// Messages that begin and do not go on.
pub(super) fn unfinished(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    /// Ten seconds without 1 KiB a second, and the rounding of timers.
    const BOUND: Duration = Duration::from_secs(15);
    let target = Target::ours(chaos, &[])?;
    let half_head = http2::frame(http2::HEADERS, 0, 1, &http2::request_head());
    let preface =
        [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), http2::frame(http2::SETTINGS, 0, 0, &[])]
            .concat();
    let attacks: [(&str, Vec<u8>); 6] = [
        ("dubbo-frame", [dubbo::head(0xc2, 1, 1000), b"\x052.0.2".to_vec()].concat()),
        ("http1-head", b"POST /a/b HTTP/1.1\r\nhost: chaos\r\nx-slow: ".to_vec()),
        (
            "http1-body",
            b"POST /org.example.chaos.Chaos/echo HTTP/1.1\r\nhost: chaos\r\n\
              content-type: application/json\r\ncontent-length: 1000\r\n\r\n["
                .to_vec(),
        ),
        ("http2-head", [preface.clone(), half_head].concat()),
        ("http2-preface", b"PRI * HTTP/2.0\r\n".to_vec()),
        ("tls-hello", b"\x16\x03\x01\x02\x00\x01".to_vec()),
    ];
    let mut open = Vec::new();
    for (name, bytes) in attacks {
        let mut connection = target.connect()?;
        connection.send(&bytes)?;
        open.push((name, connection));
    }
    let begun = Instant::now();
    let ends: Vec<_> = std::thread::scope(|scope| {
        let waits = open.iter().map(|(_, connection)| {
            scope.spawn(|| {
                closes(&connection.0, begun + BOUND).map(|yes| yes.then(|| begun.elapsed()))
            })
        });
        let waits: Vec<_> = waits.collect();
        waits.into_iter().map(|wait| wait.join().map_err(|_| "a wait panicked")).collect()
    });
    for ((name, _), end) in open.iter().zip(ends) {
        let end = end??;
        let what = match end {
            Some(time) => {
                format!("ended after {:.1} s, at most {}", time.as_secs_f64(), BOUND.as_secs())
            }
            None => format!("still open after {} s", BOUND.as_secs()),
        };
        judge(tally, &format!("unfinished/{name}"), &what, end.is_some());
    }
    Ok(())
}

/// Reads until the peer closes or `end` has come.
fn closes(mut stream: &TcpStream, end: Instant) -> Result<bool> {
    let mut buffer = [0; 4096];
    loop {
        let left = end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1));
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer) {
            Ok(0) => return Ok(true),
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return Ok(true),
            Err(_) => return Ok(false),
        }
    }
}

/// Bytes that look like TLS and are none, to a server that speaks it.
pub(super) fn garbage(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const CONNECTIONS: usize = 200;
    const BOUND_MIB: f64 = 32.0;
    let ca = chaos.peers.file("garbage-ca.pem");
    let target = Target::ours(chaos, &["--ca", &ca.to_string_lossy()])?;
    let (cost, ()) = target.under(|| {
        for number in 0..CONNECTIONS {
            let mut connection = target.connect()?;
            let noise = (0..16 * 1024).map(|at| u8::try_from((at * 31 + number * 7) % 251));
            let mut bytes = b"\x16\x03\x01\x40\x00".to_vec();
            bytes.extend(noise.collect::<std::result::Result<Vec<u8>, _>>()?);
            // The server may have closed already.
            let _ = connection.send(&bytes);
            let _ = connection.0.shutdown(Shutdown::Write);
        }
        Ok(())
    })?;
    let (alive, state) = target.state();
    let what = format!(
        "{CONNECTIONS} connections of noise: +{:.1} MiB of at most {BOUND_MIB:.0}, {:.0} ms of \
         processor time; {state}",
        cost.mib, cost.cpu_ms
    );
    judge(tally, "tls/garbage", &what, alive && cost.mib <= BOUND_MIB);
    Ok(())
}

/// Opens more connections than the process has descriptors.
pub(super) fn descriptors(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const DESCRIPTORS: u32 = 64;
    const CONNECTIONS: usize = 200;
    const HOLD: Duration = Duration::from_secs(2);
    /// A server that tries again without a pause keeps a core.
    const CPU_MS: f64 = 400.0;
    let target = Target::with_descriptors(chaos, DESCRIPTORS)?;
    let (cost, ()) = target.under(|| {
        let open = (0..CONNECTIONS).map(|_| target.connect()).collect::<Result<Vec<_>>>()?;
        std::thread::sleep(HOLD);
        drop(open);
        Ok(())
    })?;
    std::thread::sleep(Duration::from_millis(1500));
    let (alive, state) = target.state();
    let what = format!(
        "{CONNECTIONS} connections held {} s with {DESCRIPTORS} descriptors: {:.0} ms of processor \
         time, at most {CPU_MS:.0}; 1.5 s later {state}",
        HOLD.as_secs(),
        cost.cpu_ms
    );
    judge(tally, "descriptors/exhausted", &what, alive && cost.cpu_ms <= CPU_MS);
    Ok(())
}

/// Idle connections, nearly as many as one address may have.
pub(super) fn many(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const CONNECTIONS: usize = 900;
    const KIB_EACH: f64 = 26.0;
    let mut figures = Vec::new();
    let mut kept = true;
    for target in Target::all(chaos)? {
        let mut state = (false, String::new());
        let (cost, _open) = target.under(|| {
            let open = (0..CONNECTIONS)
                .map(|_| http2::Connection::open(target.address, Duration::from_secs(10)));
            let open = open.collect::<Result<Vec<_>>>()?;
            std::thread::sleep(Duration::from_millis(500));
            state = target.state();
            Ok(open)
        })?;
        let each = cost.mib * 1024.0 / CONNECTIONS as f64;
        if target.project == super::target::Project::Dubhe {
            kept = state.0 && each <= KIB_EACH;
        }
        let name = format!("{:?}", target.project).to_lowercase();
        figures.push(format!("{name}: {each:.1} KiB each, {}", state.1));
    }
    let what = format!(
        "{CONNECTIONS} HTTP/2 connections, at most {KIB_EACH:.0} KiB each; {}",
        figures.join("; ")
    );
    judge(tally, "connections/many", &what, kept);
    Ok(())
}

/// Connections that open and close at once.
pub(super) fn churn(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const CONNECTIONS: usize = 5_500;
    const BOUND_MIB: f64 = 32.0;
    let target = Target::ours(chaos, &[])?;
    let (cost, ()) = target.under(|| {
        for _ in 0..CONNECTIONS {
            drop(Connection::open(target.address, Duration::from_secs(10))?);
        }
        Ok(())
    })?;
    let (alive, state) = target.state();
    let what = format!(
        "{CONNECTIONS} connections opened and closed in {:.0} ms: +{:.1} MiB of at most \
         {BOUND_MIB:.0}; {state}",
        millis(cost.time),
        cost.mib
    );
    judge(tally, "connections/churn", &what, alive && cost.mib <= BOUND_MIB);
    Ok(())
}
