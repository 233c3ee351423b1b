//! Services and their instances: what is published and what is subscribed to, kept so through every
//! outage. Both levels of Dubbo's registration are made of this.

mod publish;
mod subscribe;

use std::collections::HashMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_registry::keeping::Keeper;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::client::Link;
use crate::error::Error;
use crate::wire::{Instance, Malformed, Named, ServiceList};
pub(crate) use subscribe::{ServiceLease, Subscriptions};

/// A service of Nacos.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Service {
    pub(crate) group: ByteString,
    pub(crate) name: ByteString,
}

/// Names of services that are asked for at a time.
const PAGE_SIZE: u32 = 500;

/// The services of a namespace.
pub(crate) struct Naming {
    shared: Arc<Shared>,
    /// The runtime of the tasks, which may be another than that of a caller.
    runtime: Handle,
    /// Keeps what is published and subscribed; ends with this.
    tasks: Mutex<JoinSet<()>>,
}

/// The parts that the tasks share.
struct Shared {
    link: Link,
    namespace: String,
    publications: Mutex<HashMap<Service, mpsc::UnboundedSender<Keeper<Instance>>>>,
    subscriptions: Arc<Subscriptions>,
}

impl Naming {
    pub(crate) fn new(
        link: Link,
        namespace: String,
        subscriptions: Arc<Subscriptions>,
        runtime: Handle,
    ) -> Self {
        let shared = Shared { link, namespace, publications: Mutex::default(), subscriptions };
        Self { shared: Arc::new(shared), runtime, tasks: Mutex::default() }
    }

    pub(crate) fn link(&self) -> &Link {
        &self.shared.link
    }

    fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        // Those that have ended are forgotten.
        while tasks.try_join_next().is_some() {}
        tasks.spawn_on(task, &self.runtime);
    }

    /// The error of following a service.
    pub(crate) fn error(&self, service: &Service) -> Option<Error> {
        self.shared.subscriptions.error(service)
    }

    /// Keeps an instance published.
    pub(crate) fn publish(&self, service: &Service, instance: Keeper<Instance>) {
        let mut publications = self.shared.publications.lock();
        let sender = publications.entry(service.clone()).or_insert_with(|| {
            let (sender, new) = mpsc::unbounded_channel();
            self.spawn(self.shared.clone().keep_published(service.clone(), new));
            sender
        });
        // A task that has ended has seen the end of the link.
        let _ = sender.send(instance);
    }

    /// Follows the instances of a service until the lease is dropped.
    pub(crate) fn subscribe(&self, service: &Service) -> ServiceLease {
        let (lease, interest) = self.shared.subscriptions.leases.lease(service);
        if let Some(interest) = interest {
            self.spawn(self.shared.clone().keep_subscribed(service.clone(), interest));
        }
        lease
    }

    /// The names of all services of a group.
    pub(crate) async fn services(&self, group: &str) -> Result<Vec<String>, Error> {
        let Shared { link, namespace, .. } = &*self.shared;
        let mut names = Vec::new();
        for page_no in 1.. {
            let service = Named { namespace, service_name: "", group_name: group };
            let page =
                link.request(&ServiceList { service, page_no, page_size: PAGE_SIZE }).await?;
            let got = page.service_names.unwrap_or_default();
            let empty = got.is_empty();
            // Some servers name a service with its group.
            names.extend(got.into_iter().map(|name| match name.split_once("@@") {
                Some((_, name)) => name.to_owned(),
                None => name,
            }));
            Malformed::unless_bounded(names.len())?;
            if empty || page_no.saturating_mul(PAGE_SIZE) >= page.count {
                break;
            }
        }
        names.sort_unstable();
        names.dedup();
        Ok(names)
    }
}

impl Shared {
    fn named<'a>(&'a self, service: &'a Service) -> Named<'a> {
        let Service { group, name } = service;
        Named { namespace: &self.namespace, service_name: name, group_name: group }
    }
}
