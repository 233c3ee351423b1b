//! Methods of interfaces that stream, which are called under their own names.

use std::sync::Arc;

use dubhe::payload::{Args, CallBody};
use dubhe::{CallKind, CallOptions, Client, Code, Method, Payload, Reply, Status, Value};
use dubhe_core::descriptor;
use futures_util::StreamExt as _;

use super::argument::Argument;
use super::convert::with_objects;
use super::signature::Signature;
use super::{java_type, sends_many};
use crate::call::CallArgs;
use crate::call::input::{Inputs, Messages, Text};

/// A call of a method that streams.
pub(super) struct StreamPlan {
    method: Arc<Method>,
    request: Request,
}

enum Request {
    One(Arc<[Value]>),
    /// Messages of a Java type.
    Many(String, Messages),
}

impl StreamPlan {
    /// The call of a method that the provider describes.
    ///
    /// # Errors
    /// When the arguments do not fit it.
    pub(super) fn of(
        method: &Signature,
        options: &CallArgs,
        inputs: &Inputs,
    ) -> Result<Self, String> {
        Self::with_types(&method.name, method.kind, Some(&method.types), options, inputs)
    }

    /// The call of a method of which only the kind is known, with the types that the options or the
    /// arguments have.
    ///
    /// # Errors
    /// When the types are missing, or an argument is wrong.
    pub(super) fn new(
        name: &str,
        kind: CallKind,
        options: &CallArgs,
        inputs: &Inputs,
    ) -> Result<Self, String> {
        let types = options.types.as_ref();
        let types = types.map(|types| types.iter().map(|name| java_type::named(name)).collect());
        let types: Option<Vec<String>> = types.transpose()?;
        Self::with_types(name, kind, types.as_deref(), options, inputs)
    }

    fn with_types(
        name: &str,
        kind: CallKind,
        types: Option<&[String]>,
        options: &CallArgs,
        inputs: &Inputs,
    ) -> Result<Self, String> {
        let (types, request) = if sends_many(kind) {
            let messages = inputs.messages()?;
            let again = options.repeat.is_some();
            let messages = if again { messages.read_all()? } else { messages };
            let java_type = match (types, &messages) {
                (Some([one]), _) => one.clone(),
                (Some(types), _) => {
                    let what = "messages of a stream have one type, and there are";
                    return Err(format!("{what} {}: {}", types.len(), types.join(", ")));
                }
                (None, Messages::These(all)) => match all.first() {
                    Some(first) => Argument::parse(first)?.into_typed().java_type.to_string(),
                    None => return Err(no_type()),
                },
                (None, Messages::Stdin) => return Err(no_type()),
            };
            if let Messages::These(all) = &messages {
                all.iter().try_for_each(|text| message(&java_type, text).map(drop))?;
            }
            (vec![java_type.clone()], Request::Many(java_type, messages))
        } else {
            let texts = inputs.values()?;
            let known = types.unwrap_or_default();
            if types.is_some() && known.len() != texts.len() {
                let (takes, given) = (known.len(), texts.len());
                return Err(format!("{name} takes {takes} arguments, and there are {given}"));
            }
            let mut types = Vec::new();
            let mut values = Vec::new();
            for (at, text) in texts.iter().enumerate() {
                let argument = argument(known.get(at), text)?.into_typed();
                types.push(argument.java_type.to_string());
                values.push(with_objects(argument.value));
            }
            (types, Request::One(values.into()))
        };
        let descriptor: String = types.iter().map(|name| descriptor::of_name(name)).collect();
        let method = Arc::new(Method::java(name.to_owned(), descriptor).kind(kind));
        Ok(Self { method, request })
    }

    /// Returns true if the reply is a stream.
    pub(super) fn replies(&self) -> bool {
        self.method.kind != CallKind::ClientStream
    }

    pub(super) async fn send(
        &self,
        client: &Client,
        options: &CallOptions,
    ) -> Result<Reply, Status> {
        let body = match &self.request {
            Request::One(values) => CallBody::One(Payload::Args(Args::Values(values.clone()))),
            Request::Many(java_type, messages) => {
                let java_type = java_type.clone();
                let payload = move |text: Result<Text, Status>| {
                    let value = message(&java_type, &text?)
                        .map_err(|what| Status::new(Code::InvalidArgument, what))?;
                    Ok(Payload::dynamic(value))
                };
                CallBody::Stream(messages.stream().map(payload).boxed())
            }
        };
        client.send(&self.method, body, options).await
    }
}

/// The argument that a text is: of the type in front of it, else of the one that is known.
fn argument(known: Option<&String>, text: &Text) -> Result<Argument, String> {
    let prefix = text.text.split_once(':').and_then(|(name, _)| java_type::resolve(name));
    match known {
        Some(known) if prefix.is_none() => Argument::typed(known.clone(), text),
        _ => Argument::parse(text),
    }
}

fn message(java_type: &String, text: &Text) -> Result<Value, String> {
    argument(Some(java_type), text).map(|argument| with_objects(argument.value))
}

fn no_type() -> String {
    "the provider does not tell the type of the messages; give it: --types String".to_owned()
}
