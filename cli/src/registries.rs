//! Registries by URL, opened by somebody who only looks.

use dubhe::Status;
use dubhe::registry::RegistryParts;

/// The name that registries see.
pub(crate) const APPLICATION: &str = "dubhe-cli";

/// The registries that commands know.
pub(crate) const KINDS: &str = "zookeeper://HOST:PORT, nacos://HOST:PORT, etcd://HOST:PORT, kubernetes://, \
                                dns://SERVER/NAME:PORT, static://HOST:PORT or file:///FOLDER";

/// Opens a registry to look at it: it learns nothing of us.
///
/// # Errors
/// When the URL is wrong.
pub(crate) fn open(url: &str) -> Result<RegistryParts, Status> {
    RegistryParts::open(&read_only(url), APPLICATION)
}

/// The URL of a registry in which nothing is registered, consumers neither.
fn read_only(url: &str) -> String {
    // The parameters of a list are those of its providers.
    if url.starts_with("static:") {
        return url.to_owned();
    }
    let between = if url.contains('?') { '&' } else { '?' };
    format!("{url}{between}register=false")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_registered_whatever_the_kind() {
        for (url, read) in [
            ("zookeeper://h:1", "zookeeper://h:1?register=false"),
            ("nacos://h:1?group=g", "nacos://h:1?group=g&register=false"),
            ("static://h:1?weight=1", "static://h:1?weight=1"),
        ] {
            assert_eq!(read_only(url), read);
        }
    }

    #[tokio::test]
    async fn the_last_of_two_parameters_counts() {
        for url in ["zookeeper://h:1", "nacos://h:1", "etcd://h:1", "file:///x"] {
            let parts = open(&format!("{url}?register=true")).unwrap();
            assert!(parts.registry.is_read_only(), "{url}");
        }
    }
}
