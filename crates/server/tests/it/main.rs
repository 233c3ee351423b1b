//! Tests of the serving side.

mod generated;
