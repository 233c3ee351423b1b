//! `org.apache.dubbo.metadata.MetadataServiceV2`, version 2.0.0.

use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::{Code, Request, Response, Status};

use super::generated::{
    self, MetadataInfoV2, MetadataRequest, MetadataServiceV2Server, OpenApiInfo, OpenApiRequest,
    ServiceInfoV2,
};
use super::{Metadata, NO_OPEN_API};

pub(super) const VERSION: &str = "2.0.0";

/// `MetadataServiceV2` of an application.
pub(super) struct MetadataServiceV2(Metadata);

/// The service that answers from `metadata`.
pub(super) fn service(metadata: Metadata) -> MetadataServiceV2Server<MetadataServiceV2> {
    MetadataServiceV2Server::new(MetadataServiceV2(metadata))
}

impl generated::MetadataServiceV2 for MetadataServiceV2 {
    async fn get_metadata_info(
        &self,
        request: Request<MetadataRequest>,
    ) -> Result<Response<MetadataInfoV2>, Status> {
        let MetadataRequest { revision } = request.into_inner();
        let found = self.0.of(&revision).ok_or_else(|| {
            let text = "no metadata of this revision is known here; read the instance from its \
                        registry again";
            Status::new(Code::NotFound, text)
        });
        found.map(|found| info(&found).into())
    }

    async fn get_open_api_info(
        &self,
        _: Request<OpenApiRequest>,
    ) -> Result<Response<OpenApiInfo>, Status> {
        Err(Status::unimplemented(NO_OPEN_API))
    }
}

fn info(info: &MetadataInfo) -> MetadataInfoV2 {
    let services = info.services.iter().map(|(key, of)| (key.to_string(), service_info(of)));
    MetadataInfoV2 {
        app: info.application.to_string(),
        version: info.revision.to_string(),
        services: services.collect(),
    }
}

fn service_info(of: &ServiceInfo) -> ServiceInfoV2 {
    let params = of.params.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    ServiceInfoV2 {
        name: of.service.interface().to_string(),
        group: of.service.group().to_string(),
        version: of.service.version().to_string(),
        protocol: of.protocol.to_string(),
        port: of.port.into(),
        path: of.path.to_string(),
        params: params.collect(),
    }
}
