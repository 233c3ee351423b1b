//! Arguments as dynamic values, for those who do not know their types.

use dubhe_core::{Payload, Value};

use super::arguments::read;
use crate::Decode;

/// The arguments of a payload as dynamic values, for rules and balancers that look at one:
/// typed ones are written and read back. `None` when they have no form in Hessian.
pub fn values(payload: &Payload) -> Option<Vec<Value>> {
    let count = payload.count();
    let values =
        read(payload, |d| Ok((0..count).map(|_| Value::decode(d.begin_argument()).ok()).collect()));
    values.ok()?
}
