//! The config centre in a folder, through its public face.

use std::sync::Arc;

use dubhe_core::Code;
use dubhe_core::documents::{Document, DocumentKey, DocumentState, DocumentStore};
use dubhe_core::registry::Health::{Fresh, Stale};
use dubhe_registry::FileDocuments;
use futures_util::StreamExt;

use crate::file::Fast;

struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("dubhe-{name}-{}", std::process::id()));
        // Of a test that was killed.
        let _ = std::fs::remove_dir_all(&folder);
        Self(folder)
    }

    fn store(&self) -> FileDocuments {
        FileDocuments::new(&self.0, Arc::new(Fast)).max_file(64)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn key() -> DocumentKey {
    DocumentKey::config("shop.tag-router")
}

fn text(state: DocumentState) -> Option<String> {
    state.document.map(|document| document.text.to_string())
}

#[tokio::test]
async fn documents_are_files_that_people_may_write() {
    let folder = Folder::new("documents");
    let store = folder.store();
    let mut states = store.watch(&key());
    assert_eq!(states.next().await, Some(DocumentState { document: None, health: Fresh }));
    store.put(&key(), "tags: []".into()).await.unwrap();
    assert_eq!(text(states.next().await.unwrap()).as_deref(), Some("tags: []"));

    let file = folder.0.join("dubbo/shop.tag-router");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "tags: []");
    std::fs::write(&file, "tags: [a]").unwrap();
    assert_eq!(text(states.next().await.unwrap()).as_deref(), Some("tags: [a]"));
    assert_eq!(store.list().await.unwrap(), [key()]);

    store.remove(&key()).await.unwrap();
    store.remove(&key()).await.unwrap();
    assert_eq!(states.next().await, Some(DocumentState { document: None, health: Fresh }));
    assert_eq!(store.get(&key()).await.unwrap(), None);
}

#[tokio::test]
async fn a_document_is_replaced_where_nobody_was_faster() {
    let folder = Folder::new("replaced");
    let store = folder.store();
    assert!(store.replace(&key(), "1".into(), None).await.unwrap());
    assert!(!store.replace(&key(), "2".into(), None).await.unwrap());
    let Some(Document { version, .. }) = store.get(&key()).await.unwrap() else { panic!() };
    assert!(store.replace(&key(), "2".into(), Some(version.clone())).await.unwrap());
    assert!(!store.replace(&key(), "3".into(), Some(version)).await.unwrap());

    // Of many at once, one each time.
    let one = store.get(&key()).await.unwrap().unwrap().version;
    let both = tokio::join!(
        store.replace(&key(), "4".into(), Some(one.clone())),
        store.replace(&key(), "5".into(), Some(one)),
    );
    assert_eq!([both.0.unwrap(), both.1.unwrap()].iter().filter(|won| **won).count(), 1);
}

#[tokio::test]
async fn what_cannot_be_read_leaves_what_was_known() {
    let folder = Folder::new("unreadable");
    let store = folder.store();
    store.put(&key(), "good".into()).await.unwrap();
    let mut states = store.watch(&key());
    assert_eq!(text(states.next().await.unwrap()).as_deref(), Some("good"));
    let file = folder.0.join("dubbo/shop.tag-router");
    for bad in [vec![b'x'; 65], vec![0xff]] {
        std::fs::write(&file, bad).unwrap();
        let state = states.next().await.unwrap();
        assert_eq!((state.health, text(state).as_deref()), (Stale, Some("good")));
        assert!(store.get(&key()).await.is_err());
        std::fs::write(&file, "good").unwrap();
        assert_eq!(states.next().await.unwrap().health, Fresh);
    }
}

#[tokio::test]
async fn keys_that_are_no_files_are_refused() {
    let folder = Folder::new("keys");
    let store = folder.store();
    for (group, key) in [("..", "a"), ("dubbo", "../a"), ("a/b", "c"), ("dubbo", ".a")] {
        let key = DocumentKey::Config { group: group.into(), key: key.into() };
        let error = store.put(&key, "x".into()).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument, "{key}");
    }
    let mapping = DocumentKey::Mapping { interface: "a.B".into() };
    assert_eq!(store.get(&mapping).await.unwrap_err().code(), Code::Unimplemented);
}
