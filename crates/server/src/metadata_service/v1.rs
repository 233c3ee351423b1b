//! `org.apache.dubbo.metadata.MetadataService`, version 1.0.0.

use std::sync::Arc;

use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::url::Url;
use dubhe_core::value::List;
use dubhe_core::{
    Args, ByteString, Call, CallBody, Invoking, Method, Payload, ServiceKey, Status, Value,
};
use dubhe_hessian2::payload::arguments;

use super::{Metadata, NO_OPEN_API};
use crate::service::Service;
use crate::stub;

const INTERFACE: &str = "org.apache.dubbo.metadata.MetadataService";
const VERSION: &str = "1.0.0";
const METADATA_INFO: &str = "org.apache.dubbo.metadata.MetadataInfo";
const SERVICE_INFO: &str = "org.apache.dubbo.metadata.MetadataInfo$ServiceInfo";
const SORTED_SET: &str = "java.util.TreeSet";
/// The interface that stands for all (Dubbo Java `ALL_SERVICE_INTERFACES`).
const ALL: &str = "*";

/// The arguments of the methods, all of them `String`; `None` for a null and for one that an overload
/// lacks.
type Texts = [Option<String>; 4];

/// A method that is answered: its name, the number of its arguments, and the answer.
type Answered = (&'static str, usize, fn(&Metadata, &Texts) -> Value);

const ANSWERED: [Answered; 12] = [
    ("getMetadataInfo", 1, |metadata, [revision, ..]| {
        metadata.of(revision.as_deref().unwrap_or_default()).as_deref().map_or(Value::Null, info)
    }),
    ("getMetadataInfos", 0, |metadata, _| Value::list(metadata.present().map(|of| info(&of)))),
    ("serviceName", 0, |metadata, _| metadata.0.application.clone().into()),
    ("version", 0, |_, _| VERSION.into()),
    ("getExportedURLs", 0, exported),
    ("getExportedURLs", 1, exported),
    ("getExportedURLs", 2, exported),
    ("getExportedURLs", 3, exported),
    ("getExportedURLs", 4, exported),
    // A server subscribes to nothing.
    ("getSubscribedURLs", 0, |_, _| sorted_set(Vec::new())),
    ("getServiceDefinition", 1, |metadata, [key, ..]| {
        metadata.definition(&ServiceKey::parse(key.as_deref().unwrap_or_default())).into()
    }),
    ("getServiceDefinition", 3, |metadata, [interface, version, group, _]| {
        let [interface, version, group] =
            [interface, version, group].map(|part| text(part.as_ref()));
        metadata.definition(&ServiceKey::new(interface, group, version)).into()
    }),
];

/// The other methods of Dubbo Java, by name and descriptor, which are refused with the reason.
const REFUSED: [(&str, &str, &str); 6] = [
    ("getMetadataURL", "", NO_URL),
    ("getExportedServiceURLs", "", NO_URL),
    ("exportInstanceMetadata", "Ljava/lang/String;", OF_DNS),
    ("getInstanceMetadataChangedListenerMap", "", OF_DNS),
    (
        "getAndListenInstanceMetadata",
        "Ljava/lang/String;Lorg/apache/dubbo/metadata/InstanceMetadataChangedListener;",
        OF_DNS,
    ),
    ("getOpenAPI", "Lorg/apache/dubbo/remoting/http12/rest/OpenAPIRequest;", NO_OPEN_API),
];

const NO_URL: &str = "no object of org.apache.dubbo.common.URL is made here; getExportedURLs returns \
                      URLs as text";
const OF_DNS: &str = "the metadata of this instance is in its registry; an instance that is found by \
                      DNS is asked for it, which this one is not";

/// `MetadataService` of an application.
pub(super) struct MetadataService(pub(super) Metadata);

impl Service for MetadataService {
    fn key(&self) -> ServiceKey {
        ServiceKey::new(INTERFACE, "", VERSION)
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        let answered = ANSWERED
            .iter()
            .map(|(name, count, _)| Method::java(*name, "Ljava/lang/String;".repeat(*count)));
        let refused = REFUSED.iter().map(|(name, types, _)| Method::java(*name, *types));
        answered.chain(refused).map(Arc::new).collect()
    }

    fn call(&self, method: usize, call: Call) -> Invoking {
        if let Some((_, count, answer)) = ANSWERED.get(method) {
            let texts = texts(&call, *count);
            return Invoking::ready(texts.map(|texts| stub::reply(answer(&self.0, &texts))));
        }
        let refused = method.checked_sub(ANSWERED.len()).and_then(|method| REFUSED.get(method));
        stub::unsupported(&call, refused.map_or("there is no such method", |(.., why)| *why))
    }
}

/// Decodes the arguments of a call.
fn texts(call: &Call, count: usize) -> Result<Texts, Status> {
    let none = Payload::Args(Args::Values(Arc::default()));
    let payload = match &call.body {
        CallBody::One(payload) => payload,
        // A protocol reads the arguments of a method that is no stream.
        CallBody::Stream(_) => &none,
    };
    type One = Option<String>;
    let texts = match count {
        0 => Ok(Texts::default()),
        1 => arguments::<(One,)>(payload).map(|(a,)| [a, None, None, None]),
        2 => arguments::<(One, One)>(payload).map(|(a, b)| [a, b, None, None]),
        3 => arguments::<(One, One, One)>(payload).map(|(a, b, c)| [a, b, c, None]),
        _ => arguments::<(One, One, One, One)>(payload).map(|(a, b, c, d)| [a, b, c, d]),
    };
    texts.map_err(|status| {
        status.context(format_args!("arguments of {INTERFACE}.{}", call.head.method.name))
    })
}

fn text(text: Option<&String>) -> &str {
    text.map(String::as_str).unwrap_or_default()
}

/// An object of Java's `MetadataInfo`.
fn info(info: &MetadataInfo) -> Value {
    let services = info.services.iter().map(|(key, of)| (key.clone(), service(of)));
    Value::object(METADATA_INFO)
        .field("app", info.application.clone())
        .field("revision", info.revision.clone())
        .field("services", Value::map(services))
        .into()
}

fn service(of: &ServiceInfo) -> Value {
    // Java has a null where a URL has no such parameter.
    let or_null =
        |text: &ByteString| if text.is_empty() { Value::Null } else { text.clone().into() };
    let params = of.params.iter().map(|(name, value)| (name.clone(), value.clone()));
    Value::object(SERVICE_INFO)
        .field("name", of.service.interface().clone())
        .field("group", or_null(of.service.group()))
        .field("version", or_null(of.service.version()))
        .field("protocol", or_null(&of.protocol))
        .field("port", i32::from(of.port))
        .field("path", or_null(&of.path))
        .field("params", Value::map(params))
        .into()
}

/// The URLs of the services of an interface, group and version under a protocol, where the call names
/// one; of all services for the interface `*` or without any (Dubbo Java `getExportedURLs`).
fn exported(metadata: &Metadata, [interface, group, version, protocol]: &Texts) -> Value {
    let wanted = match interface.as_deref() {
        None | Some(ALL) => None,
        Some(interface) => {
            Some(ServiceKey::new(interface, text(group.as_ref()), text(version.as_ref())))
        }
    };
    let fits = |of: &ServiceInfo| {
        wanted.as_ref().is_none_or(|wanted| {
            of.service == *wanted && protocol.as_ref().is_none_or(|name| *of.protocol == **name)
        })
    };
    let host = metadata.host();
    let url = |of: &ServiceInfo| {
        let key = &of.service;
        let mut params = of.params.clone();
        let own =
            [("interface", key.interface()), ("group", key.group()), ("version", key.version())];
        let own = own.into_iter().filter(|(_, value)| !value.is_empty());
        params.extend(own.map(|(name, value)| (name.into(), value.clone())));
        let url = Url {
            protocol: of.protocol.clone(),
            host: host.clone(),
            port: of.port,
            path: of.path.clone(),
            params,
            ..Url::default()
        };
        url.to_string()
    };
    let all: Vec<_> = metadata.present().collect();
    let services = all.iter().flat_map(|info| info.services.values());
    let mut urls: Vec<String> = services.filter(|of| fits(of)).map(url).collect();
    urls.sort_unstable();
    urls.dedup();
    sorted_set(urls)
}

fn sorted_set(texts: Vec<String>) -> Value {
    List::new(texts).class(SORTED_SET).into()
}
