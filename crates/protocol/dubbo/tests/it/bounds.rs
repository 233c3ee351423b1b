//! Bounds of the memory that a peer can make the other end hold.

use std::collections::HashSet;
use std::sync::Arc;

use crate::support::{ANY, Methods, Raw, Request, SERVICE, call, echo, frame};
use dubhe_core::memory::MemoryLimit;
use dubhe_core::status::table::dubbo;
use dubhe_core::{Code, Metadata, Status, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::body::{self, BodyLimits};
use dubhe_dubbo::header::Kind;
use dubhe_dubbo::serialization::SerializationId;
use dubhe_hessian2::{Encoder, payload};

const HESSIAN2: SerializationId = SerializationId::HESSIAN2;

/// A list of `length` and then `again` references to it, under the keys of attachments.
fn write_attachments(e: &mut Encoder, length: usize, again: usize) {
    e.write_map(|e| {
        e.write_str("path");
        e.write_str(SERVICE);
        e.write_str("0");
        let first = e.next_reference();
        e.write_list(length, |e| {
            (0..length).for_each(|_| e.write_i32(1));
            Ok(())
        })?;
        for index in 1..=again {
            e.write_str(&index.to_string());
            e.write_reference(first);
        }
        Ok(())
    })
    .unwrap();
}

fn request(id: u64, service: &str, length: usize, again: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    for text in ["2.0.2", service, "0.0.0", "echo", ANY] {
        e.write_str(text);
    }
    e.write_null();
    write_attachments(&mut e, length, again);
    frame(Kind::Call { two_way: true }, HESSIAN2, id, &e.into_buffer())
}

fn reply(id: u64, length: usize, again: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    e.write_i32(5);
    write_attachments(&mut e, length, again);
    frame(Kind::Reply { status: dubbo::OK }, HESSIAN2, id, &e.into_buffer())
}

/// The bytes of all lists of attachments, each counted once.
fn memory(metadata: &Metadata) -> usize {
    let mut seen = HashSet::new();
    let lists = metadata.iter().filter_map(|(_, value)| match value {
        Value::List(list) => Some(list),
        _ => None,
    });
    let fresh = lists.filter(|list| seen.insert(Arc::as_ptr(list)));
    fresh.map(|list| list.items.capacity() * size_of::<Value>()).sum()
}

#[test]
fn attachments_that_refer_to_each_other_share_their_memory() {
    let length = 60 * 1024;
    let bytes = request(1, SERVICE, length, 20);
    let body = bytes::Bytes::copy_from_slice(&bytes[16..]);
    let read = body::Request::read(&body).unwrap();
    assert_eq!(read.attachments.metadata.len(), 21);
    assert!(read.attachments.metadata.iter().all(|(_, value)| value.items().len() == length));
    assert_eq!(memory(&read.attachments.metadata), length * size_of::<Value>());
    let bytes = reply(1, length, 20);
    let body = bytes::Bytes::copy_from_slice(&bytes[16..]);
    let (_, metadata) = body::read_reply(&body, &BodyLimits::default()).unwrap();
    assert_eq!((metadata.len(), memory(&metadata)), (21, length * size_of::<Value>()));
}

async fn still_serves(raw: &mut Raw) {
    raw.send(&Request::new(99, "echo", "still here").bytes()).await;
    assert_eq!(raw.reply().await, (99, dubbo::OK, "still here".into()));
}

#[tokio::test]
async fn a_request_with_large_attachments_fails_alone() {
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), Methods::echo());
    for length in [64, 256, 3 * 1024] {
        for service in [SERVICE, "no.Such"] {
            raw.send(&request(3, service, length * 1024, 20)).await;
            let (id, status, text) = raw.reply().await;
            assert_eq!((id, status), (3, dubbo::BAD_REQUEST));
            let text = text.as_str().unwrap();
            assert!(text.contains("more than 65536 bytes"), "{text}");
            assert!(text.contains("raise max_attachments"), "{text}");
        }
        still_serves(&mut raw).await;
    }
}

#[tokio::test]
async fn a_reply_with_large_attachments_fails_its_call_alone() {
    let (mut raw, client) = Raw::server_of(DubboOptions::default());
    for length in [64, 256, 3 * 1024] {
        let calling = client.connection.start(call("m", 1));
        let (header, _) = raw.next().await.unwrap();
        raw.send(&reply(header.id, length * 1024, 20)).await;
        let error = calling.await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(error.message().contains("more than 65536 bytes"), "{error}");
    }
    let calling = client.connection.start(call("m", 1));
    let (header, _) = raw.next().await.unwrap();
    raw.send(&reply(header.id, 10, 2)).await;
    assert_eq!(calling.await.unwrap().metadata.len(), 3);
}

/// A request whose attachments take exactly `bytes`.
fn with_attachments_of(bytes: usize) -> Vec<u8> {
    let mut e = Encoder::new();
    for text in ["2.0.2", SERVICE, "0.0.0", "echo", ANY] {
        e.write_str(text);
    }
    e.write_null();
    write_attachments_of(&mut e, bytes);
    frame(Kind::Call { two_way: true }, HESSIAN2, 7, &e.into_buffer())
}

/// A map that takes exactly `bytes`.
fn write_attachments_of(e: &mut Encoder, bytes: usize) {
    let start = e.buffer().len();
    e.write_map(|e| {
        e.write_str("k");
        let rest = bytes - (e.buffer().len() - start) - 3 - 1;
        e.write_bytes(&vec![0; rest]);
        Ok(())
    })
    .unwrap();
    assert_eq!(e.buffer().len() - start, bytes);
}

#[tokio::test]
async fn the_limit_of_attachments_is_an_option() {
    let options = DubboOptions::default().max_attachments(2_000);
    let (mut raw, _server) = Raw::client_of(options.clone(), Methods::echo());
    for (bytes, status) in [(2_000, dubbo::OK), (2_001, dubbo::BAD_REQUEST)] {
        raw.send(&with_attachments_of(bytes)).await;
        assert_eq!(raw.reply().await.1, status, "{bytes}");
        still_serves(&mut raw).await;
    }
    let (mut raw, client) = Raw::server_of(options);
    for (bytes, fits) in [(2_000, true), (2_001, false)] {
        let calling = client.connection.start(call("m", 1));
        let (header, _) = raw.next().await.unwrap();
        let mut e = Encoder::new();
        e.write_i32(5);
        write_attachments_of(&mut e, bytes);
        let kind = Kind::Reply { status: dubbo::OK };
        raw.send(&frame(kind, HESSIAN2, header.id, &e.into_buffer())).await;
        assert_eq!(calling.await.is_ok(), fits, "{bytes}");
    }
}

fn counts_nulls(call: dubhe_core::Call) -> dubhe_core::Invoking {
    let dubhe_core::CallBody::One(given) = &call.body else { panic!("no arguments") };
    let counted = payload::arguments::<(Value,)>(given).map(|(list,)| list.items().len());
    dubhe_core::Invoking::ready(counted.and_then(|count| {
        let count = i32::try_from(count).map_err(|e| Status::new(Code::Internal, e.to_string()))?;
        Ok(dubhe_core::Reply::new(payload::message(count)))
    }))
}

#[tokio::test]
async fn the_memory_of_decoded_arguments_and_results_is_an_option() {
    let nulls = |count: usize| Value::list(vec![Value::Null; count]);
    let methods = || Methods::echo().method("count", counts_nulls);
    for (options, most) in [
        (DubboOptions::default(), 1_500_000),
        (DubboOptions::default().decoded(MemoryLimit::new(64, 1 << 20)), 25_000),
        (DubboOptions::default().decoded(MemoryLimit::new(4, 1 << 20)), 1_600),
    ] {
        let (mut raw, _server) = Raw::client_of(options.clone(), methods());
        raw.send(&Request::new(1, "count", nulls(most)).bytes()).await;
        let count = Value::Int(i32::try_from(most).unwrap());
        assert_eq!(raw.reply().await, (1, dubbo::OK, count));
        raw.send(&Request::new(2, "count", nulls(2 * most)).bytes()).await;
        let (id, status, text) = raw.reply().await;
        assert_eq!((id, status), (2, dubbo::BAD_REQUEST));
        assert!(text.as_str().unwrap().contains("raise MemoryLimit"), "{text}");
        still_serves(&mut raw).await;

        let (mut raw, client) = Raw::server_of(options);
        for (count, fits) in [(most, true), (2 * most, false)] {
            let calling = client.connection.start(call("m", 1));
            let (header, _) = raw.next().await.unwrap();
            raw.send(&crate::support::reply(header.id, nulls(count))).await;
            let reply = calling.await.unwrap();
            assert_eq!(payload::reply::<Value>(&reply).is_ok(), fits, "{count}");
        }
    }
}

/// Decodes texts, each of which is copied.
fn joins(call: dubhe_core::Call) -> dubhe_core::Invoking {
    let dubhe_core::CallBody::One(given) = &call.body else { panic!("no arguments") };
    let joined = payload::arguments::<(Vec<String>,)>(given);
    dubhe_core::Invoking::ready(
        joined.map(|_| dubhe_core::Reply::new(payload::message("read".to_owned()))),
    )
}

#[tokio::test]
async fn the_memory_of_decoded_values_is_exact() {
    const LIMIT: usize = 64 << 10;
    let texts = |last: usize| vec!["a".repeat(20_000), "a".repeat(20_000), "a".repeat(last)];
    let few = payload::args((texts(1_000),));
    let (_, taken) = payload::arguments_with_memory::<(Vec<String>,)>(&few).unwrap();
    let most = LIMIT - taken + 1_000;
    let value = |last| Value::list(texts(last).into_iter().map(Value::from));
    let options = DubboOptions::default().decoded(MemoryLimit::new(64, LIMIT));
    let methods = Methods::echo().method("join", joins);
    let (mut raw, _server) = Raw::client_of(options.clone(), methods);
    for (last, status) in [(most, dubbo::OK), (most + 1, dubbo::BAD_REQUEST)] {
        raw.send(&Request::new(1, "join", value(last)).bytes()).await;
        let (_, got, text) = raw.reply().await;
        assert_eq!(got, status, "{last}: {text}");
    }
    let (mut raw, client) = Raw::server_of(options);
    for (last, fits) in [(most, true), (most + 1, false)] {
        let calling = client.connection.start(call("m", 1));
        let (header, _) = raw.next().await.unwrap();
        raw.send(&crate::support::reply(header.id, value(last))).await;
        let reply = calling.await.unwrap();
        assert_eq!(payload::reply::<Vec<String>>(&reply).is_ok(), fits, "{last}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_request_is_decoded_while_its_connection_serves_others() {
    let (go, wait) = std::sync::mpsc::channel::<()>();
    let wait = Arc::new(parking_lot::Mutex::new(wait));
    // Decoding stands still until it is told to go on.
    let methods = Methods::echo().method("slow", move |call| {
        wait.lock().recv().unwrap();
        echo(call)
    });
    let (mut raw, _server) = Raw::client_of(DubboOptions::default(), methods);
    raw.send(&Request::new(1, "slow", vec![0_u8; 100_000]).bytes()).await;
    still_serves(&mut raw).await;
    go.send(()).unwrap();
    assert_eq!(raw.reply().await.0, 1);
}
