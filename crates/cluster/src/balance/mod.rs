//! Balancers.

mod published;
mod random;

pub use published::Published;
pub use random::Random;
