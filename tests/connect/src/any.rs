//! Messages of the suite in a `google.protobuf.Any`, and out of it.

use dubhe::protobuf::types::Any;
use dubhe::protobuf::{Message, ProstName};

/// Returns the message in its pack.
pub(crate) fn pack<M: Message + ProstName>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

/// Returns the message out of its pack.
///
/// # Errors
/// When it is another one.
pub(crate) fn unpack<M: Message + ProstName>(any: &Any) -> crate::Result<M> {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    if name != M::full_name() {
        return Err(format!("{name} came for {}", M::full_name()).into());
    }
    Ok(M::decode(any.value.as_slice())?)
}
