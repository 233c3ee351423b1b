//! Tests of the router of rules, over a config centre in memory.

mod large;
mod routing;
mod world;
