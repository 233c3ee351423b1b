//! The keys of all documents.

use dubhe_core::documents::DocumentKey;
use futures_util::{StreamExt, TryStreamExt, stream};

use super::paths::{Paths, metadata_key};
use crate::client::{Client, Error};
use crate::ensemble::READS_AT_ONCE;

/// The depth below a root to which nodes are listed: that of the definitions of services.
const MAX_DEPTH: usize = 5;

/// The keys of all documents, sorted.
pub(super) async fn list(client: &Client, paths: Paths<'_>) -> Result<Vec<DocumentKey>, Error> {
    let (mapping, metadata) =
        (format!("{}/mapping", paths.root), format!("{}/metadata", paths.root));
    let mut keys = Vec::new();
    for leaf in leaves(client, paths.config).await? {
        // A key with slashes is several nodes deep.
        if let Some((group, key)) = leaf.split_once('/') {
            keys.push(DocumentKey::Config { group: group.into(), key: key.into() });
        }
    }
    for leaf in leaves(client, &mapping).await? {
        keys.push(DocumentKey::Mapping { interface: leaf.into() });
    }
    for leaf in leaves(client, &metadata).await? {
        keys.extend(metadata_key(&leaf.split('/').collect::<Vec<_>>()));
    }
    keys.sort_unstable();
    Ok(keys)
}

/// The nodes without children below a root, by their paths from there.
async fn leaves(client: &Client, root: &str) -> Result<Vec<String>, Error> {
    let (mut leaves, mut level) = (Vec::new(), vec![String::new()]);
    for depth in 0..=MAX_DEPTH {
        let read = |node: String| async move {
            let path = if node.is_empty() { root.to_owned() } else { format!("{root}/{node}") };
            match client.list(&path).await {
                Ok(names) => Ok((node, names)),
                // It went meanwhile, or is none of ours to read.
                Err(Error::NoNode | Error::NoAuth) => Ok((node, Vec::new())),
                Err(error) => Err(error),
            }
        };
        let reads = stream::iter(std::mem::take(&mut level)).map(read).buffered(READS_AT_ONCE);
        let nodes: Vec<(String, Vec<String>)> = reads.try_collect().await?;
        for (node, names) in nodes {
            match depth {
                0 => level.extend(names),
                _ if names.is_empty() => leaves.push(node),
                _ => level.extend(names.iter().map(|name| format!("{node}/{name}"))),
            }
        }
    }
    Ok(leaves)
}
