//! The forms of values for callers without Rust types.

/// The form in which a caller without Rust types has values: what arguments may be given as, and how
/// results look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// Values of `generic=true` (Dubbo Java `PojoUtils`).
    Generic,
    /// JSON as Dubbo Java has it (fastjson2).
    Json,
    /// JSON of `generic=gson` (Gson).
    Gson,
}
