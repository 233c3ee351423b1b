//! Nacos as a Dubbo registry at both levels, as a config centre and as a metadata centre, and the narrow
//! Nacos client under it: for servers of Nacos 2 and 3, over Dubhe's own gRPC.
//!
//! ```no_run
//! # async fn run(clock: dubhe_core::time::SharedClock) -> Result<(), dubhe_core::Status> {
//! use dubhe_nacos::Nacos;
//!
//! let nacos = Nacos::builder("nacos://127.0.0.1:8848?namespace=prod", clock)?
//!     .application("shop")
//!     .build();
//! let registry = nacos.registry();
//! // … serve or call through it; then end the connections, and with them what was registered:
//! nacos.close().await;
//! # Ok(()) }
//! ```
//!
//! | what | in Nacos | source |
//! | --- | --- | --- |
//! | a provider | an instance of the service `providers:{interface}:{version}:{group}`; its metadata are the parameters of the URL, `category`, `protocol` and `path` | Dubbo Java `NacosRegistry`, `NacosServiceName` |
//! | a consumer | the same of `consumers:…`, with `register-consumer-url=true` | the same |
//! | an application | a service of its name | Dubbo Java `NacosServiceDiscovery` |
//! | a document | data id and group by [`dubhe_core::documents`] | Dubbo Java `NacosDynamicConfiguration`, `NacosMetadataReport` |
//!
//! `$` in names is written `___`, as Java does, and `/` in data ids and groups `-`. The options of the
//! URL are those of [`NacosOptions`].
//!
//! # Behaviour worth knowing
//! - An instance is ephemeral: the server forgets it with the connection, and a new connection registers
//!   it again. The server is asked every 3 s without a push whether it knows the connection.
//! - An address server (`endpoint`) is asked every 30 s; a connection to a server that it names no more is
//!   changed for one to another.
//! - A push is answered when it comes, and only the latest list of a service is kept, so a slow consumer
//!   holds up neither the server nor another one.
//! - The weight of Nacos, 1 unless somebody changes it in the console, multiplies that of Dubbo.
//! - Instances that are disabled, or whose health check fails, are told among those that are not used.
//! - A namespace that is not named is `public`, and sent by this name; only to documents of a server
//!   before Nacos 3 as the empty text, under which those have them.
//! - A server with `nacos.core.param.check.enabled=true`, which is its default, refuses instances with
//!   more than 1024 characters of metadata, such as those of interfaces with many methods.

mod auth;
mod client;
mod error;
mod http;
mod leases;
mod nacos;
mod names;
mod naming;
mod options;
mod servers;
pub mod wire;

pub use nacos::{Nacos, NacosBuilder, NacosDiscovery, NacosDocuments, NacosRegistry};
pub use options::{NacosAddressServer, NacosCredentials, NacosOptions};
