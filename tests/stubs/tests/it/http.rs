//! A protobuf service, called as curl and Connect clients call it.
use std::io::{Read as _, Write as _};
use std::net::SocketAddr;

use dubhe::status::Detail;
use dubhe::{Code, Metadata, RunningServer, Server, Status};
use dubhe_core::{Request, Response, Streaming};
use dubhe_protobuf::types::Empty;
use dubhe_stubs::proto::sample::common::Named;
use dubhe_stubs::proto::sample::shapes::v1::{Shapes, ShapesServer, Word};
use dubhe_testkit::http1::{self, request};
use futures_util::{Stream, stream};
use serde_json::{Value, json};

struct Speaker;

impl Shapes for Speaker {
    async fn say(&self, request: Request<Word>) -> Result<Response<Word>, Status> {
        let mut metadata = Metadata::new();
        if let Some(token) = request.metadata().get_str("token") {
            metadata.insert("token-seen", token);
        }
        match &*request.get_ref().text {
            "panic" => panic!("as asked"),
            "sleep" => std::future::pending().await,
            "error" => {
                let trailers = Metadata::from_iter([("k", "end")]);
                let detail =
                    Detail { type_url: "type.googleapis.com/a.B".into(), value: "v".into() };
                let status = Status::new(Code::NotFound, "no such word");
                Err(status.with_detail(detail).with_trailers(trailers))
            }
            _ => Ok(Response::with_metadata(request.into_inner(), metadata)),
        }
    }

    async fn join(&self, _: Request<Streaming<Word>>) -> Result<Response<Word>, Status> {
        Err(Status::new(Code::Unimplemented, "not here"))
    }

    async fn repeat(
        &self,
        _: Request<Word>,
    ) -> Result<Response<impl Stream<Item = Result<Word, Status>>>, Status> {
        Ok(stream::empty().into())
    }

    async fn chat(
        &self,
        _: Request<Streaming<Word>>,
    ) -> Result<Response<impl Stream<Item = Result<Word, Status>>>, Status> {
        Ok(stream::empty().into())
    }

    async fn new(&self, _: Request<Empty>) -> Result<Response<Empty>, Status> {
        Ok(Empty {}.into())
    }

    async fn r#type(&self, request: Request<Word>) -> Result<Response<Named>, Status> {
        Ok(Named { name: request.into_inner().text }.into())
    }
}

const SAY: &str = "POST /sample.shapes.v1.Shapes/Say";
const JSON: &str = "content-type: application/json";
const PROTO: &str = "content-type: application/proto";

async fn serve() -> RunningServer {
    Server::builder().service(ShapesServer::new(Speaker)).start("127.0.0.1:0").await.unwrap()
}

/// Sends a request from a thread of its own.
async fn ask(
    to: SocketAddr,
    line: &'static str,
    headers: &'static [&'static str],
    body: impl AsRef<[u8]> + Send + 'static,
) -> http1::Response {
    let asked = move || request(to, line, headers, body).unwrap();
    tokio::task::spawn_blocking(asked).await.unwrap()
}

fn json(response: &http1::Response) -> Value {
    serde_json::from_str(&response.body).unwrap()
}

#[tokio::test]
async fn json_in_and_json_out_with_metadata() {
    let server = serve().await;
    let body = r#"{"text":"far","times":3,"serialNumber":"7","raw":"AP8="}"#;
    let got = ask(server.addr(), SAY, &[JSON, "token: t"], body).await;
    assert_eq!((got.status, got.header("token-seen")), (200, Some("t")));
    assert_eq!(got.header("content-type"), Some("application/json"));
    assert_eq!(json(&got), serde_json::from_str::<Value>(body).unwrap());
    // Names of fields are those of the file, too; no body is an empty message.
    let got = ask(server.addr(), SAY, &[JSON], r#"{"serial_number":7}"#).await;
    assert_eq!(json(&got), json!({ "serialNumber": "7" }));
    let got = ask(server.addr(), SAY, &[JSON], "").await;
    assert_eq!((got.status, json(&got)), (200, json!({})));
}

#[tokio::test]
async fn values_in_json_are_those_of_protobuf() {
    let server = serve().await;
    for (sent, right) in [
        (r#"{"times":null,"heights":null,"scores":null,"colour":null}"#, Some("{}")),
        (r#"{"weight":"NaN"}"#, Some(r#"{"weight":"NaN"}"#)),
        (r#"{"heights":[3.5e38]}"#, None),
        (r#"{"times":1e3}"#, Some(r#"{"times":1000}"#)),
        (r#"{"times":1.0}"#, Some(r#"{"times":1}"#)),
        (r#"{"times":1.5}"#, None),
        (r#"{"colour":7}"#, Some(r#"{"colour":7}"#)),
        (r#"{"other":null}"#, Some(r#"{"other":null}"#)),
        (r#"{"weight":1e400}"#, None),
        (r#"{"serialNumber":12345678901234567890}"#, None),
        (r#"{"serialNumber":9007199254740993}"#, Some(r#"{"serialNumber":"9007199254740993"}"#)),
    ] {
        let got = ask(server.addr(), SAY, &[JSON], sent).await;
        match right {
            Some(right) => assert_eq!((got.status, &*got.body), (200, right), "{sent}"),
            None => assert_eq!(got.status, 400, "{sent}: {}", got.body),
        }
    }
}

#[tokio::test]
async fn protobuf_in_and_out() {
    let server = serve().await;
    let got =
        ask(server.addr(), SAY, &[PROTO, "connect-protocol-version: 1"], b"\x0a\x03far").await;
    assert_eq!((got.status, &*got.body), (200, "\n\u{3}far"));
    assert_eq!(got.header("content-type"), Some("application/proto"));
}

#[tokio::test]
async fn errors_of_connect_and_of_dubbo_go() {
    let server = serve().await;
    let body = r#"{"text":"error"}"#;
    let got = ask(server.addr(), SAY, &[JSON], body).await;
    assert_eq!((got.status, got.header("trailer-k")), (404, Some("end")));
    let details = json!([{ "type": "a.B", "value": "dg" }]);
    let error = json!({ "code": "not_found", "message": "no such word", "details": details });
    assert_eq!(json(&got), error);

    let late = r#"{"text":"sleep"}"#;
    let got = ask(server.addr(), SAY, &[JSON, "connect-timeout-ms: 20"], late).await;
    assert_eq!((got.status, &json(&got)["code"]), (504, &json!("deadline_exceeded")));
    let go = &[JSON, "triple-protocol-version: 0.1.0", "triple-timeout-ms: 20"];
    let got = ask(server.addr(), SAY, go, late).await;
    assert_eq!((got.status, &json(&got)["code"]), (408, &json!("deadline_exceeded")));
    let got = ask(server.addr(), SAY, &[JSON], r#"{"text":"panic"}"#).await;
    assert_eq!((got.status, &json(&got)["code"]), (500, &json!("internal")));
}

#[tokio::test]
async fn what_is_no_call_is_told_why() {
    let server = serve().await;
    for (line, headers, body, status, hint) in [
        (SAY, &[JSON][..], "{", 400, "not a Word in json"),
        (SAY, &[JSON, "connect-timeout-ms: soon"], "{}", 400, "connect-timeout-ms"),
        (SAY, &[JSON, "content-encoding: br"], "{}", 501, "send gzip"),
        (SAY, &[JSON, "content-encoding: gzip"], "{}", 400, "not gzip"),
        (SAY, &["content-type: text/xml"], "{}", 415, ""),
        (SAY, &[], "{}", 415, ""),
        ("GET /sample.shapes.v1.Shapes/Say", &[], "", 405, ""),
        ("POST /sample.shapes.v1.Shapes/Chat", &[JSON], "{}", 415, ""),
        ("POST /sample.shapes.v1.Shapes/Shout", &[JSON], "{}", 404, "has no method"),
        ("POST /sample.Other/Say", &[JSON], "{}", 404, "does not export"),
        ("POST /nothing", &[JSON], "{}", 404, "is not /service/method"),
    ] {
        let got = ask(server.addr(), line, headers, body).await;
        assert_eq!(got.status, status, "{line} {headers:?}: {got:?}");
        assert!(got.body.contains(hint), "{line} {headers:?}: {got:?}");
    }
    let got = ask(server.addr(), "OPTIONS /sample.shapes.v1.Shapes/Say", &[], "").await;
    assert_eq!((got.status, got.header("allow")), (204, Some("post, options")));
}

#[tokio::test]
async fn gzip_is_taken_and_given_back() {
    let server = serve().await;
    let text = "a".repeat(10_000);
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(json!({ "text": text }).to_string().as_bytes()).unwrap();
    let packed = packed.finish().unwrap();
    let headers = &[JSON, "content-encoding: gzip", "accept-encoding: br, gzip"];
    let to = server.addr();
    let raw = tokio::task::spawn_blocking(move || {
        let mut stream = std::net::TcpStream::connect(to).unwrap();
        let head = format!(
            "{SAY} HTTP/1.1\r\nhost: h\r\nconnection: close\r\n{}\r\ncontent-length: {}\r\n\r\n",
            headers.join("\r\n"),
            packed.len()
        );
        stream.write_all(&[head.as_bytes(), &packed].concat()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        answer
    });
    let answer = raw.await.unwrap();
    let at = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
    assert!(String::from_utf8_lossy(&answer[..at]).contains("content-encoding: gzip"));
    let mut body = String::new();
    flate2::read::GzDecoder::new(&answer[at..]).read_to_string(&mut body).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&body).unwrap(), json!({ "text": text }));
}
