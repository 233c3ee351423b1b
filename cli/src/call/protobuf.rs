//! Calls of protobuf services, by their descriptors.

use std::sync::Arc;

use bytes::Bytes;
use dubhe::payload::{CallBody, Encoded, Format, Payloads};
use dubhe::{CallKind, Client, Code, Method, Payload, Reply, Status};
use futures_util::{Stream, StreamExt as _};
use prost::Message as _;
use prost_reflect::{
    DynamicMessage, MessageDescriptor, MethodDescriptor, SerializeOptions, ServiceDescriptor,
};

use super::explain::Error;
use super::input::{Inputs, Messages, Text};
use super::invocation::receive;
use super::output::{Receive, unreadable};
use super::providers::Providers;
use super::stdin;
use crate::suggest::did_you_mean;

/// The most messages `google.protobuf.Any` in a message of a reply that hold another one.
const MAX_ANY: usize = 64;

/// A protobuf method of this name.
pub(super) fn method(name: &str, kind: CallKind) -> Arc<Method> {
    Arc::new(Method { name: name.into(), descriptor: None, kind })
}

/// A call of a method of a protobuf service.
pub(super) struct ProtobufCall<'a> {
    providers: &'a Providers<'a>,
    client: Client,
    found: MethodDescriptor,
    method: Arc<Method>,
    request: Request,
}

enum Request {
    One(Payload),
    Many(Messages),
}

impl<'a> ProtobufCall<'a> {
    pub(super) async fn new(
        providers: &'a Providers<'a>,
        service: &ServiceDescriptor,
        name: &str,
        inputs: &Inputs,
    ) -> Result<Self, Error> {
        let found = find(service, name)?;
        let options = providers.options;
        if options.types.is_some() || options.stream.is_some() {
            let what = "--types and --stream are for Java interfaces; the server tells the types and \
                        streams of a protobuf service";
            return Err(Error::Usage(what.into()));
        }
        let kind = match (found.is_client_streaming(), found.is_server_streaming()) {
            (false, false) => CallKind::Unary,
            (true, false) => CallKind::ClientStream,
            (false, true) => CallKind::ServerStream,
            (true, true) => CallKind::Bidirectional,
        };
        let request =
            request(&found, inputs, options.repeat.is_some()).await.map_err(Error::Usage)?;
        let client = providers.client(providers.service.clone())?;
        let method = method(found.name(), kind);
        Ok(Self { providers, client, found, method, request })
    }

    pub(super) async fn call(&self, into: &mut impl Receive) -> Result<(), Error> {
        let body = match &self.request {
            Request::One(message) => CallBody::One(message.clone()),
            Request::Many(messages) => {
                let input = self.found.input();
                let message = move |text: Result<Text, Status>| {
                    let text = text?;
                    read(&input, &text).map_err(|what| Status::new(Code::InvalidArgument, what))
                };
                CallBody::Stream(messages.stream().map(message).boxed())
            }
        };
        let reply = self.client.send(&self.method, body, &self.providers.call).await?;
        let output = self.found.output();
        let json = |payload: Payload| json(&output, bytes(payload));
        receive(reply, self.found.is_server_streaming(), into, json).await
    }
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
        let meant = did_you_mean(name, known.iter().map(String::as_str));
        let (full, known) = (service.full_name(), known.join(", "));
        Status::new(Code::Unimplemented, format!("{full} has {known} and not {name:?}{meant}"))
    })
}

/// The request: one message, or those of a stream, which are read before they are sent where that can be.
async fn request(
    method: &MethodDescriptor,
    inputs: &Inputs,
    again: bool,
) -> Result<Request, String> {
    let input = method.input();
    if method.is_client_streaming() {
        let messages = inputs.messages()?;
        let messages = if again { messages.read_all()? } else { messages };
        if let Messages::These(all) = &messages {
            all.iter().try_for_each(|text| read(&input, text).map(drop))?;
        }
        return Ok(Request::Many(messages));
    }
    if inputs.len() > 1 {
        return Err(format!(
            "{} takes one message, and there are {} arguments; quote the JSON as one word",
            method.full_name(),
            inputs.len()
        ));
    }
    if inputs.len() == 0 && stdin::has_something().await {
        return Err(format!(
            "{} takes one message, and stdin has something that no argument asks for\n\
             hint: - sends what stdin has; with </dev/null the message is empty",
            method.full_name()
        ));
    }
    let message = match &*inputs.values()? {
        [one] => read(&input, one)?,
        _ => payload(&DynamicMessage::new(input)),
    };
    Ok(Request::One(message))
}

fn payload(message: &DynamicMessage) -> Payload {
    Encoded::new(Format::Protobuf, message.encode_to_vec().into()).into()
}

/// The message that a JSON text is.
fn read(kind: &MessageDescriptor, Text { place, text }: &Text) -> Result<Payload, String> {
    let mut json = serde_json::Deserializer::from_str(text);
    let message = DynamicMessage::deserialize(kind.clone(), &mut json)
        .and_then(|message| json.end().map(|()| message));
    message.map(|message| payload(&message)).map_err(|error| {
        let (name, shown) = (kind.full_name(), super::shortened(text));
        let template = template(kind);
        format!("{place}: {shown} is not a valid {name}: {error}\nhint: write it like '{template}'")
    })
}

/// A message of this kind in JSON, with every field that has a value of its own.
pub(super) fn template(kind: &MessageDescriptor) -> String {
    let options = SerializeOptions::new().skip_default_fields(false);
    let empty = DynamicMessage::new(kind.clone());
    let json = empty.serialize_with_options(serde_json::value::Serializer, &options);
    json.map(|json| json.to_string()).unwrap_or_default()
}

fn json(kind: &MessageDescriptor, bytes: Bytes) -> Result<String, Status> {
    let wrong = |error: &dyn std::fmt::Display| unreadable(kind.full_name(), error);
    // Each counts the nesting of messages anew.
    let name = b"/google.protobuf.Any";
    if bytes.windows(name.len()).filter(|part| part == name).nth(MAX_ANY).is_some() {
        return Err(wrong(&format_args!(
            "more than {MAX_ANY} google.protobuf.Any hold another one"
        )));
    }
    let message = DynamicMessage::decode(kind.clone(), bytes).map_err(|e| wrong(&e))?;
    let written =
        message.serialize_with_options(serde_json::value::Serializer, &SerializeOptions::new());
    written.map(|json| json.to_string()).map_err(|e| wrong(&e))
}

fn bytes(payload: Payload) -> Bytes {
    payload.encoded().map(|encoded| encoded.bytes().clone()).unwrap_or_default()
}

/// The messages of a reply, up to its end or its error.
pub(super) fn messages(reply: Reply) -> impl Stream<Item = Result<Bytes, Status>> {
    Payloads::of_reply(reply).map(|message| message.map(bytes))
}
