//! Names in DNS, whose name server is out of order.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::Chaos;
use super::Light;
use super::cases::{Tell, newcomers};
use super::fleet::{Fleet, Place};
use super::stops::{ROLLED, kill_and_start, roll};
use crate::Result;
use crate::registries::Level;

pub(super) const CASES: &[(&str, Light)] =
    &[("faults", faults), ("restart", restart), ("rolling", rolling)];

/// The name of the providers, and of the host that its records name.
const SERVICE: &str = "_tri._tcp.chaos.test";
const HOST: &str = "host.chaos.test";
/// The seconds for which records are valid; they are resolved again after 5 s at the earliest.
const TTL: u32 = 1;
/// The time that a fault lasts: at least one resolution.
const LASTS: Duration = Duration::from_secs(8);

/// The way in which a name server answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    Well,
    /// An answer after the consumer's patience.
    Late,
    /// An answer within it.
    Slow,
    /// SERVFAIL.
    Failed,
    /// REFUSED.
    Refused,
    /// A message whose end is missing.
    Cut,
    /// Truncation over UDP, where nobody listens for TCP.
    Truncated,
    Garbage,
    Silent,
    /// NXDOMAIN.
    Nobody,
}

const FAULTS: &[Mood] = &[
    Mood::Late,
    Mood::Slow,
    Mood::Failed,
    Mood::Refused,
    Mood::Cut,
    Mood::Truncated,
    Mood::Garbage,
    Mood::Silent,
    Mood::Nobody,
];

/// The consumer's patience with a name server, in milliseconds.
const PATIENCE_MS: u64 = 1000;

/// A name server of a case.
struct NameServer {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    ends: AtomicBool,
    /// The mood, and the ports of the providers.
    state: Mutex<(Mood, Vec<u16>)>,
}

impl NameServer {
    fn start() -> Result<Self> {
        let socket = UdpSocket::bind(("127.0.0.1", 0))?;
        socket.set_read_timeout(Some(Duration::from_millis(200)))?;
        let address = socket.local_addr()?;
        let state = Mutex::new((Mood::Well, Vec::new()));
        let shared = Arc::new(Shared { ends: AtomicBool::new(false), state });
        let theirs = shared.clone();
        // It ends with its owner.
        thread::spawn(move || theirs.serve(&socket));
        Ok(Self { address, shared })
    }

    fn set(&self, mood: Mood) {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).0 = mood;
    }

    fn url(&self) -> String {
        format!("dns://{}/{SERVICE}?timeout={PATIENCE_MS}", self.address)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.shared.ends.store(true, Ordering::Relaxed);
    }
}

impl Place for NameServer {
    fn write(&self, providers: &[SocketAddr]) -> Result<()> {
        let ports = providers.iter().map(SocketAddr::port).collect();
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner).1 = ports;
        Ok(())
    }
}

impl Shared {
    fn serve(&self, socket: &UdpSocket) {
        let mut buffer = [0; 2048];
        while !self.ends.load(Ordering::Relaxed) {
            let (read, peer) = match socket.recv_from(&mut buffer) {
                Ok(received) => received,
                // Nothing came for a while, or a peer is gone.
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => continue,
                Err(_) => continue,
            };
            let (mood, ports) = self.state.lock().unwrap_or_else(PoisonError::into_inner).clone();
            match mood {
                Mood::Late => thread::sleep(Duration::from_millis(2 * PATIENCE_MS)),
                Mood::Slow => thread::sleep(Duration::from_millis(PATIENCE_MS / 4)),
                _ => {}
            }
            let query = buffer.get(..read).unwrap_or_default();
            if let Some(answer) = answer(query, mood, &ports) {
                // A peer that waits no longer is the business of the case.
                let _ = socket.send_to(&answer, peer);
            }
        }
    }
}

/// The answer to a query (RFC 1035, RFC 2782), of a server that knows the two names.
fn answer(query: &[u8], mood: Mood, ports: &[u16]) -> Option<Vec<u8>> {
    const SRV: [u8; 2] = [0, 33];
    const A: [u8; 2] = [0, 1];
    match mood {
        Mood::Silent => return None,
        Mood::Garbage => return Some(vec![0xff; 40]),
        _ => {}
    }
    let (name, end) = asked(query)?;
    let question = query.get(12..end + 4)?;
    let kind = query.get(end..end + 2)?;
    let mut records = Vec::new();
    if name == SERVICE && kind == SRV {
        for port in ports {
            let target = [&[0; 4][..], &port.to_be_bytes(), &encoded(HOST)].concat();
            records.push(record(SRV, &target)?);
        }
    } else if name == HOST && kind == A {
        records.push(record(A, &[127, 0, 0, 1])?);
    }
    let (truncated, code) = match mood {
        Mood::Failed => (0, 2),
        Mood::Nobody => (0, 3),
        Mood::Refused => (0, 5),
        Mood::Truncated => (2, 0),
        _ => (0, 0),
    };
    if truncated + code > 0 {
        records.clear();
    }
    let count = u16::try_from(records.len()).ok()?.to_be_bytes();
    let head = [query.get(..2)?, &[0x85 | truncated, code, 0, 1], &count, &[0; 4]].concat();
    let mut answer = [&head[..], question, &records.concat()].concat();
    if mood == Mood::Cut {
        answer.truncate(answer.len() - 3);
    }
    Some(answer)
}

/// The name that a query asks for, and where it ends.
fn asked(query: &[u8]) -> Option<(String, usize)> {
    let (mut labels, mut at) = (Vec::new(), 12);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            return Some((labels.join("."), at));
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
        at += length;
    }
}

/// A name as it is sent.
fn encoded(name: &str) -> Vec<u8> {
    let label = |label: &str| {
        let length = u8::try_from(label.len()).unwrap_or_default();
        [&[length][..], label.as_bytes()].concat()
    };
    let mut all: Vec<u8> = name.split('.').flat_map(label).collect();
    all.push(0);
    all
}

/// A record of the name that was asked for.
fn record(kind: [u8; 2], data: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(data.len()).ok()?.to_be_bytes();
    Some([&[0xc0, 12][..], &kind, &[0, 1], &TTL.to_be_bytes(), &length, data].concat())
}

fn restart(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let (names, level) = (NameServer::start()?, Level::Interface);
    let url = names.url();
    let mut fleet = Fleet::start_in(Some(&names), chaos, level, "restart", &url, 2, &[&url])?;
    kill_and_start(&mut fleet, chaos.rounds(3, 100), tell)
}

fn rolling(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let (names, level) = (NameServer::start()?, Level::Interface);
    let url = names.url();
    let mut fleet = Fleet::start_in(Some(&names), chaos, level, "rolling", &url, ROLLED, &[])?;
    roll(chaos, &mut fleet, &url, tell)
}

/// A name server that answers late, with errors, with nonsense, and not at all.
fn faults(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let (names, level) = (NameServer::start()?, Level::Interface);
    let url = names.url();
    let fleet = Fleet::start_in(Some(&names), chaos, level, "faults", &url, 2, &[&url])?;
    let mut fleets = [fleet];
    for mood in FAULTS {
        names.set(*mood);
        thread::sleep(LASTS);
        names.set(Mood::Well);
        let failures = fleets.iter().map(|fleet| fleet.failures().len()).sum::<usize>();
        eprintln!("registry/faults/dns: {mood:?}: {failures} calls failed so far");
    }
    let fault = format!("the name server is out of order in {} ways", FAULTS.len());
    newcomers(&mut fleets, &fault, tell)
}

#[cfg(test)]
mod tests {
    use super::{HOST, Mood, SERVICE, answer, asked, encoded};

    fn query(name: &str, kind: u8) -> Vec<u8> {
        [&[7, 8, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0][..], &encoded(name), &[0, kind, 0, 1]].concat()
    }

    #[test]
    fn answers_have_a_record_for_each_provider() {
        let services = query(SERVICE, 33);
        assert_eq!(asked(&services).unwrap().0, SERVICE);
        let whole = answer(&services, Mood::Well, &[80, 443]).unwrap();
        assert_eq!(whole[..8], [7, 8, 0x85, 0, 0, 1, 0, 2]);
        let record = 12 + 6 + encoded(HOST).len();
        assert_eq!(whole.len(), services.len() + 2 * record);
        assert_eq!(answer(&services, Mood::Cut, &[80]).unwrap().len(), services.len() + record - 3);
        let host = answer(&query(HOST, 1), Mood::Well, &[]).unwrap();
        assert!(host.ends_with(&[0, 4, 127, 0, 0, 1]));
        for (mood, flags) in [(Mood::Failed, [0x85, 2]), (Mood::Truncated, [0x87, 0])] {
            assert_eq!(
                answer(&services, mood, &[80]).unwrap()[2..8],
                [flags[0], flags[1], 0, 1, 0, 0]
            );
        }
        assert!(answer(&services, Mood::Silent, &[]).is_none() && asked(&services[..20]).is_none());
    }
}
