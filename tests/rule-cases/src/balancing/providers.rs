//! Providers, calls and fields of cases.

use std::collections::BTreeMap;
use std::sync::Arc;

use dubhe_cluster::Channels;
use dubhe_cluster::directory::AdoptingDirectory;
use dubhe_core::connect::Connect;
use dubhe_core::directory::Directory;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::payload::Args;
use dubhe_core::time::SharedClock;
use dubhe_core::url::Url;
use dubhe_core::value::List;
use dubhe_core::{Call, Endpoint, Head, Method, Payload, Provider, ServiceKey, Value, descriptor};
use dubhe_net::time::TokioClock;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::case::Case;

/// A URL and what Java read of it.
#[derive(Deserialize)]
pub(super) struct ProviderUrl {
    protocol: String,
    host: String,
    port: u16,
    params: BTreeMap<String, String>,
    /// The answer of a registry to whether one of its providers can be asked.
    #[serde(default)]
    pub(super) available: bool,
}

impl ProviderUrl {
    pub(super) fn address(&self) -> String {
        let Self { host, port, .. } = self;
        if *port == 0 { host.clone() } else { format!("{host}:{port}") }
    }

    pub(super) fn param(&self, name: &str) -> Option<&str> {
        self.params.get(name).map(String::as_str)
    }

    pub(super) fn endpoint(&self) -> Endpoint {
        let url = Url {
            protocol: self.protocol.as_str().into(),
            host: self.host.trim_matches(['[', ']']).into(),
            port: self.port,
            params: self
                .params
                .iter()
                .map(|(k, v)| (k.as_str().into(), v.as_str().into()))
                .collect(),
            ..Url::default()
        };
        url.endpoint()
    }
}

/// A call of a case.
#[derive(Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CaseCall {
    method: String,
    types: Vec<String>,
    args: Vec<Json>,
    /// The texts of the arguments; null for arrays.
    arg_strings: Vec<Option<String>>,
}

impl CaseCall {
    pub(super) fn call(&self) -> Call {
        let types = self.types.iter().map(|name| descriptor::of_name(name));
        let method = Method::java(self.method.clone(), types.collect::<String>());
        let texts = self.arg_strings.iter().chain(std::iter::repeat(&None));
        let args = self.args.iter().zip(&self.types).zip(texts);
        let args: Vec<Value> =
            args.map(|((arg, of), text)| argument(arg, of, text.is_none())).collect();
        Call::new(head(method), Payload::Args(Args::Values(args.into())))
    }
}

fn head(method: Method) -> Head {
    Head::new(Arc::new(ServiceKey::interface_only("demo.Greet")), Arc::new(method))
}

/// A call without arguments.
pub(super) fn call(method: &str) -> Call {
    let args = Payload::Args(Args::Values(Arc::new([])));
    Call::new(head(Method::java(method.to_owned(), "")), args)
}

/// The value of an argument of the type `of`.
fn argument(json: &Json, of: &str, array: bool) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::from(*value),
        Json::String(value) => Value::from(value.as_str()),
        Json::Number(number) => {
            let whole = number.as_i64();
            let double = || Value::Double(number.as_f64().unwrap_or_default());
            match of {
                "double" | "float" | "java.lang.Double" | "java.lang.Float" => double(),
                "long" | "java.lang.Long" => whole.map_or_else(double, Value::Long),
                _ => match whole.and_then(|whole| i32::try_from(whole).ok()) {
                    Some(int) => Value::Int(int),
                    None => whole.map_or_else(double, Value::Long),
                },
            }
        }
        Json::Array(items) => {
            let list = List::new(items.iter().map(|item| argument(item, "", false)));
            if array { list.class("[object").into() } else { list.into() }
        }
        Json::Object(fields) => {
            Value::map(fields.iter().map(|(k, v)| (k.as_str(), argument(v, "", false))))
        }
    }
}

/// A field of a case.
pub(super) fn field<T: DeserializeOwned>(case: &Case, name: &str) -> Result<T, String> {
    let value = case.fields.get(name).cloned().unwrap_or_default();
    serde_json::from_value(value).map_err(|error| format!("cannot read {name}: {error}"))
}

/// A field of the outcome.
pub(super) fn outcome<T: DeserializeOwned>(case: &Case, name: &str) -> Result<T, String> {
    let Some(value) = case.outcome.get(name) else {
        return Err(format!("a decision where Java has {}", case.outcome));
    };
    serde_json::from_value(value.clone()).map_err(|error| format!("cannot read {name}: {error}"))
}

/// The endpoints with the states that a directory gives them.
pub(super) fn directory(
    endpoints: Vec<Endpoint>,
    protocol: Arc<dyn Connect>,
) -> Arc<dyn Directory> {
    let channels = Arc::new(Channels::new(vec![protocol]));
    let set: Arc<dyn Directory> = Arc::new(Arc::new(Endpoints::new(endpoints)));
    let service = ServiceKey::interface_only("demo.Greet");
    Arc::new(AdoptingDirectory::new(set, service, channels, clock()))
}

pub(super) fn clock() -> SharedClock {
    Arc::new(TokioClock)
}

/// The address as the cases have it.
pub(super) fn address(provider: &Provider) -> String {
    let address = provider.address();
    address.strip_suffix(":0").unwrap_or(&address).to_owned()
}
