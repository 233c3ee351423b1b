//! Calls of cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_core::descriptor;
use dubhe_core::payload::Args;
use dubhe_core::value::List;
use dubhe_core::{Call, Head, Method, Payload, ServiceKey, Value};
use serde::Deserialize;
use serde_json::Value as Json;

/// A call as the case has it.
#[derive(Debug, Deserialize)]
pub(super) struct Invocation {
    service: String,
    method: String,
    types: Vec<String>,
    args: Vec<Json>,
    attachments: BTreeMap<String, String>,
}

impl Invocation {
    pub(super) fn call(&self) -> Result<Call, String> {
        let descriptor: String = self.types.iter().map(|name| descriptor::of_name(name)).collect();
        let method = Method::java(self.method.clone(), descriptor);
        let service = ServiceKey::interface_only(self.service.clone());
        let mut head = Head::new(Arc::new(service), Arc::new(method));
        head.metadata =
            self.attachments.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let types = self.types.iter().map(String::as_str).chain(std::iter::repeat(""));
        let args = self.args.iter().zip(types).map(|(json, class)| value(json, class));
        let args = args.collect::<Result<Vec<_>, _>>()?;
        Ok(Call::new(head, Payload::Args(Args::Values(args.into()))))
    }
}

/// The value of an argument whose parameter has this class.
fn value(json: &Json, class: &str) -> Result<Value, String> {
    let element = |json: &Json| value(json, "");
    Ok(match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(value) => Value::from(value.as_str()),
        Json::Number(number) => match (class, number.as_i64(), number.as_f64()) {
            ("double" | "float" | "java.lang.Double" | "java.lang.Float", _, Some(value)) => {
                Value::Double(value)
            }
            ("long" | "java.lang.Long", Some(value), _) => Value::Long(value),
            (_, Some(value), _) => i32::try_from(value).map_or(Value::Long(value), Value::Int),
            (_, None, Some(value)) => Value::Double(value),
            _ => return Err(format!("{number} is no number of Java")),
        },
        Json::Array(items) => {
            let items = items.iter().map(element).collect::<Result<Vec<_>, _>>()?;
            match class.strip_suffix("[]").or_else(|| class.strip_prefix('[')) {
                Some(of) => List::new(items).class(format!("[{of}")).into(),
                None => Value::list(items),
            }
        }
        Json::Object(entries) => {
            let read = |(key, json): (&String, &Json)| Ok((key.as_str().into(), element(json)?));
            Value::map(entries.iter().map(read).collect::<Result<Vec<(Value, Value)>, String>>()?)
        }
    })
}
