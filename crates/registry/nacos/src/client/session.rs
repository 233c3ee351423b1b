//! A connection that the server knows: requests over it.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use bytes::Bytes;
use dubhe_core::connect::Channel;
use dubhe_core::payload::{Content, Encoded};
use dubhe_core::reply::ReplyBody;
use dubhe_core::time::{Deadline, Duration, SharedClock};
use dubhe_core::{
    Call, CallBody, CallKind, Code, Format, Head, Method, Payload, ServiceKey, Status,
};
use dubhe_net::io::{Address, BoxFuture, ConnectionInfo, Dial, Io};
use parking_lot::Mutex;

use crate::error::Error;
use crate::wire::{self, Headers, Malformed, Request, Response, code};

/// The longest time for the answer to a request, as in Nacos' own clients.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(3);

/// A connection, and what is known of its server.
pub(crate) struct Session {
    /// The number of the connection: each has a higher one than those before it.
    pub(crate) generation: u64,
    /// The server, by its HTTP port.
    pub(super) server: Address,
    pub(super) channel: Arc<dyn Channel>,
    /// The address of this end.
    pub(crate) local: IpAddr,
    /// The server is of Nacos 3 or later.
    pub(crate) is_v3: bool,
    pub(super) clock: SharedClock,
}

impl Session {
    /// Sends a request and reads its answer.
    pub(super) async fn request<R: Request>(
        &self,
        body: &R,
        headers: Headers,
    ) -> Result<R::Response, Error> {
        self.request_within(REQUEST_TIMEOUT, body, headers).await
    }

    /// Asks the server, and waits for this long.
    pub(super) async fn request_within<R: Request>(
        &self,
        limit: Duration,
        body: &R,
        headers: Headers,
    ) -> Result<R::Response, Error> {
        let sent = wire::encode(R::KIND, headers, &self.local.to_string(), body)?;
        let mut head = head("Request", "request", CallKind::Unary);
        head.deadline = Some(Deadline::after(self.clock.now(), limit));
        let reply = self.channel.invoke(Call::new(head, message(sent))).await;
        let reply = reply.map_err(|status| lost(&status))?;
        let ReplyBody::One(payload, _) = reply.body else {
            return Err(Malformed::new("a response is a stream".into()).into());
        };
        let payload = read(&payload)?;
        let outcome: wire::Outcome = payload.json()?;
        match outcome.error() {
            None => Ok(R::Response::read(&payload)?),
            Some((code::UNREGISTERED, message)) => Err(Error::Disconnected(message.into())),
            // The same number as that of a document that is not there.
            Some((code::STARTING, message)) if payload.kind == "ErrorResponse" => {
                Err(Error::Starting(message.into()))
            }
            Some((code, message)) => Err(Error::Refused { code, message: message.into() }),
        }
    }

    /// Ends the connection, with whatever waits on it.
    pub(super) fn close(&self) {
        self.channel.close(true);
    }
}

/// The error of a call that got no answer.
fn lost(status: &Status) -> Error {
    match status.code() {
        Code::DeadlineExceeded => Error::Late,
        Code::Unavailable | Code::Cancelled => {
            // The cause names the address, which says more than the method of the call.
            let cause = std::error::Error::source(status)
                .and_then(|cause| cause.downcast_ref::<dubhe_net::Error>());
            let why =
                cause.map_or_else(|| status.message().into(), |cause| cause.to_string().into());
            Error::Disconnected(why)
        }
        // Such as a message that is too long.
        code => Error::Refused { code: code.number().into(), message: status.message().into() },
    }
}

/// The head of a call of one of Nacos' two methods.
pub(super) fn head(service: &'static str, method: &'static str, kind: CallKind) -> Head {
    let method = Method { name: method.into(), descriptor: None, kind };
    Head::new(Arc::new(ServiceKey::interface_only(service)), Arc::new(method))
}

/// The stream over which the server pushes.
pub(super) fn stream(messages: dubhe_core::payload::PayloadStream) -> Call {
    let head = head("BiRequestStream", "requestBiStream", CallKind::Bidirectional);
    Call { head, body: CallBody::Stream(messages) }
}

pub(super) fn message(bytes: Bytes) -> Payload {
    Payload::Message(Content::Encoded(Encoded::new(Format::Protobuf, bytes)))
}

pub(super) fn read(payload: &Payload) -> Result<wire::Payload, Malformed> {
    let encoded =
        payload.encoded().ok_or_else(|| Malformed::new("a payload is no message".into()))?;
    wire::Payload::decode(encoded.bytes().clone())
}

/// A dialer that notes the address of this end.
pub(super) struct NotingDial {
    pub(super) dial: Arc<dyn Dial>,
    pub(super) local: Arc<Mutex<Option<IpAddr>>>,
}

impl NotingDial {
    /// The address that was noted; of a Unix socket, as of a proxy, the loopback.
    pub(super) fn noted(local: &Mutex<Option<IpAddr>>) -> IpAddr {
        local.lock().unwrap_or(Ipv4Addr::LOCALHOST.into())
    }
}

impl Dial for NotingDial {
    fn dial<'a>(
        &'a self,
        to: &'a Address,
    ) -> BoxFuture<'a, dubhe_net::Result<(Io, ConnectionInfo)>> {
        Box::pin(async move {
            let (io, info) = self.dial.dial(to).await?;
            *self.local.lock() = info.local.ip();
            Ok((io, info))
        })
    }

    fn is_encrypted(&self) -> bool {
        self.dial.is_encrypted()
    }
}
