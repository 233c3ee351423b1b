//! `org.apache.dubbo.metadata.MetadataServiceV2`, version 2.0.0.

use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::{
    ByteString, CallKind, Code, Method, Payload, Reply, Response, ServiceKey, Status,
};
use dubhe_protobuf::{decode_or, message};
use dubhe_registry::application::MetadataTarget;

use super::generated::{MetadataInfoV2, MetadataRequest, ServiceInfoV2};
use super::{metadata_info, service_info, unknown};

pub(super) fn service(target: &MetadataTarget) -> ServiceKey {
    let interface = ByteString::from_static("org.apache.dubbo.metadata.MetadataServiceV2");
    ServiceKey::new(interface, target.application.clone(), "2.0.0")
}

pub(super) fn method() -> Method {
    Method { name: "GetMetadataInfo".into(), descriptor: None, kind: CallKind::Unary }
}

pub(super) fn request(revision: &str) -> Payload {
    message(MetadataRequest { revision: revision.to_owned() })
}

/// Says what an error may mean. Dubbo Java 3.3.6 answers "Internal Server Error" and no more where it
/// does not know the revision, as it fails to write a null.
pub(super) fn hint(status: Status) -> Status {
    if status.code() != Code::Unknown {
        return status;
    }
    status.context(
        "it may not know the revision any more, of which Dubbo Java says no more than this",
    )
}

/// Reads the answer.
pub(super) async fn info(reply: Reply) -> Result<MetadataInfo, Status> {
    let info: MetadataInfoV2 = Response::of_reply(reply, decode_or).await?.into_inner();
    // What a server of Dubbo returns in place of a null.
    if info == MetadataInfoV2::default() {
        return Err(unknown());
    }
    let services = info.services.into_values().map(service_of);
    Ok(metadata_info(info.app.into(), info.version.into(), services))
}

fn service_of(of: ServiceInfoV2) -> Option<ServiceInfo> {
    let ServiceInfoV2 { name, group, version, protocol, port, path, params } = of;
    let params = params.into_iter().map(|(name, value)| (name.into(), value.into()));
    let key = ServiceKey::new(name, group, version);
    service_info(key, protocol.into(), port.into(), path.into(), params)
}
