//! Keeping what this process says of itself in place: an object, an entry of it or an annotation may be
//! deleted by anybody, and then consumers would know no revision of this pod.

use std::fmt;

use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::time::Duration;
use dubhe_core::{Code, Status};
use dubhe_registry::application::ServiceInstance;
use dubhe_registry::keeping::{
    Announcement, Announcements, Connection, ConnectionState, Keeper, Lost, Placing, Unplaced,
    Waiting,
};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::maps::Maps;
use crate::register::{Own, register, unregister};

/// The instances of this process, by application: a pod has one entry in each.
pub(crate) struct Registered {
    announced: Announcements<ByteString, ServiceInstance, ServiceInstance>,
    reachable: watch::Sender<Requests>,
    check: bool,
}

/// The state of what has no connection of its own: each request tells whether the server is there.
struct Requests;

impl Connection for Requests {
    fn connection(&self) -> ConnectionState {
        ConnectionState::Connected
    }
}

impl Registered {
    /// Makes one of nothing. Without `check`, what cannot be written yet is no error.
    pub(crate) fn new(check: bool) -> Self {
        let announced = Announcements::default();
        Self { announced, reachable: watch::Sender::new(Requests), check }
    }

    /// Registers an instance, and keeps it registered.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) async fn register(
        &self,
        name: &str,
        maps: &Maps,
        own: Own,
        instance: ServiceInstance,
        runtime: &Handle,
    ) -> Result<(), Status> {
        let application = &instance.instance.application;
        let announcement = Announcement {
            key: application.clone(),
            address: application.to_string(),
            what: instance.clone(),
            value: instance,
        };
        let start = |application: &ByteString, _, keeper: Keeper<ServiceInstance>| {
            let entry = Entry {
                maps: maps.clone(),
                own: own.clone(),
                application: application.clone(),
                placed: None,
                told: None,
                restored: 0,
            };
            runtime.spawn(keeper.run(entry, maps.api.clock.clone(), maps.random.clone()));
        };
        self.announced.announce([announcement], &mut self.waiting(name, maps), start).await
    }

    /// Takes the instance of an application back.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub(crate) async fn unregister(
        &self,
        name: &str,
        maps: &Maps,
        application: &ByteString,
    ) -> Result<(), Status> {
        self.announced.withdraw(application, &mut self.waiting(name, maps)).await
    }

    fn waiting<'a>(&self, name: &'a str, maps: &'a Maps) -> Waiting<'a, Requests> {
        Waiting {
            name,
            clock: &maps.api.clock,
            // Each request has its own bound, and the attempts at a change a number.
            timeout: Duration::MAX,
            check: self.check,
            states: self.reachable.subscribe(),
            left_behind: None,
        }
    }
}

/// The words of the own pod about itself in an application.
struct Entry {
    maps: Maps,
    own: Own,
    application: ByteString,
    /// The value that was last seen in its place.
    placed: Option<ServiceInstance>,
    /// The value of the last attempt, of which whoever waits was told what came of it.
    told: Option<ServiceInstance>,
    /// The times that it was put back.
    restored: u32,
}

impl Placing<ServiceInstance> for Entry {
    fn name(&self) -> impl fmt::Display {
        format!("{} of the pod {}", self.application, self.own.pod)
    }

    fn backoff(&self) -> FullJitter {
        self.maps.backoff
    }

    async fn place(&mut self, instance: &ServiceInstance) -> Result<(), Unplaced> {
        let done = register(&self.maps, &mut self.own, instance).await;
        let told = self.told.replace(instance.clone()).is_some_and(|told| told == *instance);
        let written = done.map_err(|status| match status.code() {
            // An outage is told of once.
            Code::Unavailable if told => Unplaced::Unanswered,
            _ => Unplaced::Refused(status),
        })?;
        if written && self.placed.as_ref() == Some(instance) {
            self.restored = self.restored.saturating_add(1);
            if self.restored.is_power_of_two() {
                tracing::warn!(
                    application = &*self.application,
                    pod = &*self.own.pod,
                    times = self.restored,
                    "what a pod says of itself was gone; it is written again"
                );
            }
        }
        self.placed = Some(instance.clone());
        Ok(())
    }

    /// Pends for ever: audits see what is gone.
    async fn lost(&mut self) -> Lost {
        std::future::pending().await
    }

    async fn remove(&mut self) -> Result<(), Status> {
        unregister(&self.maps, &self.own, &self.application).await
    }
}
