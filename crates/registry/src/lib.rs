//! Registries that need no server, and what all registries share: provider URLs, and
//! [application-level discovery](application).
//!
//! | registry | URL | for |
//! | --- | --- | --- |
//! | [`Memory`] | `memory://` | one process: demos and tests |
//! | [`File`] | `file:///path` | one host: providers write, consumers read the same folder |

pub mod application;
mod file;
pub mod matching;
mod memory;
pub mod provider_url;

pub use file::File;
pub use memory::Memory;
