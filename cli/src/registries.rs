//! Registries by URL.

use dubhe::Status;
use dubhe::net::ClientTls;
use dubhe::registry::RegistryParts;

/// The name that registries see.
pub(crate) const APPLICATION: &str = "dubhe-cli";

/// The registries that commands know.
pub(crate) const KINDS: &str = "zookeeper://HOST:PORT, nacos://HOST:PORT, etcd://HOST:PORT, kubernetes://, \
                                dns://SERVER/NAME:PORT, static://HOST:PORT or file:///FOLDER";

/// The registries that this program may have been built without, by their features.
const OPTIONAL: [&str; 3] = ["kubernetes", "dns", "apollo"];

/// The parameter of a registry in which nothing is registered, consumers neither.
const READ_ONLY: &str = "register=false";

/// Opens a registry to look at it: it learns nothing of us. Providers are asked for their metadata over
/// `tls`, if there is one.
///
/// # Errors
/// When the URL is wrong.
pub(crate) fn open(url: &str, tls: Option<&ClientTls>) -> Result<RegistryParts, Status> {
    open_with(url, &[READ_ONLY], tls)
}

/// Opens a registry to write to it, which needs that it registers; without a subscription nothing is.
///
/// # Errors
/// When the URL is wrong.
pub(crate) fn open_to_write(url: &str) -> Result<RegistryParts, Status> {
    open_with(url, &[], None)
}

fn open_with(url: &str, params: &[&str], tls: Option<&ClientTls>) -> Result<RegistryParts, Status> {
    let added = added(url, params);
    let full = format!("{url}{added}");
    let opened = match tls {
        Some(tls) => RegistryParts::open_secured(&full, APPLICATION, tls),
        None => RegistryParts::open(&full, APPLICATION),
    };
    opened.map_err(|error| {
        // What was not typed would puzzle.
        let said = error.message().replace(&*added, "");
        explained(&Status::new(error.code(), said))
    })
}

/// The parameters behind a URL: the last of two that are the same counts.
fn added(url: &str, params: &[&str]) -> String {
    // The parameters of a list are those of its providers.
    if params.is_empty() || url.starts_with("static:") {
        return String::new();
    }
    let between = if url.contains('?') { '&' } else { '?' };
    format!("{between}{}", params.join("&"))
}

/// The error, with the way to have a kind of registry that this program was built without.
pub(crate) fn explained(error: &Status) -> Status {
    let text = error.message();
    let feature =
        text.split_once("enable the feature \"").and_then(|(_, rest)| rest.split('"').next());
    match feature.filter(|feature| OPTIONAL.contains(feature)) {
        None => error.clone(),
        Some(feature) => {
            let text = format!(
                "{text}\nhint: cargo install --git https://github.com/dubhe-rs/dubhe dubhe-cli --features \
                 {feature}"
            );
            Status::new(error.code(), text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_registered_whatever_the_kind() {
        for (url, read) in [
            ("zookeeper://h:1", "?register=false"),
            ("nacos://h:1?group=g", "&register=false"),
            ("static://h:1?weight=1", ""),
        ] {
            assert_eq!(added(url, &[READ_ONLY]), read);
        }
    }

    #[tokio::test]
    async fn the_last_of_two_parameters_counts() {
        for url in ["zookeeper://h:1", "nacos://h:1", "etcd://h:1", "file:///x"] {
            let parts = open(&format!("{url}?register=true"), None).unwrap();
            assert!(parts.registry.is_read_only(), "{url}");
        }
    }

    #[tokio::test]
    async fn errors_have_what_was_typed_and_nothing_else() {
        for url in
            ["file://x", "file://x?max.file=1", "zookeeper://", "nacos://h:x", "etcd://h:1?a b"]
        {
            let Err(error) = open(url, None) else { continue };
            let said = error.message();
            assert!(!said.contains("register="), "{url}: {said}");
        }
        let error = open("file://x", None).unwrap_err();
        assert!(error.message().contains("\"file://x\""), "{error}");
    }

    #[test]
    fn a_kind_that_is_left_out_is_installed_with_its_feature() {
        let error = |feature| {
            let text = format!(
                "x://: built without X; enable the feature {feature:?} of the crate `dubhe`"
            );
            explained(&Status::unimplemented(text)).message().to_owned()
        };
        assert!(error("dns").ends_with("`dubhe`\nhint: cargo install --git https://github.com/dubhe-rs/dubhe dubhe-cli --features dns"));
        assert!(!error("tls").contains("hint"));
    }
}
