//! Registries and a config centre that need no server, and what all registries share: provider URLs and
//! their [names], the [match](matching) of providers, and
//! [application-level discovery](application). Those with servers [keep](keeping) what they registered.
//!
//! | registry | URL | for |
//! | --- | --- | --- |
//! | [`Memory`] | `memory://` | one process: demos and tests |
//! | [`Static`] | `static://host:port,host:port` | a list that never changes |
//! | [`File`] | `file:///path` | one host: providers write, consumers read the same folder |
//!
//! [`FileDocuments`] is a config centre in a folder.

pub mod application;
mod blocking;
mod documents;
mod file;
pub mod keeping;
pub mod known_params;
pub mod matching;
mod memory;
pub mod names;
pub mod provider_url;
pub mod registry_url;
mod simplified;
mod static_list;
mod tls;

pub use documents::FileDocuments;
pub use file::File;
pub use memory::{Memory, MemoryDiscovery, MemoryDocuments};
pub use simplified::simplify;
pub use static_list::Static;
pub use tls::{TlsNames, TlsOptions};
