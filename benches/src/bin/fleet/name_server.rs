//! A name server that knows one address, or none.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::rdata::A;
use hickory_proto::rr::{RData, Record, RecordType};
use tokio::net::UdpSocket;
use tokio::task::AbortHandle;

use crate::Error;

/// The lifetime of its records in seconds.
const TTL: u32 = 5;

/// The server, which ends with it.
pub(crate) struct NameServer {
    known: Arc<AtomicBool>,
    task: AbortHandle,
}

impl NameServer {
    /// Answers at `address`, over UDP, that no name is known.
    pub(crate) async fn start(address: SocketAddr) -> Result<Self, Error> {
        let socket = UdpSocket::bind(address).await?;
        let known = Arc::<AtomicBool>::default();
        let task = tokio::spawn(serve(socket, known.clone())).abort_handle();
        Ok(Self { known, task })
    }

    /// Makes every name this machine, or none.
    pub(crate) fn set(&self, known: bool) {
        self.known.store(known, Ordering::Relaxed);
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket, known: Arc<AtomicBool>) {
    let mut buffer = [0; 2048];
    while let Ok((read, peer)) = socket.recv_from(&mut buffer).await {
        let query = buffer.get(..read).unwrap_or_default();
        if let Some(reply) = reply(query, known.load(Ordering::Relaxed)) {
            // Whoever is gone asks no more.
            let _ = socket.send_to(&reply, peer).await;
        }
    }
}

/// The answer to a query; `None` to what is none.
fn reply(query: &[u8], known: bool) -> Option<Vec<u8>> {
    let query = Message::from_vec(query).ok()?;
    let asked = query.queries.first()?.clone();
    let mut reply = Message::response(query.id, query.op_code);
    if !known {
        reply.metadata.response_code = ResponseCode::NXDomain;
    } else if asked.query_type() == RecordType::A {
        let here = RData::A(A(Ipv4Addr::LOCALHOST));
        reply.add_answer(Record::from_rdata(asked.name().clone(), TTL, here));
    }
    reply.add_query(asked);
    reply.to_vec().ok()
}
