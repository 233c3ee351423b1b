//! Kubernetes as a registry of application level, a config centre and a metadata centre, through its
//! API server.
//!
//! ```no_run
//! # async fn run(clock: dubhe_core::time::SharedClock) -> Result<(), dubhe_core::Status> {
//! use dubhe_kubernetes::Kubernetes;
//! use dubhe_registry::application::ServiceDiscovery as _;
//!
//! // The namespace and the service account of this pod.
//! let kubernetes = Kubernetes::builder("kubernetes://", clock)?.build()?;
//! let instances = kubernetes.subscribe("shop").await?;
//! # drop(instances);
//! # Ok(()) }
//! ```
//!
//! | object | what it is here |
//! | --- | --- |
//! | Service | an application, by its name |
//! | EndpointSlice | its instances: addresses, conditions, zone, node |
//! | Pod | what an instance says of itself: the annotation `io.dubbo/metadata`, as Dubbo Java has it, or the hash of its template |
//! | ConfigMap `dubhe-metadata-{application}` | what the pods of a template say of themselves, once; metadata by revision |
//! | ConfigMap `dubhe-config-{group}`, `dubhe-mapping`, `dubhe-definitions-{application}` | the other [documents](dubhe_core::documents) |
//! | ServiceImport and its EndpointSlices | what other clusters export (mcs-api), with `multicluster=true` |
//!
//! The permissions that this takes are in `deploy/kubernetes`, each with its reason. The options of
//! the registry URL are those of [`KubernetesOptions`].

mod access;
mod api;
mod client;
mod connect;
mod discovery;
mod documents;
mod events;
mod follow;
#[doc(hidden)]
pub mod fuzzing;
mod kept;
mod lines;
mod map_watch;
mod maps;
mod names;
mod objects;
mod options;
mod register;
mod snapshot;
mod state;

pub use discovery::{Kubernetes, KubernetesBuilder};
pub use options::{Credentials, KubernetesOptions, Pem};
