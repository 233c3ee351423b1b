//! Tests of the generator against the other crates.

mod reading;
