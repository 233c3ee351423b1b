//! Calls of protobuf services, by their descriptors.

use std::io::{BufRead as _, Write};
use std::sync::Arc;

use bytes::Bytes;
use dubhe::CallKind;
use dubhe::payload::{CallBody, Encoded, Format, Payloads};
use dubhe::{Client, Code, Method, Payload, Reply, Status};
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};
use prost::Message as _;
use prost_reflect::{
    DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions, ServiceDescriptor,
};

use super::explain::Error;
use super::providers::Providers;

/// A protobuf method of this name.
pub(super) fn method(name: &str, kind: CallKind) -> Arc<Method> {
    Arc::new(Method { name: name.into(), descriptor: None, kind })
}

/// Calls a method and prints what comes back: a message at its end, or one a line as they come.
pub(super) async fn call(
    providers: &Providers<'_>,
    service: &ServiceDescriptor,
    name: &str,
    args: &[String],
    out: &mut impl Write,
) -> Result<(), Error> {
    let found = find(service, name)?;
    let kind = match (found.is_client_streaming(), found.is_server_streaming()) {
        (false, false) => CallKind::Unary,
        (true, false) => CallKind::ClientStream,
        (false, true) => CallKind::ServerStream,
        (true, true) => CallKind::Bidirectional,
    };
    let body = body(&found, args).map_err(Error::Usage)?;
    let client: Client = providers.client(providers.service.clone())?;
    let reply = client.send(&method(found.name(), kind), body, &providers.options.call()).await?;
    let mut messages = std::pin::pin!(messages(reply));
    while let Some(message) = messages.try_next().await? {
        let text = json(&found.output(), message)?;
        if found.is_server_streaming() || providers.options.compact {
            writeln!(out, "{text}")?;
        } else {
            writeln!(out, "{text:#}")?;
        }
        out.flush()?;
    }
    Ok(())
}

/// The method of this name, or of this name with a capital first letter.
pub(super) fn find(service: &ServiceDescriptor, name: &str) -> Result<MethodDescriptor, Status> {
    let same = |method: &MethodDescriptor| {
        let mut first = method.name().chars();
        let small = first.next().map(|c| c.to_ascii_lowercase()).into_iter().chain(first);
        method.name() == name || small.eq(name.chars())
    };
    service.methods().find(same).ok_or_else(|| {
        let known: Vec<String> = service.methods().map(|m| m.name().to_owned()).collect();
        let (full, known) = (service.full_name(), known.join(", "));
        Status::new(Code::Unimplemented, format!("{full} has {known} and not {name:?}"))
    })
}

/// The request: one message, or those of `args`, or else those on stdin, one a line.
fn body(method: &MethodDescriptor, args: &[String]) -> Result<CallBody, String> {
    let input = method.input();
    let numbered = |(at, text): (usize, &String)| {
        read(&input, text).map_err(|what| format!("argument {}: {what}", at + 1))
    };
    if !method.is_client_streaming() {
        return match args {
            [] => Ok(CallBody::One(payload(&DynamicMessage::new(input)))),
            [one] => Ok(CallBody::One(read(&input, one)?)),
            many => Err(format!(
                "{} takes one message, and there are {} arguments; quote the JSON as one word",
                method.full_name(),
                many.len()
            )),
        };
    }
    if args.is_empty() {
        return Ok(CallBody::Stream(lines(input).boxed()));
    }
    let all: Result<Vec<Payload>, String> = args.iter().enumerate().map(numbered).collect();
    Ok(CallBody::Stream(stream::iter(all?.into_iter().map(Ok)).boxed()))
}

/// The messages on stdin, as they are typed.
fn lines(input: MessageDescriptor) -> impl Stream<Item = Result<Payload, Status>> + Send {
    let (send, receive) = tokio::sync::mpsc::channel(1);
    // Reading blocks, and a thread of its own does not keep the process from ending.
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if send.blocking_send(line).is_err() {
                return;
            }
        }
    });
    let lines = stream::unfold(receive, |mut receive| async {
        let line = receive.recv().await?;
        Some((line, receive))
    });
    let wrong = |what| Status::new(Code::InvalidArgument, format!("stdin: {what}"));
    lines.filter_map(move |line| {
        let message = match line {
            Ok(line) if line.trim().is_empty() => None,
            Ok(line) => Some(read(&input, &line).map_err(wrong)),
            Err(error) => Some(Err(wrong(error.to_string()))),
        };
        std::future::ready(message)
    })
}

fn payload(message: &DynamicMessage) -> Payload {
    Encoded::new(Format::Protobuf, message.encode_to_vec().into()).into()
}

/// The message that a JSON text is.
fn read(kind: &MessageDescriptor, text: &str) -> Result<Payload, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(kind.clone(), &mut json)
        .and_then(|message| json.end().map(|()| message));
    message.map(|message| payload(&message)).map_err(|error| {
        let name = kind.full_name();
        format!("{text:?} is not a valid {name}: {error}\nhint: write it like '{}'", template(kind))
    })
}

/// A message of this kind in JSON, with every field that has a value of its own.
pub(super) fn template(kind: &MessageDescriptor) -> String {
    let options = SerializeOptions::new().skip_default_fields(false);
    let empty = DynamicMessage::new(kind.clone());
    let json = empty.serialize_with_options(serde_json::value::Serializer, &options);
    json.map(|json| json.to_string()).unwrap_or_default()
}

fn json(kind: &MessageDescriptor, bytes: Bytes) -> Result<serde_json::Value, Status> {
    let unreadable = |error: &dyn std::fmt::Display| {
        Status::new(
            Code::Internal,
            format!("the reply is not a valid {}: {error}", kind.full_name()),
        )
    };
    let message = DynamicMessage::decode(kind.clone(), bytes).map_err(|e| unreadable(&e))?;
    let written =
        message.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new());
    written.map_err(|e| unreadable(&e))
}

/// The messages of a reply, up to its end or its error.
pub(super) fn messages(reply: Reply) -> impl Stream<Item = Result<Bytes, Status>> {
    Payloads::of_reply(reply).map(|message| {
        message.map(|payload| payload.encoded().map(|e| e.bytes().clone()).unwrap_or_default())
    })
}
