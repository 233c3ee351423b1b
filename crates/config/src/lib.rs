//! Dubbo's rules and start-up configuration: typed, validated, and followed in config centres.
//!
//! A text goes one way, whether it is about to be written or arrives from a store: [`validate`] turns
//! it into a typed [`Rule`] with the place of each part, or into a [`ConfigError`] that says where it
//! is wrong and what to write. A document is refused whole. Nothing is evaluated here: conditions are
//! trees of matchers for the routers to walk.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`rule`] | the typed rules |
//! | [`snapshot`] | what is known of the documents that a [`ConfigWatcher`] follows |
//! | [`keys`] | which keys an application and its services have |
//! | [`limits`] | what a document can make a process do |

pub mod error;
mod java_url;
pub mod keys;
pub mod limits;
mod parse;
pub mod rule;
pub mod snapshot;
mod startup;
mod text;
mod watcher;

pub use error::{ConfigError, ConfigErrorKind, Position, Warning};
pub use keys::{Keys, RuleKind};
pub use parse::{Rule, Summary, override_urls, route_url, validate};
pub use snapshot::ConfigSnapshot;
pub use startup::{Setting, StartUp};
pub use watcher::{ConfigWatcher, Following, GATHER};
