//! A name server of the tests, over UDP and TCP at one port.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME, SRV};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio::task::JoinSet;

/// The way in which the server answers.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// The records that fit; none is NODATA.
    Records(Vec<Record>),
    /// The records, but for one host this code, or silence.
    Except(Vec<Record>, &'static str, Option<ResponseCode>),
    /// A code, such as that there is no such name.
    Code(ResponseCode),
    /// Truncation over UDP; these records over TCP.
    Truncated(Vec<Record>),
    /// Bytes that are no answer.
    Garbage,
    /// A message of these records whose end is missing.
    Cut(Vec<Record>),
    /// Silence.
    Silence,
}

/// The server, which ends with the test.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    shared: Arc<Shared>,
    _tasks: JoinSet<()>,
}

struct Shared {
    answer: Mutex<Answer>,
    /// The queries so far: their transport, name and type.
    queries: Mutex<Vec<(&'static str, String, RecordType)>>,
}

impl Server {
    pub(crate) async fn start(answer: Answer) -> Self {
        let (udp, tcp) = loop {
            let tcp = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
            // The port may be taken over the other transport.
            if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()).await {
                break (udp, tcp);
            }
        };
        let address = tcp.local_addr().unwrap();
        let shared = Arc::new(Shared { answer: Mutex::new(answer), queries: Mutex::default() });
        let mut tasks = JoinSet::new();
        let of = shared.clone();
        tasks.spawn(async move {
            let mut buffer = [0; 2048];
            loop {
                let (read, peer) = udp.recv_from(&mut buffer).await.unwrap();
                if let Some(reply) = of.reply("udp", &buffer[..read]) {
                    udp.send_to(&reply, peer).await.unwrap();
                }
            }
        });
        let of = shared.clone();
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let (mut stream, _) = tcp.accept().await.unwrap();
                let of = of.clone();
                connections.spawn(async move {
                    while let Ok(length) = stream.read_u16().await {
                        let mut query = vec![0; usize::from(length)];
                        if stream.read_exact(&mut query).await.is_err() {
                            return;
                        }
                        let Some(reply) = of.reply("tcp", &query) else { continue };
                        let length = u16::try_from(reply.len()).unwrap();
                        if stream.write_u16(length).await.is_err()
                            || stream.write_all(&reply).await.is_err()
                        {
                            return;
                        }
                    }
                });
            }
        });
        Self { address, shared, _tasks: tasks }
    }

    /// Changes how it answers from now on.
    pub(crate) fn answer(&self, answer: Answer) {
        *self.shared.answer.lock() = answer;
    }

    /// The queries so far.
    pub(crate) fn queries(&self) -> Vec<(&'static str, String, RecordType)> {
        self.shared.queries.lock().clone()
    }
}

impl Shared {
    fn reply(&self, transport: &'static str, query: &[u8]) -> Option<Vec<u8>> {
        let query = Message::from_vec(query).unwrap();
        let asked = query.queries[0].clone();
        self.queries.lock().push((transport, asked.name().to_string(), asked.query_type()));
        let mut reply = Message::response(query.id, query.op_code);
        reply.add_query(asked.clone());
        let answer = self.answer.lock().clone();
        let fits = |record: &Record| {
            &record.name == asked.name()
                && (record.record_type() == asked.query_type()
                    || record.record_type() == RecordType::CNAME)
                || record.name.to_string().starts_with("alias-target")
                    && record.record_type() == asked.query_type()
        };
        match answer {
            Answer::Silence => return None,
            Answer::Garbage => return Some(vec![0xff; 40]),
            Answer::Except(_, host, code) if asked.name().to_string() == host => {
                reply.metadata.response_code = code?;
            }
            Answer::Code(code) => reply.metadata.response_code = code,
            Answer::Truncated(_) if transport == "udp" => reply.metadata.truncation = true,
            Answer::Records(all)
            | Answer::Except(all, ..)
            | Answer::Truncated(all)
            | Answer::Cut(all) => {
                reply.add_answers(all.into_iter().filter(fits));
            }
        }
        let mut bytes = reply.to_vec().unwrap();
        if matches!(*self.answer.lock(), Answer::Cut(_)) {
            bytes.truncate(bytes.len() - 3);
        }
        Some(bytes)
    }
}

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// Address records of `greeter.test.`, with this time to live.
pub(crate) fn addresses(ttl: u32, last: &[u8]) -> Vec<Record> {
    let record = |last: &u8| a("greeter.test.", ttl, [10, 0, 0, *last]);
    last.iter().map(record).collect()
}

pub(crate) fn a(of: &str, ttl: u32, ip: [u8; 4]) -> Record {
    Record::from_rdata(name(of), ttl, RData::A(A(Ipv4Addr::from(ip))))
}

pub(crate) fn aaaa(of: &str, ttl: u32, last: u16) -> Record {
    let ip = Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, last);
    Record::from_rdata(name(of), ttl, RData::AAAA(AAAA(ip)))
}

pub(crate) fn alias(of: &str, ttl: u32, to: &str) -> Record {
    Record::from_rdata(name(of), ttl, RData::CNAME(CNAME(name(to))))
}

pub(crate) fn srv(priority: u16, weight: u16, port: u16, target: &str) -> Record {
    let srv = SRV::new(priority, weight, port, name(target));
    Record::from_rdata(name("_tri._tcp.greeter.test."), 30, RData::SRV(srv))
}
