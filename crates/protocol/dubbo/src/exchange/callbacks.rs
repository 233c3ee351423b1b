//! The services that the peer of a connection may call back.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use dubhe_core::callback::{
    CallbackService, CallbackUse, DEFAULT_CALLBACKS, PassedCallbacks, attachment, too_many,
};
use dubhe_core::serve::Dispatch;
use dubhe_core::{Head, Status};
use parking_lot::Mutex;

/// The services of this end that the peer may call, by the ids that it was told.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    exports: Mutex<Exports>,
    /// Another number once a service is gone.
    generation: AtomicU64,
}

#[derive(Debug, Default)]
struct Exports {
    last: i32,
    by_id: HashMap<i32, CallbackService>,
}

impl Callbacks {
    /// Exports the services that a call passes, and tells their ids in its attachments: 0 of one that is
    /// to end and never began here.
    ///
    /// # Errors
    /// [`Code::ResourceExhausted`](dubhe_core::Code::ResourceExhausted) for more than the provider
    /// takes.
    #[cold]
    pub(super) fn export(&self, head: &mut Head, passed: &PassedCallbacks) -> Result<(), Status> {
        let published = head.provider.as_ref().and_then(|provider| provider.param("callbacks"));
        let limit =
            published.and_then(|text| text.trim().parse().ok()).unwrap_or(DEFAULT_CALLBACKS);
        for passed in &*passed.0 {
            let id = match passed.action {
                CallbackUse::Begin => self.begin(&passed.service, limit)?,
                CallbackUse::End => self.end(&passed.service).unwrap_or_default(),
            };
            head.metadata.insert(attachment(passed.index), id.to_string());
        }
        Ok(())
    }

    /// The id of a service; the same one for the same service. Java reads it as an `int`.
    fn begin(&self, service: &CallbackService, limit: usize) -> Result<i32, Status> {
        let mut exports = self.exports.lock();
        if let Some(id) = exports.id_of(service) {
            return Ok(id);
        }
        let interface = service.interface();
        let count = exports.by_id.values().filter(|other| other.interface() == interface).count();
        if count >= limit {
            return Err(too_many(interface, limit));
        }
        let id = loop {
            exports.last = exports.last.checked_add(1).unwrap_or(1);
            if !exports.by_id.contains_key(&exports.last) {
                break exports.last;
            }
        };
        exports.by_id.insert(id, service.clone());
        Ok(id)
    }

    fn end(&self, service: &CallbackService) -> Option<i32> {
        let mut exports = self.exports.lock();
        let id = exports.id_of(service)?;
        exports.by_id.remove(&id);
        self.generation.fetch_add(1, Ordering::Release);
        Some(id)
    }

    /// Finds the service of the id that a request names.
    pub(super) fn find(&self, id: &str) -> Option<Arc<dyn Dispatch>> {
        let id = id.trim().parse().ok()?;
        self.exports.lock().by_id.get(&id).map(|service| service.dispatch().clone())
    }

    /// The number of the present set: another one once a service is gone.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Lets go of all services.
    pub(super) fn clear(&self) {
        self.exports.lock().by_id.clear();
        self.generation.fetch_add(1, Ordering::Release);
    }
}

impl Exports {
    fn id_of(&self, service: &CallbackService) -> Option<i32> {
        self.by_id.iter().find(|(_, known)| *known == service).map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::Code;
    use dubhe_core::serve::{Target, Wanted};

    use super::*;

    struct Nothing;

    impl Dispatch for Nothing {
        fn find(&self, _: Wanted<'_>) -> Result<Target, Status> {
            Err(Status::unimplemented("nothing"))
        }
    }

    fn service(interface: &'static str) -> CallbackService {
        CallbackService::new(interface, Arc::new(Nothing))
    }

    #[test]
    fn a_service_keeps_its_id_and_as_many_of_an_interface_as_may_are_exported() {
        let callbacks = Callbacks::default();
        let (one, two, other) = (service("a.A"), service("a.A"), service("b.B"));
        let id = callbacks.begin(&one, 1).unwrap();
        assert_eq!(callbacks.begin(&one, 1).unwrap(), id);
        assert_eq!(callbacks.begin(&two, 1).unwrap_err().code(), Code::ResourceExhausted);
        assert_ne!(callbacks.begin(&other, 1).unwrap(), id);
        assert!(callbacks.find(&id.to_string()).is_some());

        let before = callbacks.generation();
        assert_eq!(callbacks.end(&one), Some(id));
        assert_ne!(callbacks.generation(), before);
        assert!(callbacks.find(&id.to_string()).is_none());
        assert_eq!(callbacks.end(&one), None);
        callbacks.begin(&two, 1).unwrap();
    }
}
