//! Balancers.

mod random;

pub use random::Random;
