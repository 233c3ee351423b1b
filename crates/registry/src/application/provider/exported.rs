//! The metadata that this process exports, the present and the past.

use std::collections::{HashSet, VecDeque};
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::metadata_info::{ExportedMetadata, MetadataInfo};
use parking_lot::Mutex;

/// The past revisions that are kept: a consumer may ask for one that it read before it changed.
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

    /// Makes `info` the present one. Those that instances name, `used`, stay beside the ones that are kept.
    pub(super) fn push(&self, info: Arc<MetadataInfo>, used: &HashSet<&ByteString>) {
        let mut revisions = self.revisions.lock();
        revisions.retain(|known| known.revision != info.revision);
        let is_past = |known: &Arc<MetadataInfo>| !used.contains(&known.revision);
        if revisions.iter().filter(|known| is_past(known)).count() >= KEPT
            && let Some(oldest) = revisions.iter().position(is_past)
        {
            revisions.remove(oldest);
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
        let push = |info| exported.push(info, &HashSet::new());
        assert_eq!(exported.metadata(""), None);
        for revision in 1..=20 {
            let revision = revision.to_string().into();
            push(Arc::new(MetadataInfo { revision, ..MetadataInfo::default() }));
        }
        let known = |revision: &str| exported.metadata(revision).map(|info| info.revision.clone());
        assert_eq!(known("").as_deref(), Some("20"));
        assert_eq!((known("4"), known("5").as_deref()), (None, Some("5")));
        push(exported.metadata("5").unwrap());
        assert_eq!((known("").as_deref(), known("6").as_deref()), (Some("5"), Some("6")));
    }
}
