//! The parts that tests share, tested themselves.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod proxy;
