//! Parts that the tests of Dubhe share: a proxy that breaks connections on purpose ([`proxy`]),
//! certificates made on the spot ([`certs`]), waiting for a condition ([`wait_until`]), folders that go
//! ([`Folder`]), documents that never come ([`SilentDocuments`]), the values that the peers send ([`samples`])
//! and rules as they are written ([`rules`]).

pub mod certs;
mod documents;
mod folder;
pub mod http1;
pub mod log;
pub mod proxy;
pub mod rules;
pub mod samples;
mod wait;

pub use documents::SilentDocuments;
pub use folder::Folder;
pub use wait::{another_task_runs, wait_until};
