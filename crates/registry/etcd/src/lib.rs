//! etcd as a Dubbo registry, at both levels, as a config centre and metadata centre, and the narrow
//! client of etcd, version 3, under it.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # async fn run(clock: dubhe_core::time::SharedClock) -> Result<(), dubhe_core::Status> {
//! use dubhe_etcd::Etcd;
//!
//! let registry = Etcd::builder("etcd://127.0.0.1:2379?backup=10.0.0.2:2379", clock)?
//!     .application("shop")
//!     .build();
//! // … serve or call through it; then revoke the lease, and with it what it announced:
//! registry.close().await;
//! # Ok(()) }
//! ```
//!
//! | key | goes with the lease | what |
//! | --- | --- | --- |
//! | `/dubbo/{interface}/providers/{url}` | yes | a provider; the value is empty |
//! | `/dubbo/{interface}/consumers/{url}` | yes | a consumer |
//! | `/services/{application}/{host}:{port}` | yes | an instance, as JSON of dubbo-go's `DefaultServiceInstance` |
//! | `/dubbo/mapping/{interface}` | no | the applications of an interface, separated by commas |
//! | `/dubbo/{application}/{revision}` | no | the metadata of an application |
//! | `/dubbo/config/{group}/{key}` | no | a rule or configuration |
//! | `/dubbo/metadata/{interface}/{version}/{group}/{side}/{application}` | no | a definition |
//!
//! The URL is percent-encoded whole. `/dubbo` is the parameter `group` of the registry URL; its options
//! are those of [`EtcdOptions`]. Measured with dubbo-go 3.3.2 and etcd 3.7.3.

pub mod client;
mod generated;
pub mod instance;
mod options;
mod registry;

pub use options::EtcdOptions;
pub use registry::{Etcd, EtcdBuilder};
