//! Peers that do not go on with what they have begun.

use std::time::Duration;

use crate::support::{Methods, Raw, Request, frame};
use dubhe_core::status::table::dubbo;
use dubhe_dubbo::header::Kind;
use dubhe_dubbo::serialization::SerializationId;
use dubhe_dubbo::{DubboOptions, PayloadLimit};
use dubhe_net::rate::MinRate;
use dubhe_net::session::CloseReason;
use tokio::time::{Instant, sleep};

/// A request of 100 KiB.
fn large() -> Vec<u8> {
    Request::new(1, "echo", vec![7_u8; 100 * 1024]).bytes()
}

/// Ends the connection for the rate of a frame.
fn is_too_slow(why: &CloseReason) -> bool {
    matches!(why, CloseReason::Failed(error) if error.is_timeout())
        && why.to_string().contains("bytes of a frame came in")
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_ends_its_connection_after_the_first_window() {
    let large = large();
    // The second half of the last came within a window.
    for (part, seconds) in [(1, 10), (15, 10), (16, 10), (8_000, 10), (50_000, 20)] {
        let (mut raw, server) = Raw::client_of(DubboOptions::default(), Methods::echo());
        let begin = Instant::now();
        raw.send(&large[..part]).await;
        assert!(raw.next().await.is_none());
        assert_eq!(begin.elapsed().as_secs(), seconds, "{part}");
        let why = server.task.await.unwrap();
        assert!(is_too_slow(&why), "{why}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_may_take_long_at_the_rate_and_not_below() {
    for (pieces, served) in [(10 * 1024, true), (10 * 1024 - 1, false)] {
        let (mut raw, server) = Raw::client_of(DubboOptions::default(), Methods::echo());
        let large = large();
        raw.send(&large[..1]).await;
        sleep(Duration::from_secs(5)).await;
        for piece in large[1..].chunks(pieces) {
            if server.task.is_finished() {
                break;
            }
            raw.send(piece).await;
            sleep(Duration::from_secs(10)).await;
        }
        assert_eq!(!server.task.is_finished(), served, "{pieces} bytes a window");
        if served {
            assert_eq!(raw.reply().await.1, dubbo::OK);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_is_skipped_must_come_as_well() {
    let options = DubboOptions::default().payload(PayloadLimit::bytes(1024));
    let (mut raw, server) = Raw::client_of(options, Methods::echo());
    let call = frame(Kind::Call { two_way: true }, SerializationId::HESSIAN2, 3, &vec![0; 50_000]);
    raw.send(&call[..30_000]).await;
    assert_eq!(raw.reply().await.0, 3);
    assert!(raw.next().await.is_none());
    assert!(is_too_slow(&server.task.await.unwrap()));
}

#[tokio::test(start_paused = true)]
async fn the_rate_is_an_option() {
    for (rate, seconds) in
        [(MinRate::new(1, Duration::from_secs(3)), Some(3)), (MinRate::NONE, None)]
    {
        let options = DubboOptions::default().min_rate(rate);
        let (mut raw, server) = Raw::client_of(options, Methods::echo());
        let begin = Instant::now();
        raw.send(&large()[..100]).await;
        sleep(Duration::from_millis(10)).await;
        match seconds {
            Some(seconds) => {
                // What came with the beginning is not of the window.
                assert!(raw.next().await.is_none());
                assert_eq!(begin.elapsed().as_secs(), seconds);
            }
            None => {
                sleep(Duration::from_mins(2)).await;
                assert!(!server.task.is_finished());
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_frame_that_waits_for_this_end_is_not_slow() {
    let (methods, go) = Methods::waiting();
    let (mut raw, _server) = Raw::client_of(DubboOptions::default().max_running(1), methods);
    let large = large();
    raw.send(&Request::new(1, "wait", 1).bytes()).await;
    raw.send(&large[..50_000]).await;
    sleep(Duration::from_mins(2)).await;
    go.send(true).unwrap();
    assert_eq!(raw.reply().await, (1, dubbo::OK, 1.into()));
    raw.send(&large[50_000..]).await;
    assert_eq!(raw.reply().await.1, dubbo::OK);
}

#[tokio::test(start_paused = true)]
async fn half_a_frame_does_not_hold_a_drain() {
    let (mut raw, server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    raw.send(&large()[..50_000]).await;
    sleep(Duration::from_millis(10)).await;
    let begin = Instant::now();
    server.connection.drain();
    server.task.await.unwrap();
    assert!(begin.elapsed() <= Duration::from_secs(2), "{:?}", begin.elapsed());
}
