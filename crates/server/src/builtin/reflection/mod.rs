//! `grpc.reflection.v1.ServerReflection`, the descriptors of the services, for tools such as
//! grpcurl. Only services with descriptors are listed: a tool that lists a service requests its
//! descriptor next, and a Java interface has none.

mod index;

use std::sync::Arc;

use dubhe_core::{Call, Code, Invoking, Method, ServiceKey, Status};
use dubhe_core::{Request, Response, Streaming};
use futures_util::{Stream, StreamExt as _};
use tokio::sync::watch;

use super::generated::reflection::server_reflection_request::MessageRequest as Wanted;
use super::generated::reflection::server_reflection_response::MessageResponse;
use super::generated::reflection::{
    ErrorResponse, ExtensionNumberResponse, ExtensionRequest, FileDescriptorResponse,
    ListServiceResponse, ServerReflection, ServerReflectionRequest, ServerReflectionResponse,
    ServerReflectionServer, ServiceResponse, V1, V1ALPHA,
};
pub(super) use index::Index;

use super::catalog::{Catalog, Described};
use super::stopped;
use crate::service::Service;

/// The names of the service, the current one and the one of older tools, each with the descriptors
/// of its package.
const NAMES: [(&str, &[u8]); 2] = [
    ("grpc.reflection.v1.ServerReflection", V1),
    ("grpc.reflection.v1alpha.ServerReflection", V1ALPHA),
];

/// Returns the service under each of its names. Its streams end when the server of `state` stops.
pub(super) fn services(state: watch::Receiver<Catalog>) -> [NamedReflection; 2] {
    let service = ServerReflectionServer::new(Reflection { state });
    NAMES.map(|(name, descriptors)| NamedReflection { name, descriptors, service: service.clone() })
}

/// The reflection service under one of its names. The messages of both are the same.
pub(super) struct NamedReflection {
    name: &'static str,
    descriptors: &'static [u8],
    service: ServerReflectionServer<Reflection>,
}

impl Service for NamedReflection {
    fn key(&self) -> ServiceKey {
        ServiceKey::interface_only(self.name)
    }

    fn methods(&self) -> Vec<Arc<Method>> {
        self.service.methods()
    }

    fn call(&self, method: usize, call: Call) -> Invoking {
        self.service.call(method, call)
    }

    fn descriptors(&self) -> Option<&'static [u8]> {
        Some(self.descriptors)
    }
}

struct Reflection {
    state: watch::Receiver<Catalog>,
}

impl ServerReflection for Reflection {
    async fn server_reflection_info(
        &self,
        request: Request<Streaming<ServerReflectionRequest>>,
    ) -> Result<Response<impl Stream<Item = Result<ServerReflectionResponse, Status>>>, Status>
    {
        let requests = request.into_inner().take_until(stopped(self.state.clone()));
        Ok(requests.map(|request| Ok(self.answer(request?))).into())
    }
}

impl Reflection {
    fn answer(&self, request: ServerReflectionRequest) -> ServerReflectionResponse {
        ServerReflectionResponse {
            valid_host: request.host.clone(),
            message_response: Some(self.response(request.message_request.as_ref())),
            original_request: Some(request),
        }
    }

    fn response(&self, wanted: Option<&Wanted>) -> MessageResponse {
        let described = self.state.borrow().described.clone();
        let index = described.index();
        let file = |found: Option<usize>, what: String| match found {
            Some(at) => MessageResponse::FileDescriptorResponse(FileDescriptorResponse {
                file_descriptor_proto: index.with_imports(at),
            }),
            None => error(Code::NotFound, format!("{what} not found")),
        };
        match wanted {
            Some(Wanted::ListServices(_)) => list(&described),
            Some(Wanted::FileByFilename(name)) => file(index.file(name), format!("file {name:?}")),
            Some(Wanted::FileContainingSymbol(name)) => {
                file(index.declaring(name), format!("symbol {name:?}"))
            }
            Some(Wanted::FileContainingExtension(wanted)) => {
                let ExtensionRequest { containing_type, extension_number } = wanted;
                file(
                    index.extending(containing_type, *extension_number),
                    format!("extension {extension_number} of {containing_type:?}"),
                )
            }
            Some(Wanted::AllExtensionNumbersOfType(name)) => match index.extensions(name) {
                Some(numbers) => {
                    MessageResponse::AllExtensionNumbersResponse(ExtensionNumberResponse {
                        base_type_name: name.clone(),
                        extension_number: numbers,
                    })
                }
                None => error(Code::NotFound, format!("message {name:?} not found")),
            },
            None => error(Code::InvalidArgument, "the request has no message_request".to_owned()),
        }
    }
}

fn list(described: &Described) -> MessageResponse {
    let name = |name: &String| ServiceResponse { name: name.clone() };
    let service = described.sets.keys().map(name).collect();
    MessageResponse::ListServicesResponse(ListServiceResponse { service })
}

fn error(code: Code, error_message: String) -> MessageResponse {
    let error_code = code.number().into();
    MessageResponse::ErrorResponse(ErrorResponse { error_code, error_message })
}
