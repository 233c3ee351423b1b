//! Instances of applications: `/services/{application}/{host}:{port}`, as dubbo-go has them.
//!
//! Source: dubbo-go `registry/etcdv3/service_discovery.go`; the root is the same for every `group`.

use bytestring::ByteString;
use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::registry::Registering;
use dubhe_registry::application::{InstanceSnapshots, ServiceDiscovery, ServiceInstance};

use super::Etcd;
use super::announced::What;
use super::kept::Kind;
use super::snapshots::Instances;
use crate::client::KeyRange;
use crate::instance;

const ROOT: &str = "/services/";

fn prefix(application: &str) -> String {
    format!("{ROOT}{application}/")
}

impl ServiceDiscovery for Etcd {
    fn name(&self) -> &str {
        &self.inner().name
    }

    fn register(&self, instance: ServiceInstance) -> Registering<'_, ()> {
        if !self.options().register {
            return Box::pin(std::future::ready(Ok(())));
        }
        let key = prefix(&instance.instance.application) + &instance.address();
        let value = instance::write(&instance);
        let kind = Kind { dynamic: true, twice: true };
        Box::pin(self.announce(What::Instance(instance), key, value, kind))
    }

    fn unregister(&self, instance: &ServiceInstance) -> Registering<'_, ()> {
        Box::pin(self.withdraw(What::Instance(instance.clone()).identity()))
    }

    fn subscribe(&self, application: &str) -> Registering<'_, InstanceSnapshots> {
        let prefix = prefix(application);
        let mut instances = Instances::new(application.into(), prefix.clone());
        let snapshots = self.followed(prefix, move |_, view| instances.snapshot(view));
        let opened = self.open().map(|()| Box::pin(snapshots) as InstanceSnapshots);
        Box::pin(std::future::ready(opened))
    }

    fn applications(&self) -> Registering<'_, Vec<ByteString>> {
        Box::pin(async {
            let keys = self.client().keys(&KeyRange::prefix(ROOT)).await;
            let keys = keys.map_err(|status| self.failed(&status).with_code(status.code()))?;
            let mut names: Vec<ByteString> = Vec::new();
            for key in &keys {
                let name = std::str::from_utf8(key).ok().and_then(|key| key.strip_prefix(ROOT));
                // Keys are sorted, and so are their names: dubbo-go may write the folder itself.
                if let Some((name, _)) = name.and_then(|name| name.split_once('/'))
                    && names.last().is_none_or(|last| **last != *name)
                {
                    names.push(name.into());
                }
            }
            names.sort();
            names.dedup();
            Ok(names)
        })
    }

    fn is_read_only(&self) -> bool {
        !self.options().register
    }

    fn failure(&self, application: &str) -> Option<Status> {
        self.failure_of(&prefix(application))
    }

    fn backoff(&self) -> FullJitter {
        self.client().backoff()
    }
}
