//! Messages as details of errors.

use dubhe_core::Status;
use dubhe_core::status::Detail;
use prost::Name;

use crate::payload::Message;

/// A message as a detail of an error: `status.with_detail(detail(&message))`. gRPC callers find it
/// in `grpc-status-details-bin`.
pub fn detail<T: Message + Name>(message: &T) -> Detail {
    let type_url = format!("type.googleapis.com/{}", T::full_name()).into();
    Detail { type_url, value: message.encode_to_vec().into() }
}

/// The details of this type of an error; those that cannot be decoded are left out.
pub fn details<T: Message + Name>(status: &Status) -> impl Iterator<Item = T> {
    let name = T::full_name();
    let own = move |detail: &&Detail| detail.type_url.rsplit('/').next() == Some(&name);
    status.details().iter().filter(own).filter_map(|detail| T::decode(detail.value.clone()).ok())
}
