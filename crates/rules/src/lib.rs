//! The effect of Dubbo's governance rules on calls.
//!
//! `dubhe-config` reads the texts and follows them; here they become choices. What depends on the
//! endpoints, the consumer and the rules alone is worked out when one of these changes, so that a call
//! costs a few words of bits for each rule.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`consumer`] | the facts of a consumer that rules look at |
//! | [`configurators`] | configurators, which change what providers and consumers have |
//! | [`router`] | the router of a client, which goes through its rules as Dubbo Java does |
//! | [`script`] | the seam of script rules: an engine that runs them |
//! | [`address`] | patterns of addresses |
//! | [`pattern`] | patterns of values |

pub mod address;
mod call;
mod columns;
pub mod configurators;
pub mod consumer;
mod java_text;
pub mod pattern;
mod provider;
pub mod router;
pub mod script;
mod text_match;

pub use consumer::Consumer;
pub use router::RuleRouter;
