//! The consumer's side: registrations from instances, their metadata and the rule of migration.

mod application;
mod fetch;
mod names;
mod rules;
mod services;
mod sides;
mod subscription;

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use bytestring::ByteString;
use dubhe_core::registry::Snapshots;
use dubhe_core::{Code, ServiceKey, Status};
use futures_util::stream;
use parking_lot::Mutex;
use tokio::sync::Semaphore;

use self::application::Application;
use self::rules::Rules;
use self::subscription::Subscription;
use super::registry::Parts;

/// The metadata documents that are fetched at once.
const MAX_FETCHES: usize = 16;

/// The part that the subscriptions of a registry share.
pub(super) struct Consumer {
    parts: Arc<Parts>,
    fetches: Semaphore,
    /// The applications that somebody follows.
    applications: Mutex<HashMap<ByteString, Weak<Application>>>,
    rules: Mutex<Weak<Rules>>,
    failures: Mutex<HashMap<ServiceKey, Failure>>,
}

/// The reason why a subscription has not what it wants.
#[derive(Clone, Debug, Default)]
struct Failure {
    error: Option<Status>,
    /// The applications that it follows.
    applications: Vec<ByteString>,
}

impl Consumer {
    pub(super) fn new(parts: Arc<Parts>) -> Self {
        Self {
            parts,
            fetches: Semaphore::new(MAX_FETCHES),
            applications: Mutex::default(),
            rules: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// Follows the providers of a service.
    ///
    /// # Errors
    /// When there is nothing to find them in.
    pub(super) fn subscribe(self: &Arc<Self>, service: &ServiceKey) -> Result<Snapshots, Status> {
        if self.parts.services.is_none() && self.parts.instances.is_none() {
            let text = format!("cannot follow {service}: the registry has no level to find it in");
            return Err(Status::new(Code::FailedPrecondition, text));
        }
        let subscription = Subscription::new(self.clone(), service.clone());
        let snapshots = stream::unfold(subscription, |mut subscription| async move {
            let snapshot = subscription.next().await;
            Some((snapshot, subscription))
        });
        Ok(Box::pin(snapshots))
    }

    /// The last error of following a service.
    pub(super) fn failure(&self, service: &ServiceKey) -> Option<Status> {
        let failure = self.failures.lock().get(service).cloned().unwrap_or_default();
        let parts = &self.parts;
        let interface = || parts.services.as_ref()?.failure(service);
        let instances = || {
            let instances = parts.instances.as_ref()?;
            failure.applications.iter().find_map(|application| instances.failure(application))
        };
        interface().or_else(instances).or(failure.error)
    }

    /// The one subscription to the instances of an application.
    fn application(self: &Arc<Self>, name: &ByteString) -> Option<Arc<Application>> {
        let instances = self.parts.instances.as_ref()?;
        let mut all = self.applications.lock();
        if let Some(known) = all.get(name).and_then(Weak::upgrade) {
            return Some(known);
        }
        all.retain(|_, known| known.strong_count() > 0);
        let application = Arc::new(Application::new(self, instances.clone(), name.clone()));
        all.insert(name.clone(), Arc::downgrade(&application));
        Some(application)
    }

    /// The one watch of the rule; none without a config centre.
    fn rules(&self) -> Option<Arc<Rules>> {
        let mut rules = self.rules.lock();
        if let Some(known) = rules.upgrade() {
            return Some(known);
        }
        let new = Arc::new(Rules::new(&self.parts)?);
        *rules = Arc::downgrade(&new);
        Some(new)
    }
}
