//! Messages as values of serde, for programs that have them in types of their own. Calls do not go
//! this way.

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Json, from_str, to_string};

/// Serializes a message as its JSON form.
///
/// # Errors
/// As [`Json::write`], and those of the serializer.
pub fn serialize<T: Json, S: Serializer>(message: &T, serializer: S) -> Result<S::Ok, S::Error> {
    let text = to_string(message).map_err(S::Error::custom)?;
    let value: serde_json::Value = serde_json::from_str(&text).map_err(S::Error::custom)?;
    value.serialize(serializer)
}

/// Deserializes a message from its JSON form.
///
/// # Errors
/// As [`from_str`], and those of the deserializer.
pub fn deserialize<'de, T: Json, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    let value = serde_json::Value::deserialize(deserializer)?;
    from_str(&value.to_string()).map_err(D::Error::custom)
}
