//! The requests of a client.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::endpoint::Params;
use serde::{Serialize, Serializer};

use super::response::{
    ChangedConfigs, Config, Done, Response, ServerChecked, ServiceNames, Subscribed,
};

/// A request, which is answered with one response.
pub(crate) trait Request: Serialize + Sync {
    /// The name of its Java class.
    const KIND: &'static str;
    /// The answer.
    type Response: Response;

    /// The resource, which signatures cover.
    fn resource(&self) -> Resource<'_>;
}

/// The resource of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource<'a> {
    /// The connection itself.
    Connection,
    /// A service, which need not be named.
    Service { group: &'a str, name: &'a str },
    /// A document; those of a list are not named.
    Config { tenant: &'a str, group: &'a str },
}

macro_rules! requests {
    ($($name:ident $(<$life:lifetime>)? = $kind:literal -> $response:ty, $self:ident => $resource:expr;)*) => {$(
        impl Request for $name $(<$life>)? {
            const KIND: &'static str = $kind;
            type Response = $response;

            fn resource(&$self) -> Resource<'_> {
                $resource
            }
        }
    )*};
}

requests! {
    ServerCheck = "ServerCheckRequest" -> ServerChecked, self => Resource::Connection;
    HealthCheck = "HealthCheckRequest" -> Done, self => Resource::Connection;
    InstanceChange<'_> = "InstanceRequest" -> Done, self => self.service.resource();
    BatchInstance<'_> = "BatchInstanceRequest" -> Done, self => self.service.resource();
    Subscribe<'_> = "SubscribeServiceRequest" -> Subscribed, self => self.service.resource();
    ServiceQuery<'_> = "ServiceQueryRequest" -> Subscribed, self => self.service.resource();
    ServiceList<'_> = "ServiceListRequest" -> ServiceNames, self => self.service.resource();
    ConfigQuery<'_> = "ConfigQueryRequest" -> Config, self => Resource::Config { tenant: self.tenant, group: self.group };
    ConfigPublish<'_> = "ConfigPublishRequest" -> Done, self => Resource::Config { tenant: self.tenant, group: self.group };
    ConfigRemove<'_> = "ConfigRemoveRequest" -> Done, self => Resource::Config { tenant: self.tenant, group: self.group };
    ConfigListen<'_> = "ConfigBatchListenRequest" -> ChangedConfigs, self => Resource::Config { tenant: "", group: "" };
}

#[derive(Serialize)]
pub(crate) struct ServerCheck {}

#[derive(Serialize)]
pub(crate) struct HealthCheck {}

/// The first message of the stream; it is no unary request, and has no response of its own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConnectionSetup<'a> {
    pub(crate) client_version: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) labels: BTreeMap<&'a str, &'a str>,
    /// The abilities, of which none is needed; a server that negotiates answers only if there is a table.
    pub(crate) ability_table: BTreeMap<&'a str, bool>,
}

impl ConnectionSetup<'_> {
    pub(crate) const KIND: &'static str = "ConnectionSetupRequest";
}

/// The service of a request.
#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Named<'a> {
    pub(crate) namespace: &'a str,
    pub(crate) service_name: &'a str,
    pub(crate) group_name: &'a str,
}

impl<'a> Named<'a> {
    fn resource(self) -> Resource<'a> {
        Resource::Service { group: self.group_name, name: self.service_name }
    }
}

/// An instance of ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Instance {
    #[serde(serialize_with = "text")]
    pub(crate) ip: ByteString,
    pub(crate) port: u16,
    pub(crate) weight: f64,
    pub(crate) healthy: bool,
    pub(crate) enabled: bool,
    pub(crate) ephemeral: bool,
    #[serde(serialize_with = "texts")]
    pub(crate) metadata: Arc<Params>,
}

/// The identity that tells the instances of a process and a service apart: address, port and, where there is one,
/// protocol.
pub(crate) type Identity = (ByteString, u16, Option<ByteString>);

impl Instance {
    /// An instance of ours with this metadata, of the weight that Java gives it.
    pub(crate) fn new(ip: ByteString, port: u16, metadata: Params) -> Self {
        let metadata = Arc::new(metadata);
        Self { ip, port, weight: 1.0, healthy: true, enabled: true, ephemeral: true, metadata }
    }

    /// The identity of it within its service.
    pub(crate) fn identity(&self) -> Identity {
        (self.ip.clone(), self.port, self.metadata.get("protocol").cloned())
    }

    /// An instance that stands for whatever a connection has published.
    pub(crate) fn nameless() -> Self {
        Self::new(ByteString::from_static("127.0.0.1"), 0, Params::new())
    }
}

fn text<S: Serializer>(text: &ByteString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(text)
}

fn texts<S: Serializer>(params: &Arc<Params>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(params.iter().map(|(name, value)| (&**name, &**value)))
}

#[derive(Serialize)]
pub(crate) struct InstanceChange<'a> {
    #[serde(flatten)]
    pub(crate) service: Named<'a>,
    #[serde(rename = "type")]
    pub(crate) change: &'static str,
    pub(crate) instance: &'a Instance,
}

#[derive(Serialize)]
pub(crate) struct BatchInstance<'a> {
    #[serde(flatten)]
    pub(crate) service: Named<'a>,
    #[serde(rename = "type")]
    pub(crate) change: &'static str,
    pub(crate) instances: &'a [Instance],
}

#[derive(Serialize)]
pub(crate) struct Subscribe<'a> {
    #[serde(flatten)]
    pub(crate) service: Named<'a>,
    #[serde(rename = "subscribe")]
    pub(crate) wanted: bool,
    pub(crate) clusters: &'static str,
}

/// The question for the instances of a service, without a subscription.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceQuery<'a> {
    #[serde(flatten)]
    pub(crate) service: Named<'a>,
    pub(crate) healthy_only: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceList<'a> {
    #[serde(flatten)]
    pub(crate) service: Named<'a>,
    pub(crate) page_no: u32,
    pub(crate) page_size: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigQuery<'a> {
    pub(crate) data_id: &'a str,
    pub(crate) group: &'a str,
    pub(crate) tenant: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigPublish<'a> {
    pub(crate) data_id: &'a str,
    pub(crate) group: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) content: &'a str,
    /// The MD5 that the document must have now, for a change of what is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cas_md5: Option<&'a str>,
    pub(crate) addition_map: BTreeMap<&'a str, &'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigRemove<'a> {
    pub(crate) data_id: &'a str,
    pub(crate) group: &'a str,
    pub(crate) tenant: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ConfigListen<'a> {
    pub(crate) listen: bool,
    pub(crate) config_listen_contexts: Vec<ListenContext<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ListenContext<'a> {
    pub(crate) data_id: &'a str,
    pub(crate) group: &'a str,
    pub(crate) tenant: &'a str,
    /// The MD5 of the document as it is known, empty when there is none.
    pub(crate) md5: &'a str,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_those_of_java() {
        let service = Named { namespace: "public", service_name: "a", group_name: "G" };
        let metadata = Params::from([("k".into(), "v".into())]);
        let instance = Instance::new("10.0.0.7".into(), 1, metadata);
        let change = InstanceChange { service, change: "registerInstance", instance: &instance };
        assert_eq!(
            serde_json::to_string(&change).unwrap(),
            r#"{"namespace":"public","serviceName":"a","groupName":"G","type":"registerInstance","instance":{"ip":"10.0.0.7","port":1,"weight":1.0,"healthy":true,"enabled":true,"ephemeral":true,"metadata":{"k":"v"}}}"#
        );
        assert_eq!(change.resource(), Resource::Service { group: "G", name: "a" });
        let query = ConfigQuery { data_id: "d", group: "g", tenant: "" };
        assert_eq!(
            serde_json::to_string(&query).unwrap(),
            r#"{"dataId":"d","group":"g","tenant":""}"#
        );
    }
}
