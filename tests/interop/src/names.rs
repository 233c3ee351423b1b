//! A name server that knows one address.

use std::net::Ipv4Addr;

use dubhe::Status;
use hickory_proto::op::Message;
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::net::{TcpListener, UdpSocket};

/// The lifetime of its records in seconds.
const TTL: u32 = 5;

/// Answers at `addr`, over UDP, that every name is this machine, until the process is ended.
///
/// # Errors
/// When the address cannot be used.
pub(crate) async fn run(addr: &str) -> Result<(), Status> {
    let failed = |error: std::io::Error| Status::unavailable(format!("{addr}: {error}"));
    let socket = UdpSocket::bind(addr).await.map_err(failed)?;
    // Whoever started this sees by TCP that it runs, as of other servers.
    let _tcp = TcpListener::bind(addr).await.map_err(failed)?;
    let mut buffer = [0; 2048];
    loop {
        let (read, peer) = socket.recv_from(&mut buffer).await.map_err(failed)?;
        if let Some(reply) = buffer.get(..read).and_then(reply) {
            socket.send_to(&reply, peer).await.map_err(failed)?;
        }
    }
}

/// The answer to a query; `None` to what is none.
fn reply(query: &[u8]) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let asked = query.queries.first()?.clone();
    let mut reply = Message::response(query.id, query.op_code);
    if asked.query_type() == RecordType::A {
        let here = RData::A(A(Ipv4Addr::LOCALHOST));
        reply.add_answer(Record::from_rdata(asked.name().clone(), TTL, here));
    }
    reply.add_query(asked);
    reply.to_vec().ok()
}
