//! Balancers, by Dubbo's names.
//!
//! | module | balancer | name |
//! | --- | --- | --- |
//! | `random` | [`Random`] | `random` |
//! | `round_robin` | [`RoundRobin`] | `roundrobin` |
//! | `least_active` | [`LeastActive`] | `leastactive` |
//! | `shortest_response` | [`ShortestResponse`] | `shortestresponse` |
//! | `consistent_hash` | [`ConsistentHash`] | `consistenthash` |
//! | `p2c` | [`PeakEwma`] | `p2c` |
//! | `published` | the one that providers ask for | |
//! | `sticky` | calls that stay at one provider, over any other | |

mod consistent_hash;
mod java_text;
mod least_active;
mod methods;
mod named;
mod outliers;
mod p2c;
mod published;
mod random;
mod reservoir;
mod round_robin;
mod shortest_response;
mod sticky;

pub use consistent_hash::ConsistentHash;
pub use least_active::LeastActive;
pub use named::{check, named};
pub use outliers::{Ejecting, OutlierLimit};
pub use p2c::PeakEwma;
pub use published::Published;
pub use random::Random;
pub use round_robin::RoundRobin;
pub use shortest_response::ShortestResponse;
pub use sticky::Sticky;
