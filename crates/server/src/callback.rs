//! Parameters of services that are callbacks.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::callback::{
    CallbackParameter, CallbackSlots, CallbackUse, DEFAULT_CALLBACKS, ReceivedCallback,
    ReceivedCallbacks, attachment,
};
use dubhe_core::endpoint::Params;
use dubhe_core::{Call, Code, Head, Invoke, Invoking, Method, ServiceKey, Status};

/// The callbacks of a service that is exported.
pub(crate) struct Callbacks {
    parameters: Vec<CallbackParameter>,
    limit: usize,
}

impl Callbacks {
    /// The callbacks `parameters` of the service `key` with `methods`; they are published among its
    /// `params`.
    ///
    /// # Errors
    /// When the parameter `callbacks`, the most of one interface on a connection, is no number.
    pub(crate) fn new(
        key: &ServiceKey,
        parameters: Vec<CallbackParameter>,
        methods: &[Arc<Method>],
        params: &mut Params,
    ) -> Result<Self, Status> {
        for CallbackParameter { method, index, action, .. } in &parameters {
            let Some(method) = methods.get(*method) else { continue };
            let name = format!("{}.{index}.callback", method.name);
            params.entry(name.into()).or_insert_with(|| action.parameter().into());
        }
        let limit = match params.get("callbacks") {
            None => DEFAULT_CALLBACKS,
            Some(text) => text.trim().parse().map_err(|_| {
                let text = format!("service {key}: callbacks={text:?} is not a number");
                Status::new(Code::InvalidArgument, text)
            })?,
        };
        Ok(Self { parameters, limit })
    }

    /// The handler of the method at this place, which gets the callbacks of its calls.
    pub(crate) fn around(&self, method: usize, handler: Arc<dyn Invoke>) -> Arc<dyn Invoke> {
        let own = self.parameters.iter().filter(|parameter| parameter.method == method);
        let parameters: Vec<_> = own.cloned().collect();
        if parameters.is_empty() {
            return handler;
        }
        Arc::new(Receiving { parameters, limit: self.limit, handler })
    }
}

/// A handler that gets callbacks.
struct Receiving {
    parameters: Vec<CallbackParameter>,
    limit: usize,
    handler: Arc<dyn Invoke>,
}

impl Receiving {
    fn receive(&self, head: &mut Head) -> Result<(), Status> {
        let peer = head.peer.as_deref();
        let Some(slots) = peer.and_then(|peer| peer.extensions.get::<CallbackSlots>()) else {
            return Err(unsupported(head));
        };
        let mut received = Vec::with_capacity(self.parameters.len());
        for CallbackParameter { index, interface, action, .. } in &self.parameters {
            let Some(id) = head.metadata.get_str(&attachment(*index)) else {
                return Err(none_passed(head, *index));
            };
            let id = ByteString::from(id);
            match action {
                CallbackUse::Begin => slots.begin(interface, &id, self.limit)?,
                CallbackUse::End => slots.end(interface, &id),
            }
            received.push(ReceivedCallback { index: *index, interface: interface.clone(), id });
        }
        head.extensions.insert(ReceivedCallbacks(received.into()));
        Ok(())
    }
}

impl Invoke for Receiving {
    fn invoke(&self, mut call: Call) -> Invoking {
        match self.receive(&mut call.head) {
            Ok(()) => self.handler.invoke(call),
            Err(status) => Invoking::ready(Err(status)),
        }
    }
}

#[cold]
fn unsupported(head: &Head) -> Status {
    let protocol = head.peer.as_ref().map_or("unknown", |peer| &*peer.protocol);
    Status::unimplemented(format!(
        "{}.{} takes a callback, which the {protocol} protocol cannot carry: call it over dubbo, or \
         let the method return a stream",
        head.service, head.method.name
    ))
}

#[cold]
fn none_passed(head: &Head, index: usize) -> Status {
    let method = &head.method.name;
    Status::new(
        Code::InvalidArgument,
        format!(
            "argument {index} of {}.{method} is a callback, and the caller passed none: a reference of \
             Dubbo Java knows of it from a registry, to which this provider tells it, or from its URL, \
             ?{method}.{index}.callback=true&{method}.return=true",
            head.service
        ),
    )
}
