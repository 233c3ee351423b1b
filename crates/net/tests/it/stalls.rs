//! Peers over TCP that take nothing: the session or the kernel lets go of them.

use std::time::Duration;

use dubhe_net::{
    io::{
        Address, Dial, Listen,
        tcp::{TcpDial, TcpListen, TcpOptions},
    },
    session::{CloseReason, Driver, SessionOptions},
};

use crate::support::{Echo, Log, loopback};

/// The end of a connection whose peer reads nothing of 64 MiB.
async fn end(user_timeout: Duration, write_stall: Duration) -> CloseReason {
    let mut options = TcpOptions::default();
    options.user_timeout = Some(user_timeout);
    let mut listen = TcpListen::bind(loopback(0), options).unwrap();
    let to: Address = listen.local_addr().to_string().parse().unwrap();
    let dialed = tokio::spawn(async move { TcpDial::default().dial(&to).await });
    let (io, peer) = std::future::poll_fn(|cx| listen.poll_accept(cx)).await.unwrap();
    let _reads_nothing = dialed.await.unwrap().unwrap();
    let mut session = SessionOptions::default();
    session.write_stall = write_stall;
    session.write_high_water = 1 << 27;
    let driver = Driver::new(io, peer, session, |_| Echo::new(&Log::default()));
    driver.handle().send(|out| out.push(vec![0; 1 << 26].into())).unwrap();
    driver.await
}

#[tokio::test]
async fn a_closed_window_is_cut_by_the_session_first() {
    let default = TcpOptions::default().user_timeout.unwrap();
    assert!(default > SessionOptions::default().write_stall);
    let why = end(default, Duration::from_millis(300)).await;
    assert!(matches!(why, CloseReason::Stalled { .. }), "{why}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_time_of_the_kernel_is_an_option() {
    let why = end(Duration::from_millis(300), Duration::from_mins(10)).await;
    assert!(matches!(&why, CloseReason::Failed(error) if error.is_timeout()), "{why}");
}
