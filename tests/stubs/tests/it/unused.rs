//! A program that uses a part of its `.proto` files, or none, has no warnings of the rest.

/// A private module, whose items count as unused unless the program names them.
#[deny(dead_code, reason = "the test is that this compiles")]
#[allow(missing_docs, unreachable_pub, reason = "others include what is made in a library")]
#[allow(clippy::trivially_copy_pass_by_ref, reason = "prost writes `as_str_name(&self)`")]
mod proto {
    dubhe::include_proto!();
}
