//! Asking a server for the descriptors of its services.

mod descriptors;
mod messages;

use std::collections::BTreeMap;

use bytes::Bytes;
use dubhe::CallKind;
use dubhe::payload::{CallBody, Encoded, Format};
use dubhe::{Client, Code, ServiceKey, Status};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use prost::Message;
use prost_reflect::{DescriptorPool, ServiceDescriptor};

use super::protobuf;
use super::providers::Providers;
use crate::suggest::did_you_mean;
use messages::{FileDescriptor, Files, Question, ServerReflectionResponse};

/// The names of the service, today's and the one that older servers have.
const NAMES: [&str; 2] =
    ["grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"];

/// The most bytes of descriptors that are taken of one server.
const MAX_BYTES: usize = 16 << 20;

/// The most files of descriptors that are taken of one server. Those that it does not send together are asked
/// for one by one.
const MAX_FILES: usize = 4_096;

/// The reflection of one server.
pub(super) struct Reflection<'a>(&'a Providers<'a>);

impl<'a> Reflection<'a> {
    pub(super) fn of(providers: &'a Providers<'a>) -> Self {
        Self(providers)
    }

    /// The names of all services that the server lists.
    pub(super) async fn list(&self) -> Result<Vec<String>, Status> {
        let list_services = Some(String::new());
        let answer = self.ask(Question { list_services, ..Question::default() }).await?;
        let services = answer.services.unwrap_or_default().services;
        Ok(services.into_iter().map(|service| service.name).collect())
    }

    /// The description of a service.
    ///
    /// # Errors
    /// [`Code::Unimplemented`] when the server has no such service, or no reflection.
    pub(super) async fn service(&self, name: &str) -> Result<ServiceDescriptor, Status> {
        let file_containing_symbol = Some(name.to_owned());
        let answer = self.ask(Question { file_containing_symbol, ..Question::default() }).await?;
        if answer.error.is_some() {
            return Err(unknown(name, &self.list().await?));
        }
        let pool = self.with_imports(answer.files.unwrap_or_default()).await?;
        pool.get_service_by_name(name).ok_or_else(|| no_service(name, &pool))
    }

    /// All files that `files` need; servers may send the imports or wait to be asked.
    async fn with_imports(&self, files: Files) -> Result<DescriptorPool, Status> {
        let mut known: BTreeMap<String, Bytes> = BTreeMap::new();
        let (mut new, mut size) = (files.files, 0);
        loop {
            let mut wanted = Vec::new();
            for bytes in new {
                let file = FileDescriptor::decode(bytes.clone()).map_err(|e| not_right(&e))?;
                if file.syntax == "editions" {
                    return Err(in_edition(&file));
                }
                size += bytes.len();
                if size > MAX_BYTES {
                    return Err(too_much(&format!("{MAX_BYTES} bytes")));
                }
                known.insert(file.name, bytes);
                if known.len() > MAX_FILES {
                    return Err(too_much(&format!("{MAX_FILES} files")));
                }
                wanted.extend(file.imports);
            }
            let missing = wanted.into_iter().find(|name| !known.contains_key(name));
            let Some(missing) = missing else { break };
            let file_by_filename = Some(missing.clone());
            let answer = self.ask(Question { file_by_filename, ..Question::default() }).await?;
            new = answer.files.unwrap_or_default().files;
            // Another file in its place would be asked for without end.
            let is_missing = |bytes: &Bytes| {
                FileDescriptor::decode(bytes.clone()).is_ok_and(|file| file.name == missing)
            };
            if !new.iter().any(is_missing) {
                return Err(not_right(&format!("its file {missing:?} is missing")));
            }
        }
        descriptors::pool(known.into_values()).map_err(|what| not_right(&what))
    }

    /// Asks under today's name, then under the older one.
    async fn ask(&self, question: Question) -> Result<ServerReflectionResponse, Status> {
        let bytes = Bytes::from(question.encode_to_vec());
        for name in NAMES {
            match self.ask_as(name, bytes.clone()).await {
                Err(status) if status.code() == Code::Unimplemented => {}
                ended => return ended,
            }
        }
        let text = "the server has no reflection, which lists its protobuf services and tells what their \
                    messages are; turn it on there. Java interfaces are called over tri without it, and \
                    are listed in the registry of the provider";
        Err(Status::new(Code::Unimplemented, text))
    }

    async fn ask_as(
        &self,
        name: &'static str,
        question: Bytes,
    ) -> Result<ServerReflectionResponse, Status> {
        let client: Client = self.0.client(ServiceKey::interface_only(name))?;
        let method = protobuf::method("ServerReflectionInfo", CallKind::Bidirectional);
        let question = Encoded::new(Format::Protobuf, question).into();
        let question = CallBody::Stream(stream::iter([Ok(question)]).boxed());
        let reply = client.send(&method, question, &self.0.call).await?;
        // The end is not waited for: dubbo-go 3.3 ends a stream that went well with "EOF".
        let mut answers = std::pin::pin!(protobuf::messages(reply));
        let answer = answers.try_next().await?.ok_or_else(|| not_right(&"it did not answer"))?;
        ServerReflectionResponse::decode(answer).map_err(|error| not_right(&error))
    }
}

/// The numbers are those of `google.protobuf.Edition`.
fn in_edition(file: &FileDescriptor) -> Status {
    let edition = match file.edition {
        1000 => "2023".to_owned(),
        1001 => "2024".to_owned(),
        other => format!("number {other}"),
    };
    let name = &file.name;
    let text = format!(
        "{name} of the server is written in edition {edition}, which is not read yet; of proto2 \
         and proto3 all is read"
    );
    Status::new(Code::FailedPrecondition, text)
}

fn not_right(error: &dyn std::fmt::Display) -> Status {
    Status::new(Code::Internal, format!("the reflection of the server is not right: {error}"))
}

fn too_much(what: &str) -> Status {
    let text = format!("the descriptors of the server have more than {what}, which is the most");
    Status::new(Code::ResourceExhausted, text)
}

fn unknown(name: &str, known: &[String]) -> Status {
    let meant = did_you_mean(name, known.iter().map(String::as_str));
    let known = known.join(", ");
    let text = format!("service {name} not found: the server has {known}{meant}");
    Status::new(Code::Unimplemented, text)
}

/// The error of a name that the files of the server declare, which is that of no service.
fn no_service(name: &str, pool: &DescriptorPool) -> Status {
    let parts = name.rsplit_once('.');
    let method = parts.filter(|(service, method)| {
        let service = pool.get_service_by_name(service);
        service.is_some_and(|service| service.methods().any(|known| known.name() == *method))
    });
    let text = if let Some((service, method)) = method {
        format!("{name} is a method and no service: write {service}/{method}")
    } else if pool.get_message_by_name(name).is_some() || pool.get_enum_by_name(name).is_some() {
        format!("{name} is a type and no service: --describe shows it with a service that uses it")
    } else {
        return not_right(&format!("service {name} is not in the files it has it in"));
    };
    Status::new(Code::Unimplemented, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes as protoc writes them for `edition = "2023";` in `a.proto`.
    #[test]
    fn a_file_in_an_edition_is_named() {
        let bytes = b"\x0a\x07a.proto\x62\x08editions\x70\xe8\x07";
        let file = FileDescriptor::decode(&bytes[..]).unwrap();
        assert_eq!(file.syntax, "editions");
        let status = in_edition(&file);
        assert_eq!(status.code(), Code::FailedPrecondition);
        assert!(status.message().starts_with("a.proto of the server is written in edition 2023,"));
    }
}
