//! A server that streams, over every version of HTTP.

use std::future::poll_fn;

use bytes::{Bytes, BytesMut};
use dubhe_net::drain::Trigger;
use dubhe_net::io::{Io, SockAddr};
use dubhe_net::memory::ConnectionMemory;
use dubhe_net::rate::MinRate;
use futures_util::stream;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use super::{BoxError, Messages, Sent, ServerStream, Whole, hosted, http1, http2};
use crate::options::TripleOptions;
use crate::wire::compression::Encoding;
use crate::wire::data::Data;

/// Sends a word when it is dropped.
struct Guard(mpsc::UnboundedSender<&'static str>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send("dropped");
    }
}

/// Answers as the path says.
async fn answer(stream: ServerStream, told: mpsc::UnboundedSender<&'static str>) {
    let guard = Guard(told.clone());
    let ServerStream { head, mut body, mut respond } = stream;
    let mut trailers = HeaderMap::new();
    trailers.insert("k", HeaderValue::from_static("end"));
    if head.uri.path() == "/whole" {
        let mut messages = Messages::new(body, 100, Encoding::Identity);
        let body = messages.whole(&ConnectionMemory::UNCOUNTED).await.unwrap();
        let head = Response::new(());
        let data = Some(Data::message(body, 100).unwrap());
        let whole = Whole { head, data, trailers: Some(trailers) };
        let sent = respond.send_now(whole, &ConnectionMemory::UNCOUNTED);
        assert!(matches!(sent, Sent::All));
        return;
    }
    let mut send = respond.send_head(Response::new(())).unwrap();
    match head.uri.path() {
        "/echo" => {
            while let Some(data) = poll_fn(|cx| body.poll_data(cx, false)).await {
                assert!(send.send(Data::framed(data.unwrap())).await);
            }
            let trailers = poll_fn(|cx| body.poll_trailers(cx)).await.unwrap().unwrap_or(trailers);
            send.end(Some(trailers));
        }
        "/last" => send.send_last(Data::framed("last")).unwrap(),
        "/reset" => {
            send.send(Data::framed("some")).await;
            send.reset();
        }
        "/forget" => drop(send.send(Data::framed("some")).await),
        "/endless" => {
            while send.send(Data::framed(vec![b'a'; 10_000])).await {
                let _ = told.send("sent");
            }
        }
        other => panic!("{other}"),
    }
    drop(guard);
}

/// A server of either version behind a pipe.
fn serve(http2: bool) -> (DuplexStream, mpsc::UnboundedReceiver<&'static str>, Trigger) {
    let (client, server) = tokio::io::duplex(16 * 1024);
    let (told, heard) = mpsc::unbounded_channel();
    let trigger = Trigger::new();
    let (io, shutdown) = (Io::from_transport(Box::new(server)), trigger.shutdown());
    let remote = SockAddr::Unix(None);
    tokio::spawn(async move {
        let options = TripleOptions::default();
        let answer = |stream| answer(stream, told.clone());
        if http2 {
            http2::serve(io, remote, &options, shutdown, answer).await;
        } else {
            http1::serve(io, remote, &options, shutdown, answer).await;
        }
    });
    (client, heard, trigger)
}

/// The bytes of the response to a request whose body is in two chunks, until the connection ends.
async fn over_http1(mut client: DuplexStream, path: &str) -> String {
    let head = format!("POST {path} HTTP/1.1\r\nhost: h\r\nconnection: close\r\nte: trailers\r\n");
    let body = "transfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n";
    client.write_all(format!("{head}{body}").as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = client.read_to_string(&mut answer).await;
    answer.split_once("\r\n\r\n").unwrap_or_default().1.to_owned()
}

async fn over_http2(
    client: DuplexStream,
    path: &str,
) -> Result<(Bytes, Option<HeaderMap>), h2::Error> {
    let (send, connection) = h2::client::handshake(client).await?;
    let connection = tokio::spawn(connection);
    let request = Request::post(format!("http://h{path}")).body(()).unwrap();
    let (response, mut body) = send.ready().await?.send_request(request, false)?;
    body.send_data("one".into(), false)?;
    body.send_data("two".into(), true)?;
    let mut body = response.await?.into_body();
    let mut all = BytesMut::new();
    while let Some(data) = body.data().await {
        all.extend_from_slice(&data?);
    }
    let trailers = body.trailers().await?;
    connection.abort();
    Ok((all.freeze(), trailers))
}

/// The body of the response to a request of another server, and its trailers.
async fn over_hosted(path: &str) -> Result<(Bytes, Option<HeaderMap>), BoxError> {
    let (told, _heard) = mpsc::unbounded_channel();
    let parts = ["one", "two"].map(|part| Ok::<_, BoxError>(Frame::data(Bytes::from(part))));
    let request = Request::post(path).body(StreamBody::new(stream::iter(parts)))?;
    let response = hosted::respond(request, MinRate::NONE, |stream| answer(stream, told)).await;
    let body = response?.into_body().collect().await?;
    let trailers = body.trailers().cloned();
    Ok((body.to_bytes(), trailers))
}

#[tokio::test]
async fn a_response_in_pieces_and_its_trailers() {
    let (client, _heard, _trigger) = serve(true);
    let (body, trailers) = over_http2(client, "/echo").await.unwrap();
    assert_eq!((&body[..], &trailers.unwrap()["k"]), (&b"onetwo"[..], &"end".parse().unwrap()));
    let (client, _heard, _trigger) = serve(false);
    let answer = over_http1(client, "/echo").await;
    // Trailers are for those who were told their names.
    assert_eq!(answer, "3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n");

    let (client, _heard, _trigger) = serve(true);
    let (body, trailers) = over_http2(client, "/whole").await.unwrap();
    assert_eq!((&body[..], trailers.unwrap().len()), (&b"\0\0\0\0\x06onetwo"[..], 1));
    let (client, _heard, _trigger) = serve(false);
    let answer = over_http1(client, "/whole").await;
    assert_eq!(answer, "B\r\n\0\0\0\0\x06onetwo\r\n0\r\n\r\n");

    let (client, _heard, _trigger) = serve(true);
    assert_eq!(over_http2(client, "/last").await.unwrap(), ("last".into(), None));
    let (client, _heard, _trigger) = serve(false);
    assert_eq!(over_http1(client, "/last").await, "4\r\nlast\r\n0\r\n\r\n");

    let (body, trailers) = over_hosted("/echo").await.unwrap();
    assert_eq!((&body[..], &trailers.unwrap()["k"]), (&b"onetwo"[..], &"end".parse().unwrap()));
    let (body, trailers) = over_hosted("/whole").await.unwrap();
    assert_eq!((&body[..], trailers.unwrap().len()), (&b"\0\0\0\0\x06onetwo"[..], 1));
    assert_eq!(over_hosted("/last").await.unwrap(), ("last".into(), None));
}

#[tokio::test]
async fn a_response_without_its_end_is_broken_off() {
    for path in ["/reset", "/forget"] {
        let (client, _heard, _trigger) = serve(true);
        over_http2(client, path).await.unwrap_err();
        let (client, _heard, _trigger) = serve(false);
        let answer = over_http1(client, path).await;
        assert!(["", "4\r\nsome\r\n"].contains(&&*answer), "{path} {answer:?}");
        assert_eq!(over_hosted(path).await.unwrap_err().to_string(), "the response was broken off");
    }
}

#[tokio::test]
async fn a_reader_that_stops_stops_the_writer_and_one_that_leaves_drops_it() {
    let (mut client, mut heard, _trigger) = serve(false);
    client.write_all(b"GET /endless HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    assert_eq!(heard.recv().await, Some("sent"));
    // The pipe and the buffer of the connection are full once nobody gets on.
    let mut sent = 1;
    for _ in 0..100 {
        tokio::task::yield_now().await;
        while heard.try_recv().is_ok() {
            sent += 1;
        }
    }
    assert!(sent < 60, "{sent}");
    drop(client);
    while heard.recv().await.unwrap() != "dropped" {}
}
