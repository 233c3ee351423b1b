//! The part of `grpc.reflection.v1` that is spoken here; in `v1alpha` it is the same. What is one
//! of several fields there is an optional field here, which is no different on the wire.

use bytes::Bytes;

/// `ServerReflectionRequest`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Question {
    #[prost(string, optional, tag = "3")]
    pub(super) file_by_filename: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(super) file_containing_symbol: Option<String>,
    #[prost(string, optional, tag = "7")]
    pub(super) list_services: Option<String>,
}

/// `ServerReflectionResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ServerReflectionResponse {
    #[prost(message, optional, tag = "4")]
    pub(super) files: Option<Files>,
    #[prost(message, optional, tag = "6")]
    pub(super) services: Option<ListServiceResponse>,
    #[prost(message, optional, tag = "7")]
    pub(super) error: Option<ErrorResponse>,
}

/// `FileDescriptorResponse`, and `google.protobuf.FileDescriptorSet` too
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct Files {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    pub(super) files: Vec<Bytes>,
}

/// `ListServiceResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ListServiceResponse {
    #[prost(message, repeated, tag = "1")]
    pub(super) services: Vec<ServiceResponse>,
}

/// `ServiceResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ServiceResponse {
    #[prost(string, tag = "1")]
    pub(super) name: String,
}

/// `ErrorResponse`
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct ErrorResponse {
    #[prost(int32, tag = "1")]
    pub(super) code: i32,
    #[prost(string, tag = "2")]
    pub(super) message: String,
}

/// The part of `google.protobuf.FileDescriptorProto` that is read before all of it.
#[derive(Clone, PartialEq, prost::Message)]
pub(super) struct FileDescriptor {
    #[prost(string, tag = "1")]
    pub(super) name: String,
    #[prost(string, repeated, tag = "3")]
    pub(super) imports: Vec<String>,
    #[prost(string, tag = "12")]
    pub(super) syntax: String,
    #[prost(int32, tag = "14")]
    pub(super) edition: i32,
}
