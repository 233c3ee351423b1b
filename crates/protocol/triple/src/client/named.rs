//! The name of a call in the texts of its errors.

use std::sync::Arc;

use dubhe_core::status::Origin;
use dubhe_core::{Endpoint, Method, ServiceKey, Status};

/// A call and its provider.
pub(super) struct CallName {
    pub(super) service: Arc<ServiceKey>,
    pub(super) method: Arc<Method>,
    pub(super) endpoint: Endpoint,
}

impl CallName {
    /// The error of the call that failed with `status`.
    pub(super) fn add_to(&self, status: Status) -> Status {
        add_name(status, &self.service, &self.method, &self.endpoint)
    }
}

/// The error of a call of `method` on `endpoint` that failed with `status`.
#[cold]
pub(super) fn add_name(
    status: Status,
    service: &ServiceKey,
    method: &Method,
    endpoint: &Endpoint,
) -> Status {
    let call = format_args!("{service}.{} on {endpoint}", method.name);
    match status.origin() {
        Origin::Local => status.context(call),
        // The message of the other end is left as it is.
        Origin::RemoteFramework => status.with_call(call),
        Origin::RemoteBusiness | Origin::Caller => status,
    }
}
