//! The built-in services of a server: health and reflection. They are not registered.

mod catalog;
mod health;
mod reflection;

use tokio::sync::watch;

pub(crate) use self::catalog::Catalog;
use self::generated::health::HealthServer;
use self::health::Health;
use crate::server::ServerOptions;
use crate::service::Export;
use crate::services::ServicesBuilder;

/// Code that `dubhe-build` generated from `proto/`; a test keeps it current.
#[allow(
    dead_code,
    unreachable_pub,
    unused_qualifications,
    clippy::pedantic,
    reason = "generated code"
)]
pub(crate) mod generated {
    pub(crate) use dubhe_core as core;
    pub(crate) use dubhe_protobuf as protobuf;

    pub(crate) use crate as server;

    pub(crate) mod health {
        include!("generated/grpc.health.v1.rs");
    }

    pub(crate) mod reflection {
        include!("generated/grpc.reflection.v1.rs");

        /// The descriptors of health and reflection.
        pub(crate) const V1: &[u8] = include_bytes!("generated/dubhe.descriptors.bin");
        /// The descriptors of the older reflection, `v1alpha`.
        pub(crate) const V1ALPHA: &[u8] = include_bytes!("generated/v1alpha.descriptors.bin");
    }
}

/// Adds the built-in services that `options` enable; they report `state`. A service whose name is
/// taken is left out.
pub(crate) fn add(
    services: &mut ServicesBuilder,
    options: &ServerOptions,
    state: &watch::Receiver<Catalog>,
) {
    if options.health {
        let health = Export::new(HealthServer::new(Health::of(state.clone())));
        // An overloaded server is healthy: who is refused here restarts it.
        services.built_in(Export { gated: false, ..health });
    }
    if options.reflection {
        for service in reflection::services(state.clone()) {
            services.built_in(Export::new(service));
        }
    }
}

/// Waits until the server stops or is dropped.
async fn stopped(mut state: watch::Receiver<Catalog>) {
    let _ = state.wait_for(|state| !state.serving).await;
}
