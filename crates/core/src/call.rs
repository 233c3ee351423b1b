//! The request side of what flows.

use std::fmt;
use std::sync::{Arc, OnceLock};

use bytestring::ByteString;
use http::Extensions;

use crate::instance::Provider;
use crate::metadata::Metadata;
use crate::payload::{Args, Content, Payload, PayloadStream};
use crate::peer::Peer;
use crate::service::{Method, ServiceKey};
use crate::time::{Deadline, Duration, Instant};
use crate::value::Value;

/// The facts of a call, whatever its protocol.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Head, Method, ServiceKey}; }
/// use std::sync::Arc;
/// use dubhe::{Head, Method, ServiceKey};
///
/// let service = ServiceKey::interface_only("org.example.Greeter");
/// let method = Method::java("greet", "Ljava/lang/String;");
/// let mut head = Head::new(Arc::new(service), Arc::new(method));
/// head.metadata.insert("tenant", "blue");
/// assert_eq!(head.metadata.get_str("tenant"), Some("blue"));
/// assert_eq!(head.method.name, "greet");
/// ```
#[derive(Clone, Debug)]
pub struct Head {
    /// The service it is for.
    pub service: Arc<ServiceKey>,
    /// The method it is for.
    pub method: Arc<Method>,
    /// Attachments.
    pub metadata: Metadata,
    /// The moment at which the caller stops waiting.
    pub deadline: Option<Deadline>,
    /// The time that an attempt may take, when the caller says so for this call; [`Duration::MAX`] for
    /// ever.
    pub timeout: Option<Duration>,
    /// The moment of its arrival (server), from which queueing delay counts, or of the beginning of the
    /// call or, once an endpoint is picked, of its attempt (client).
    pub arrived: Option<Instant>,
    /// The peer that sent it; `None` on the calling side.
    pub peer: Option<Arc<Peer>>,
    /// The provider that was picked; `None` on the serving side, and for a caller before an
    /// attempt.
    pub provider: Option<Provider>,
    /// Typed values that filters pass on to each other.
    pub extensions: Extensions,
}

impl Head {
    /// A head with service and method alone.
    pub fn new(service: Arc<ServiceKey>, method: Arc<Method>) -> Self {
        Self {
            service,
            method,
            metadata: Metadata::new(),
            deadline: None,
            timeout: None,
            arrived: None,
            peer: None,
            provider: None,
            extensions: Extensions::new(),
        }
    }
}

/// The content of a call.
pub enum CallBody {
    /// A single payload.
    One(Payload),
    /// Payloads that come one by one.
    Stream(PayloadStream),
}

impl fmt::Debug for CallBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(payload) => payload.fmt(f),
            Self::Stream(_) => f.write_str("Stream(..)"),
        }
    }
}

/// A call.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{Call, Head, Method, Payload, ServiceKey, Value}; }
/// use std::sync::Arc;
/// use dubhe::{Call, Head, Method, Payload, ServiceKey, Value};
///
/// let service = ServiceKey::interface_only("org.example.Greeter");
/// let method = Method::java("greet", "Ljava/lang/String;");
/// let head = Head::new(Arc::new(service), Arc::new(method));
/// let call = Call::new(head, Payload::dynamic(Value::from("Dubhe")));
/// // A filter that may send it twice keeps a copy; a stream of messages has none.
/// assert!(call.try_clone().is_some());
/// ```
#[derive(Debug)]
pub struct Call {
    /// The facts.
    pub head: Head,
    /// The content.
    pub body: CallBody,
}

impl Call {
    /// A call of one payload.
    pub fn new(head: Head, payload: Payload) -> Self {
        Self { head, body: CallBody::One(payload) }
    }

    /// The name of the method that is called: of a generic call the one that it names, as in Dubbo Java
    /// `RpcUtils.getMethodName`.
    pub fn method_name(&self) -> &str {
        let payload = match &self.body {
            CallBody::One(payload) => Some(payload),
            CallBody::Stream(_) => None,
        };
        method_name(&self.head, payload)
    }

    /// [`Self::method_name`] as a text that shares its bytes with the method, but for generic calls.
    pub(crate) fn shared_method_name(&self) -> ByteString {
        let (name, own) = (self.method_name(), &self.head.method.name);
        if name == &**own { own.clone() } else { name.into() }
    }

    /// A copy to send again, or `None` when the body is a stream, which can be sent only once.
    #[inline]
    pub fn try_clone(&self) -> Option<Self> {
        match &self.body {
            CallBody::One(payload) => {
                Some(Self { head: self.head.clone(), body: CallBody::One(payload.clone()) })
            }
            CallBody::Stream(_) => None,
        }
    }
}

fn method_name<'a>(head: &'a Head, payload: Option<&'a Payload>) -> &'a str {
    let name = &*head.method.name;
    if !matches!(name, "$invoke" | "$invokeAsync") {
        return name;
    }
    let named = match payload {
        Some(Payload::Args(Args::Values(values))) => values.first().and_then(Value::as_str),
        _ => None,
    };
    named.unwrap_or(name)
}

/// Turns the arguments of a payload into values; `None` when it cannot.
pub type ArgumentDecoder = fn(&Payload) -> Option<Vec<Value>>;

/// The view that rules and balancers have of a call: head, and arguments that are decoded when first
/// asked for.
///
/// ```
/// # mod dubhe { pub use dubhe_core::{CallView, Value}; }
/// use dubhe::{CallView, Value};
///
/// /// The key by which a balancer keeps the calls of one user at one provider.
/// fn user(call: &CallView<'_>) -> Option<String> {
///     if call.head().method.name != "cart" {
///         return None;
///     }
///     match call.argument(0)? {
///         Value::String(user) => Some(user.to_string()),
///         _ => None,
///     }
/// }
/// ```
pub struct CallView<'a> {
    head: &'a Head,
    payload: Option<&'a Payload>,
    decode: Option<ArgumentDecoder>,
    arguments: OnceLock<Option<Vec<Value>>>,
}

impl<'a> CallView<'a> {
    /// A view of `call`. Arguments of Rust types and encoded ones are seen through `decode`.
    pub fn new(call: &'a Call, decode: Option<ArgumentDecoder>) -> Self {
        let payload = match &call.body {
            CallBody::One(p) => Some(p),
            CallBody::Stream(_) => None,
        };
        Self { head: &call.head, payload, decode, arguments: OnceLock::new() }
    }

    /// The head.
    pub fn head(&self) -> &Head {
        self.head
    }

    /// The name of the method that is called, as [`Call::method_name`] has it.
    pub fn method_name(&self) -> &str {
        method_name(self.head, self.payload)
    }

    /// The number of arguments, or the one of a message; `None` of a stream.
    pub fn argument_count(&self) -> Option<usize> {
        self.payload.map(Payload::count)
    }

    /// Argument number `index`, from 0; `None` when there is none or it cannot be seen.
    pub fn argument(&self, index: usize) -> Option<&Value> {
        let payload = self.payload?;
        match payload {
            Payload::Args(Args::Values(v)) => v.get(index),
            Payload::Message(Content::Dynamic(v)) => (index == 0).then_some(v),
            other => {
                let decode = self.decode?;
                self.arguments.get_or_init(|| decode(other)).as_ref()?.get(index)
            }
        }
    }
}

impl fmt::Debug for CallView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallView").field("head", self.head).finish_non_exhaustive()
    }
}
