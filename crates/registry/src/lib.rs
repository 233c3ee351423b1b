//! Registries that need no server, and what all registries share: provider URLs, and
//! [application-level discovery](application).
//!
//! | registry | URL | for |
//! | --- | --- | --- |
//! | [`Memory`] | `memory://` | one process: demos and tests |
//! | [`Static`] | `static://host:port,host:port` | a list that never changes |
//! | [`File`] | `file:///path` | one host: providers write, consumers read the same folder |

pub mod application;
mod file;
mod memory;
pub mod provider_url;
mod static_list;

pub use file::File;
pub use memory::Memory;
pub use static_list::Static;
