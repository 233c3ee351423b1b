//! The metadata that this process exports, the present and the past.

use std::collections::VecDeque;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::metadata_info::{ExportedMetadata, MetadataInfo};
use parking_lot::Mutex;

/// The revisions that are kept: a consumer may ask for one that it read before it changed.
const KEPT: usize = 16;

/// The last revisions of the metadata of this process.
pub(super) struct Exported {
    application: ByteString,
    /// The present one last.
    revisions: Mutex<VecDeque<Arc<MetadataInfo>>>,
}

impl Exported {
    pub(super) fn new(application: ByteString) -> Self {
        Self { application, revisions: Mutex::default() }
    }

    /// Makes `info` the present one.
    pub(super) fn push(&self, info: Arc<MetadataInfo>) {
        let mut revisions = self.revisions.lock();
        revisions.retain(|known| known.revision != info.revision);
        if revisions.len() == KEPT {
            revisions.pop_front();
        }
        revisions.push_back(info);
    }
}

impl ExportedMetadata for Exported {
    fn application(&self) -> ByteString {
        self.application.clone()
    }

    fn metadata(&self, revision: &str) -> Option<Arc<MetadataInfo>> {
        let revisions = self.revisions.lock();
        if revision.is_empty() {
            return revisions.back().cloned();
        }
        revisions.iter().find(|known| known.revision == revision).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_revisions_are_answered() {
        let exported = Exported::new("shop".into());
        assert_eq!(exported.metadata(""), None);
        for revision in 1..=20 {
            let revision = revision.to_string().into();
            exported.push(Arc::new(MetadataInfo { revision, ..MetadataInfo::default() }));
        }
        let known = |revision: &str| exported.metadata(revision).map(|info| info.revision.clone());
        assert_eq!(known("").as_deref(), Some("20"));
        assert_eq!((known("4"), known("5").as_deref()), (None, Some("5")));
        exported.push(exported.metadata("5").unwrap());
        assert_eq!((known("").as_deref(), known("6").as_deref()), (Some("5"), Some("6")));
    }
}
