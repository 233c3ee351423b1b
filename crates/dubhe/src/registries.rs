//! Registries by URL.

use std::sync::Arc;

use dubhe_core::registry::Registry;
use dubhe_core::time::SharedClock;
use dubhe_core::{Code, Status};
use dubhe_registry::{File, Memory};

/// The registry that `url` names: `memory://` or `file:///folder`.
pub(crate) fn by_url(url: &str, clock: &SharedClock) -> Result<Arc<dyn Registry>, Status> {
    let (kind, rest) = url.split_once("://").unwrap_or((url, ""));
    match kind {
        "memory" => Ok(Arc::new(Memory::new())),
        "file" if rest.starts_with('/') => Ok(Arc::new(File::new(rest, clock.clone()))),
        "file" => Err(wrong(format!("registry {url:?} has no folder; write file:///FOLDER"))),
        other => Err(wrong(format!("no registry of kind {other:?}; known are memory:// and file://"))),
    }
}

fn wrong(message: String) -> Status {
    Status::new(Code::InvalidArgument, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_kinds_and_says_which() {
        let clock: SharedClock = Arc::new(crate::TokioClock);
        assert!(by_url("memory://", &clock).is_ok());
        assert!(by_url("file:///tmp/x", &clock).is_ok());
        let error = by_url("file://x", &clock).err().unwrap();
        assert!(error.message().contains("file:///FOLDER"));
        let error = by_url("consul://x", &clock).err().unwrap();
        assert!(error.message().contains("memory://"));
    }
}
