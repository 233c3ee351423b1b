//! [`Value`](crate::Value): any value, with class names, shared parts and cycles.

mod decode;
mod encode;

use std::borrow::Cow;

use dubhe_core::Value;

use crate::JavaType;

impl JavaType for Value {
    fn descriptor() -> Cow<'static, str> {
        Cow::Borrowed("Ljava/lang/Object;")
    }
}
