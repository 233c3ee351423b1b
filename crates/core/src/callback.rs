//! Callbacks: arguments that the callee may call, over the connection that the call came by (Dubbo's
//! `<dubbo:argument callback="true"/>`).
//!
//! ```text
//! caller: PassedCallbacks in the head → protocol exports the services on the connection
//! callee: protocol → CallbackSlots of the peer → ReceivedCallbacks in the head → BackChannel
//! ```

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bytestring::ByteString;

use crate::serve::Dispatch;
use crate::status::{Code, Retry, Status};

/// The number of callbacks of one interface on a connection, unless the provider publishes another as
/// `callbacks` (Dubbo Java `DEFAULT_CALLBACK_INSTANCES`).
pub const DEFAULT_CALLBACKS: usize = 1;

/// A service that a caller passes as a callback. Clones are the same callback.
///
/// ```
/// # mod dubhe { pub mod callback { pub use dubhe_core::callback::CallbackService; } pub mod dispatch { pub use dubhe_core::serve::Dispatch; } }
/// use std::sync::Arc;
/// use dubhe::callback::CallbackService;
/// use dubhe::dispatch::Dispatch;
///
/// /// What a stub of your own passes where Java passes a `Listener`.
/// fn listener(methods: Arc<dyn Dispatch>) -> CallbackService {
///     CallbackService::new("org.example.Listener", methods)
/// }
/// ```
#[derive(Clone)]
pub struct CallbackService {
    interface: ByteString,
    dispatch: Arc<dyn Dispatch>,
}

impl CallbackService {
    /// The callback of this Java interface, whose methods `dispatch` finds.
    pub fn new(interface: impl Into<ByteString>, dispatch: Arc<dyn Dispatch>) -> Self {
        Self { interface: interface.into(), dispatch }
    }

    /// The Java interface.
    pub fn interface(&self) -> &ByteString {
        &self.interface
    }

    /// The methods.
    pub fn dispatch(&self) -> &Arc<dyn Dispatch> {
        &self.dispatch
    }
}

impl PartialEq for CallbackService {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.dispatch, &other.dispatch)
    }
}

impl Eq for CallbackService {}

impl fmt::Debug for CallbackService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CallbackService({})", self.interface)
    }
}

/// The meaning of a callback argument.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackUse {
    /// The callee may call it from now on (Dubbo's `callback=true`).
    #[default]
    Begin,
    /// The callee calls it no more (Dubbo's `callback=false`).
    End,
}

impl CallbackUse {
    /// The value of the parameter `METHOD.INDEX.callback`.
    pub const fn parameter(self) -> &'static str {
        match self {
            Self::Begin => "true",
            Self::End => "false",
        }
    }
}

/// A parameter of a method that is a callback.
///
/// ```
/// # mod dubhe { pub mod callback { pub use dubhe_core::callback::{CallbackParameter, CallbackUse}; } }
/// use dubhe::callback::{CallbackParameter, CallbackUse};
///
/// // In Java: `void follow(String key, Listener listener)`, the first method of its service.
/// let listener = CallbackParameter {
///     method: 0,
///     index: 1,
///     interface: "org.example.Listener".into(),
///     action: CallbackUse::Begin,
/// };
/// assert_eq!(listener.action.parameter(), "true"); // of `follow.1.callback` in the provider's URL
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackParameter {
    /// The place of its method among the methods of the service.
    pub method: usize,
    /// The place among the parameters of the method, from 0.
    pub index: usize,
    /// The Java interface of the callback.
    pub interface: ByteString,
    /// The meaning of it.
    pub action: CallbackUse,
}

/// An argument of a call that is a callback.
///
/// ```
/// # mod dubhe { pub mod callback { pub use dubhe_core::callback::{CallbackService, CallbackUse, PassedCallback}; } }
/// use dubhe::callback::{CallbackService, CallbackUse, PassedCallback};
///
/// /// Ends the callback that was passed as the second argument of an earlier call.
/// fn leave(listener: CallbackService) -> PassedCallback {
///     PassedCallback { index: 1, service: listener, action: CallbackUse::End }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PassedCallback {
    /// The place among the arguments, from 0.
    pub index: usize,
    /// The service that is called back.
    pub service: CallbackService,
    /// The meaning of it.
    pub action: CallbackUse,
}

/// The callbacks among the arguments of a call: an extension of its head, on the calling side. A
/// protocol that knows no callbacks refuses such a call.
#[derive(Clone, Debug)]
pub struct PassedCallbacks(pub Arc<[PassedCallback]>);

impl PassedCallbacks {
    /// The error of a protocol that cannot carry them.
    #[cold]
    pub fn unsupported(&self, protocol: &str) -> Status {
        let interfaces: Vec<_> =
            self.0.iter().map(|passed| &**passed.service.interface()).collect();
        Status::new(
            Code::Unimplemented,
            format!(
                "the {protocol} protocol cannot carry callbacks ({}): call a provider over dubbo, or \
                 let the method return a stream, `impl Stream<Item = Result<T, Status>>`",
                interfaces.join(", ")
            ),
        )
        .with_retry(Retry::Never)
    }
}

/// An argument of a call that is a callback, at the callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceivedCallback {
    /// The place among the arguments, from 0.
    pub index: usize,
    /// The Java interface of the callback.
    pub interface: ByteString,
    /// The name that the caller gave it on this connection.
    pub id: ByteString,
}

/// The callbacks among the arguments of a call: an extension of its head, at the callee.
#[derive(Clone, Debug)]
pub struct ReceivedCallbacks(pub Arc<[ReceivedCallback]>);

/// The callbacks that came over a connection and have not ended: an extension of its
/// [`Peer`](crate::Peer), where the protocol has callbacks. They go with the connection.
#[derive(Clone, Default)]
pub struct CallbackSlots(Arc<Mutex<HashMap<ByteString, HashSet<ByteString>>>>);

impl CallbackSlots {
    /// Notes a callback of `interface`, at most `limit` of one interface at a time.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`] for one more.
    pub fn begin(
        &self,
        interface: &ByteString,
        id: &ByteString,
        limit: usize,
    ) -> Result<(), Status> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let ids = all.entry(interface.clone()).or_default();
        if !ids.contains(id) && ids.len() >= limit {
            return Err(too_many(interface, limit));
        }
        ids.insert(id.clone());
        Ok(())
    }

    /// Forgets a callback.
    pub fn end(&self, interface: &str, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ids) = all.get_mut(interface) {
            ids.remove(id);
        }
    }
}

impl fmt::Debug for CallbackSlots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CallbackSlots")
    }
}

/// The error of a callback of `interface` beyond the `limit`.
#[cold]
pub fn too_many(interface: &str, limit: usize) -> Status {
    Status::new(
        Code::ResourceExhausted,
        format!(
            "the connection has {limit} callbacks of {interface} already: end one, pass the same one \
             again, or raise the parameter `callbacks` of the provider"
        ),
    )
    .with_retry(Retry::Never)
}

/// The attachment that has the id of the callback that is argument `index` (Dubbo Java
/// `CallbackServiceCodec`).
pub fn attachment(index: usize) -> String {
    format!("sys_callback_arg-{index}")
}

/// The attachment of a call to a callback that has its id (Dubbo Java `CALLBACK_SERVICE_KEY`).
pub const CALLBACK_ID: &str = "callback.service.instid";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_count_the_callbacks_of_each_interface() {
        let slots = CallbackSlots::default();
        let (a, b) = ("a.A".into(), "b.B".into());
        slots.begin(&a, &"1".into(), 1).unwrap();
        slots.begin(&a, &"1".into(), 1).unwrap();
        slots.begin(&b, &"2".into(), 1).unwrap();
        let error = slots.begin(&a, &"3".into(), 1).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("a.A"), "{error}");
        slots.end("a.A", "1");
        slots.begin(&a, &"3".into(), 1).unwrap();
        slots.begin(&a, &"4".into(), 2).unwrap();
    }
}
