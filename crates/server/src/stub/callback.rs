//! Services that a caller passes as callbacks.

use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::callback::CallbackService;
use dubhe_core::serve::{Dispatch, Target, Wanted};

use crate::exported::Exported;
use crate::service::{Export, Service};

/// The callback that `service` answers.
pub fn callback(service: impl Service) -> CallbackService {
    let interface = service.key().interface().clone();
    let exported = Exported::new(Export::new(service), &[], &[]);
    CallbackService::new(interface, Arc::new(Single(exported)))
}

/// A service that is found under its interface alone: a call to a callback has the group of the service
/// that got it.
struct Single(Result<Exported, Status>);

impl Dispatch for Single {
    fn find(&self, wanted: Wanted<'_>) -> Result<Target, Status> {
        let exported = self.0.as_ref().map_err(Status::clone)?;
        let interface = exported.key.interface();
        if *wanted.interface != **interface {
            let text = format!("the callback is {interface}, not {}", wanted.interface);
            return Err(Status::unimplemented(text));
        }
        exported.find(wanted.method, wanted.overload).cloned()
    }
}
