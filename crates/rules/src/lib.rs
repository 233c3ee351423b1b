//! The effect of Dubbo's governance rules on calls.
//!
//! `dubhe-config` reads the texts and follows them; here they become choices. What depends on the
//! endpoints, the consumer and the rules alone is worked out when one of these changes, so that a call
//! costs a few words of bits for each rule.
//!
//! | module | what is in it |
//! | --- | --- |
//! | [`consumer`] | the facts of a consumer that rules look at |

pub mod consumer;

pub use consumer::Consumer;
