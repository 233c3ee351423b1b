//! DNS as a registry: the addresses of a name, or the targets of its SRV records, are the providers of
//! whatever is asked for.
//!
//! ```no_run
//! # async fn run(clock: dubhe_core::time::SharedClock) -> Result<(), dubhe_core::Status> {
//! use dubhe_core::ServiceKey;
//! use dubhe_core::registry::Registry as _;
//! use dubhe_dns::Dns;
//!
//! // The pods behind a headless Service of Kubernetes.
//! let dns = Dns::new("dns:///greeter.shop.svc.cluster.local:50051?protocol=tri", clock)?;
//! let snapshots = dns.subscribe(&ServiceKey::interface_only("org.example.Greeter")).await?;
//! # drop(snapshots);
//! # Ok(()) }
//! ```
//!
//! The options of the URL are those of [`DnsOptions`]. What cannot be resolved leaves the last
//! addresses in place, marked stale: name servers fail more often than all providers at once.

mod options;
mod registry;
mod resolve;

pub use options::{DnsOptions, Family, Query};
pub use registry::Dns;
