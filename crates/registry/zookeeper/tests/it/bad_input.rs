//! Servers that send nonsense or stop in the middle.

use dubhe_testkit::log::Lines;
use dubhe_zookeeper::ZooKeeper;
use dubhe_zookeeper::client::Error;
use tracing::Level;

use super::fake::{Fake, TIMEOUT, answer, granted, names, stat, stat_of};
use super::support::clock;

/// Asks for children; the server answers with `bytes` and hangs up.
async fn exchange(bytes: &[u8]) -> Result<Vec<String>, Error> {
    let mut fake = Fake::new();
    let client = fake.client();
    let mut line = fake.welcome(1).await;
    client.connected().await.unwrap();
    let serve = async {
        line.request().await;
        line.write(bytes).await;
        drop(line);
    };
    let (answered, ()) = tokio::join!(client.children("/a"), serve);
    answered.map(|(names, _)| names)
}

#[tokio::test(start_paused = true)]
async fn a_connection_may_end_after_any_byte() {
    let hello = granted(1, TIMEOUT);
    for cut in 0..hello.len() {
        let mut fake = Fake::new();
        let client = fake.client();
        let mut line = fake.accept().await;
        line.read().await;
        line.write(&hello[..cut]).await;
        drop(line);
        // It comes again.
        let _line = fake.welcome(1).await;
        client.connected().await.unwrap();
    }
    let whole = answer(1, 1, 0, &names(&["x", "yy"]));
    for cut in 0..whole.len() {
        assert_eq!(exchange(&whole[..cut]).await, Err(Error::Disconnected), "{cut}");
    }
    assert_eq!(exchange(&whole).await.unwrap(), ["x", "yy"]);
}

#[tokio::test(start_paused = true)]
async fn nonsense_ends_the_connection_and_the_call_with_it() {
    let nonsense = [
        // No answer to this question.
        answer(2, 1, 0, &names(&[])),
        // A list that ends beyond its frame, and one that is absurdly long.
        answer(1, 1, 0, b"\0\0\0\x02\0\0\0\x01x"),
        answer(1, 1, 0, b"\x7f\xff\xff\xff\0\0\0\0"),
        // A text that is none.
        answer(1, 1, 0, b"\0\0\0\x01\0\0\0\x01\xff"),
        // A frame of a negative length, and one of 2 GiB.
        b"\xff\xff\xff\xff"[..].into(),
        b"\x7f\xff\xff\xff\0"[..].into(),
        // No header, a record of another kind, an event without an end.
        b"\0\0\0\x01x"[..].into(),
        answer(1, 1, 0, &stat(1)[..3]),
        answer(-1, -1, 0, b"\0\0\0\x04\0\0\0\x03\0\0\0\x09/a"),
        // Credentials refused.
        answer(-4, 0, -115, &[]),
    ];
    for bytes in nonsense {
        let mut fake = Fake::new();
        let client = fake.client();
        let mut line = fake.welcome(1).await;
        client.connected().await.unwrap();
        let serve = async {
            line.request().await;
            line.write(&bytes).await;
            assert!(line.ended().await, "{bytes:?}");
        };
        let (answered, ()) = tokio::join!(client.children("/a"), serve);
        assert_eq!(answered.map(|(names, _)| names), Err(Error::Disconnected), "{bytes:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn data_that_are_cut_off_end_the_connection_and_the_call_with_it() {
    // Two bytes of data and a `Stat`, of which as many arrive as the frame says.
    let record = [&b"\0\0\0\x02hi"[..], &stat_of(7, 3)].concat();
    for kept in 0..=record.len() {
        let mut fake = Fake::new();
        let client = fake.client();
        let mut line = fake.welcome(1).await;
        client.connected().await.unwrap();
        let serve = async {
            let request = line.request().await;
            line.answer(request.id, 1, 0, &record[..kept]).await;
            assert!(kept == record.len() || line.ended().await);
        };
        let (answered, ()) = tokio::join!(client.get("/a"), serve);
        let answered = answered.map(|(data, stat)| (data, stat.ephemeral_owner, stat.version));
        let expected = Ok((b"hi"[..].into(), 7, 3));
        let expected = if kept == record.len() { expected } else { Err(Error::Disconnected) };
        assert_eq!(answered, expected, "{kept}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_may_have_as_many_bytes_as_jute_maxbuffer() {
    let (warnings, _guard) = Lines::of_this_thread(Level::WARN);
    // The header of an answer has 16 bytes, the number of names and the length of one 4 each.
    for (bytes, fits) in [(1000, true), (1001, false)] {
        let mut fake = Fake::new();
        let url = "zookeeper://127.0.0.1:2181?jute.maxbuffer=1000";
        let registry = ZooKeeper::builder(url, clock()).unwrap().dial(fake.dialer()).build();
        let mut line = fake.welcome(1).await;
        registry.client().connected().await.unwrap();
        let name = "x".repeat(bytes - 24);
        let serve = async {
            let request = line.request().await;
            line.answer(request.id, 1, 0, &names(&[&name])).await;
            assert!(fits || line.ended().await);
        };
        let (answered, ()) = tokio::join!(registry.client().children("/a"), serve);
        let expected = if fits { Ok(vec![name]) } else { Err(Error::Disconnected) };
        assert_eq!(answered.map(|(names, _)| names), expected, "{bytes}");
    }
    let lines = warnings.with("more bytes than jute.maxbuffer");
    assert_eq!(lines.len(), 1, "{:?}", warnings.take());
}
