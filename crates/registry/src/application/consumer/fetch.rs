//! Fetching the metadata of a revision.

use dubhe_core::documents::DocumentKey;
use dubhe_core::metadata_info::MetadataInfo;
use dubhe_core::time::Duration;
use dubhe_core::{Code, Status};

use super::Consumer;
use super::services::Services;
use crate::application::instance::{MetadataStorage, ServiceInstance};
use crate::application::metadata_info::{from_json, text_bytes};

/// The longest time that a try may take.
const TIMEOUT: Duration = Duration::from_secs(5);

impl Consumer {
    /// Asks once for the services of `revision` of an application, where `instance` says they are.
    pub(super) async fn fetch(
        &self,
        instance: &ServiceInstance,
        revision: &str,
    ) -> Result<Services, Status> {
        // It is never closed.
        let _permit = self.fetches.acquire().await;
        let info = self.parts.pauses.within(TIMEOUT, self.metadata(instance, revision)).await?;
        self.check(&info)?;
        Ok(Services::new(info, revision))
    }

    async fn metadata(
        &self,
        instance: &ServiceInstance,
        revision: &str,
    ) -> Result<MetadataInfo, Status> {
        let parts = &self.parts;
        let client = parts.metadata_client.as_ref();
        if instance.storage() == MetadataStorage::Local
            && let Some(client) = client
        {
            let target = instance.metadata_service();
            let info = client.metadata(&target, revision).await;
            return info.map_err(|error| error.context(format_args!("{}", instance.address())));
        }
        let Some(center) = &parts.metadata_center else {
            let what = match instance.storage() {
                MetadataStorage::Remote => "no metadata centre, in which its metadata is",
                MetadataStorage::Local => "no client of MetadataService, and no metadata centre",
            };
            return Err(Status::new(Code::FailedPrecondition, format!("there is {what}")));
        };
        let key = DocumentKey::Metadata {
            application: instance.instance.application.clone(),
            revision: revision.into(),
        };
        let document = center.get(&key).await.map_err(|error| error.context(center.name()))?;
        let Some(document) = document else {
            let text = format!("{} has no document {key}", center.name());
            return Err(Status::new(Code::NotFound, text));
        };
        let most = parts.options.max_metadata_bytes;
        if document.text.len() > most {
            return Err(too_large(document.text.len(), most));
        }
        from_json(&document.text)
    }

    fn check(&self, info: &MetadataInfo) -> Result<(), Status> {
        let options = &self.parts.options;
        let (services, most) = (info.services.len(), options.max_metadata_services);
        if services > most {
            let text = format!(
                "the metadata has {services} services, of which {most} are read; raise \
                 metadata.max-services"
            );
            return Err(Status::new(Code::ResourceExhausted, text));
        }
        let bytes = text_bytes(info);
        if bytes > options.max_metadata_bytes {
            return Err(too_large(bytes, options.max_metadata_bytes));
        }
        Ok(())
    }
}

fn too_large(bytes: usize, most: usize) -> Status {
    let text = format!(
        "the metadata has {bytes} bytes, of which {most} are read; raise metadata.max-bytes"
    );
    Status::new(Code::ResourceExhausted, text)
}
