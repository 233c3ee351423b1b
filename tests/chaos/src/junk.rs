//! Entries of a registry that are of no use to anybody.

use std::sync::Arc;

use dubhe::documents::DocumentKey;
use dubhe::registry::application::{MetadataStorage, ServiceInstance};
use dubhe::registry::{Instance, Offer, Registration, RegistryParts};
use dubhe::{ServiceKey, Stub};

use crate::Error;
use crate::service::ChaosClient;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// The registry to write to.
    #[arg(long)]
    registry: String,
    /// The application among whose providers the entries are.
    #[arg(long)]
    app: String,
    /// A port at which nobody listens.
    #[arg(long)]
    port: u16,
}

/// Writes, says `written`, and waits until it is ended.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Error> {
    let Arguments { registry, app, port } = arguments;
    let parts = RegistryParts::open(&registry, &*app)?;
    let interface = ChaosClient::service();
    if let Some(services) = &parts.services {
        // A protocol that nobody speaks, and a provider that is not there.
        for (protocol, port) in [("thrift", port), ("dubbo", port)] {
            services.register(registration(&interface, &app, protocol, port)).await?;
        }
    }
    if let Some(documents) = &parts.documents {
        let metadata = |revision: &'static str| DocumentKey::Metadata {
            application: app.clone().into(),
            revision: revision.into(),
        };
        documents.put(&metadata("broken"), "{\"services\":".into()).await?;
        documents.put(&metadata("empty"), "{}".into()).await?;
        let mapping = DocumentKey::Mapping { interface: interface.interface().clone() };
        documents.put(&mapping, format!(",, ,{app},no such application,{app}").into()).await?;
    }
    if let Some(instances) = &parts.instances {
        for (number, instance) in (0_u16..).zip(instances_without_use(&app, port)) {
            let port = port.wrapping_add(number);
            instances.register(ServiceInstance { instance: Arc::new(instance), port }).await?;
        }
    }
    println!("written");
    std::future::pending().await
}

fn registration(
    service: &ServiceKey,
    app: &str,
    protocol: &'static str,
    port: u16,
) -> Registration {
    Registration {
        service: service.clone(),
        instance: Arc::new(instance(app)),
        offer: Offer { protocol: protocol.into(), port },
        params: Arc::default(),
    }
}

fn instance(app: &str) -> Instance {
    Instance { host: "127.0.0.1".into(), application: app.into(), ..Instance::default() }
}

/// Instances without metadata, of revisions that nobody knows or that cannot be read, and with parameters that
/// mean nothing.
fn instances_without_use(app: &str, port: u16) -> Vec<Instance> {
    let offers = [Offer { protocol: "dubbo".into(), port }];
    let described = |revision, storage| {
        let mut instance = instance(app);
        ServiceInstance::describe(&mut instance, &offers, revision, storage);
        instance
    };
    let with = |name: &'static str, value: &'static str| {
        let mut instance = described("empty", MetadataStorage::Remote);
        instance.params.set(name, value);
        instance
    };
    vec![
        instance(app),
        described("never-published", MetadataStorage::Remote),
        described("never-answered", MetadataStorage::Local),
        described("broken", MetadataStorage::Remote),
        with("dubbo.endpoints", "[{\"port\":"),
        with("dubbo.metadata-service.url-params", "}"),
        with("timestamp", "yesterday"),
    ]
}
