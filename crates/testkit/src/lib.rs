//! What the tests of Dubhe share.

pub mod samples;
