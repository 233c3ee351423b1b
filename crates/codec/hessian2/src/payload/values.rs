//! Arguments as dynamic values, for those who do not know their types.

use dubhe_core::{Payload, Value};

use super::bytes;
use crate::{Decode, Decoder};

/// The arguments of a payload as dynamic values, for rules and balancers that look at one:
/// typed ones are written and read back. `None` when they have no form in Hessian.
pub fn values(payload: &Payload) -> Option<Vec<Value>> {
    let count = match payload {
        Payload::Args(args) => args.count,
        Payload::Message(_) | Payload::Encoded(_) => 1,
    };
    let bytes = bytes(payload).ok()?;
    let mut decoder = Decoder::shared(&bytes);
    (0..count).map(|_| Value::decode(&mut decoder).ok()).collect()
}
