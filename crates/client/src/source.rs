//! The source of a client's providers.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_cluster::directory::AdoptingDirectory;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::{Endpoint, ServiceKey};

use crate::environment::Environment;

/// The source of a client's providers.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// The registries of the environment.
    #[default]
    Registries,
    /// The registries of applications that are called over HTTP.
    Applications,
    /// A fixed list: Dubbo's direct `url`.
    Direct(Vec<Endpoint>),
    /// A directory of the caller's own.
    Custom(CustomDirectory),
}

/// A directory of the caller's own.
#[derive(Clone)]
pub struct CustomDirectory(pub Arc<dyn Directory>);

impl std::fmt::Debug for CustomDirectory {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CustomDirectory")
    }
}

impl Source {
    /// The directory of `service`; that of registries is shared by all clients of the service.
    pub(crate) fn directory(
        &self,
        env: &Environment,
        service: &ServiceKey,
        protocols: Vec<ByteString>,
    ) -> Arc<dyn Directory> {
        let directory: Arc<dyn Directory> = match self {
            Self::Direct(list) => Arc::new(Arc::new(Endpoints::new(list.iter().cloned()))),
            Self::Custom(directory) => directory.0.clone(),
            Self::Registries => return env.directories().directory(service, protocols),
            Self::Applications => return env.applications().directory(service, protocols),
        };
        let (channels, clock) = (env.channels().clone(), env.clock().clone());
        Arc::new(AdoptingDirectory::new(directory, service.clone(), channels, clock))
    }
}
