//! A tuple struct stands for its one field.

use dubhe_macros::Java;

#[derive(Java)]
#[java(class = "org.example.Node")]
struct Node(#[java(default)] String);

#[derive(Java)]
#[java(class = "org.example.Size")]
struct Size(u64);

#[derive(Java)]
#[java(class = "org.example.None")]
struct None();

fn main() {}
