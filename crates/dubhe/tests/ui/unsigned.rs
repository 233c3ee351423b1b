use dubhe::prelude::*;

/// Java has no unsigned numbers.
#[derive(Java)]
#[java(class = "org.example.Counter")]
struct Counter {
    count: u64,
}

fn main() {}
