//! The memory that a connection holds, as its budget counts it.

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use dubhe_net::{
    Result,
    io::memory::Network,
    memory::{FREE, MemoryBudget, MemoryOptions},
    session::{Driver, Outbox, Session, SessionOptions},
};
use dubhe_testkit::wait_until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Takes nothing until a byte is 1: then it sends back as many bytes as came.
struct Hoard;

impl Session for Hoard {
    fn on_data(&mut self, _: Instant, input: &mut BytesMut, out: &mut Outbox) -> Result<()> {
        if input.contains(&1) {
            let bytes = std::mem::take(input).freeze();
            out.push(Bytes::from(vec![2; bytes.len()]));
        }
        Ok(())
    }
}

#[tokio::test]
async fn what_is_received_and_what_is_written_count_when_they_are_many() {
    let budget = MemoryBudget::new(MemoryOptions::default());
    let ((mut peer, facts), (io, _)) = Network::default().pair();
    let memory = budget.connection(facts.remote.clone());
    let driver = Driver::new(io, facts, SessionOptions::default(), |_| Hoard).memory(&memory);
    let server = tokio::spawn(driver);

    peer.write_all(&vec![0; FREE]).await.unwrap();
    peer.write_all(&[0]).await.unwrap();
    wait_until("one above", || memory.used() == FREE + 1).await;
    peer.write_all(&vec![0; 1024 * 1024 - 2]).await.unwrap();
    wait_until("all that came", || memory.used() == FREE + 1024 * 1024 - 1).await;
    assert!(budget.used() >= memory.used() - FREE);

    // All of it goes back, of which the pipe takes a part.
    peer.write_all(&[1]).await.unwrap();
    let mut back = vec![0; FREE];
    peer.read_exact(&mut back).await.unwrap();
    let waiting = || (FREE + 1..1024 * 1024).contains(&memory.used());
    wait_until("what is written", waiting).await;
    let mut rest = vec![0; 1024 * 1024];
    peer.read_exact(&mut rest).await.unwrap();
    wait_until("nothing", || (memory.used(), budget.used()) == (0, 0)).await;

    peer.write_all(&vec![0; 4 * FREE]).await.unwrap();
    wait_until("some", || memory.used() == 4 * FREE).await;
    server.abort();
    wait_until("the end", || memory.used() == 0).await;
}
