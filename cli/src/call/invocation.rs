//! A call that is ready to be made, once or often.

use dubhe::payload::Payloads;
use dubhe::{Payload, Reply, Status};
use futures_util::TryStreamExt as _;

use super::PositionalArgs;
use super::explain::Error;
use super::input::Inputs;
use super::interface::InterfaceCall;
use super::output::Receive;
use super::protobuf::ProtobufCall;
use super::providers::Providers;

/// A call of an interface or a protobuf service, with its arguments.
pub(super) enum Invocation<'a> {
    Interface(InterfaceCall<'a>),
    Protobuf(ProtobufCall<'a>),
}

impl<'a> Invocation<'a> {
    /// The call that `arguments` name.
    ///
    /// # Errors
    /// When the method or an argument is wrong, as far as that is known before it is sent.
    pub(super) async fn new(
        providers: &'a Providers<'a>,
        arguments: &'a PositionalArgs,
        inputs: &'a Inputs,
    ) -> Result<Self, Error> {
        let method = arguments.method.as_deref().unwrap_or_default();
        match providers.schema().await? {
            Some(schema) => {
                ProtobufCall::new(providers, &schema, method, inputs).await.map(Self::Protobuf)
            }
            None => InterfaceCall::new(providers, method, inputs).map(Self::Interface),
        }
    }

    /// Makes the call, and hands on what comes back as it comes.
    ///
    /// # Errors
    /// Those of the call.
    pub(super) async fn call(&self, into: &mut impl Receive) -> Result<(), Error> {
        match self {
            Self::Interface(call) => call.call(into).await,
            Self::Protobuf(call) => call.call(into).await,
        }
    }
}

/// Hands on a reply, each message as `json` has it.
pub(super) async fn receive(
    reply: Reply,
    streamed: bool,
    into: &mut impl Receive,
    json: impl Fn(Payload) -> Result<String, Status>,
) -> Result<(), Error> {
    into.head(&reply.metadata);
    let mut payloads = Payloads::of_reply(reply);
    while let Some(payload) = payloads.try_next().await? {
        into.message(json(payload)?, streamed)?;
    }
    if let Some(trailers) = payloads.trailers() {
        into.trailers(trailers);
    }
    Ok(())
}
