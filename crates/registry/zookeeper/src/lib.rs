//! ZooKeeper as a Dubbo registry, at interface level and of instances, as a config and metadata
//! centre, and the narrow ZooKeeper client under them.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # async fn run(clock: dubhe_core::time::SharedClock) -> Result<(), dubhe_core::Status> {
//! use dubhe_zookeeper::ZooKeeper;
//!
//! let registry = ZooKeeper::builder("zookeeper://127.0.0.1:2181?backup=10.0.0.2:2181", clock)?
//!     .application("shop")
//!     .build();
//! // … serve or call through it; then end the session, and with it what it announced:
//! registry.close().await;
//! # Ok(()) }
//! ```
//!
//! | node | kind | what |
//! | --- | --- | --- |
//! | `/dubbo/{interface}/providers/{url}` | ephemeral | a provider |
//! | `/dubbo/{interface}/consumers/{url}` | ephemeral | a consumer |
//! | `/dubbo/{interface}/configurators`, `/routers` | persistent | made as Java does, not read |
//! | `/services/{application}/{host:port}` | ephemeral | an instance, of [`ZooKeeper::discovery`] |
//! | `/dubbo/config`, `/dubbo/mapping`, `/dubbo/metadata` | persistent | documents, of [`ZooKeeper::documents`] |
//!
//! All of it goes through one session. The URL is percent-encoded whole (Dubbo Java `ZookeeperRegistry`). The options of the registry
//! URL are those of [`ZooKeeperOptions`].

pub mod client;
mod discovery;
mod documents;
mod ensemble;
#[doc(hidden)]
pub mod fuzzing;
pub mod instance_json;
mod node;
mod options;
mod registry;
mod wire;

pub use discovery::ZooKeeperDiscovery;
pub use documents::ZooKeeperDocuments;
pub use options::ZooKeeperOptions;
pub use registry::{ZooKeeper, ZooKeeperBuilder};
