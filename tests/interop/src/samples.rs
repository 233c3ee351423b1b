//! The samples as both sides see them.

use dubhe_testkit::samples;

use crate::any::Any;

/// A string that no Rust text can hold.
const LONE_SURROGATE: &str = "string/lone-surrogate";

/// All samples by name.
pub(crate) fn all() -> Vec<(String, Any)> {
    samples::all().into_iter().map(|(name, value)| any(name, value)).collect()
}

fn any(name: String, value: dubhe::Value) -> (String, Any) {
    let value = if name == LONE_SURROGATE {
        Any::Units(vec![0x61, 0xd800, 0x62])
    } else {
        Any::Value(value)
    };
    (name, value)
}
