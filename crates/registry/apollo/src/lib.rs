//! Apollo as a config centre: its HTTP interface for clients, read-only, as a `DocumentStore`.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use dubhe_core::time::SharedClock;
//! # async fn run(clock: SharedClock) -> Result<(), dubhe_core::Status> {
//! use dubhe_apollo::Apollo;
//! use dubhe_core::documents::{DocumentKey, DocumentStore};
//!
//! let store = Apollo::builder("apollo://10.0.0.2:8080?app.id=shop", clock)?.start()?;
//! let rule = store.get(&DocumentKey::config("shop.tag-router")).await?;
//! # Ok(()) }
//! ```
//!
//! | document | Apollo |
//! | --- | --- |
//! | `{group}/{key}` | the property `{key}` of the namespace `{group}` |
//! | `{application}/{key}` | the property `{key}` of the namespace `application` |
//! | `{group}/dubbo.properties` | the whole namespace, as properties |
//!
//! As in Dubbo Java's `ApolloDynamicConfiguration`. Metadata and mappings have no place in Apollo.
//! Everything is written in Apollo's portal: writing here is refused.
//!
//! Requests follow Apollo's guide for clients in other languages: `GET /configs/{appId}/{cluster}/{namespace}`
//! with the key of the release that is known, and one long poll of `/notifications/v2` for all
//! namespaces, signed where there is an access key.

mod driver;
#[doc(hidden)]
pub mod fuzzing;
mod namespace;
mod options;
mod request;
mod shared;
mod sign;
mod store;
mod wire;

pub use store::{Apollo, ApolloBuilder};
