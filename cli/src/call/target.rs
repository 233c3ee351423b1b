//! The target of a call.

use dubhe::{ServiceKey, Url};
use dubhe_core::url::redacted;

use crate::registries::KINDS;

/// The target of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// The URL of a provider.
    Provider(String),
    /// The URL of a registry.
    Registry(String),
}

impl Target {
    /// The target that `text` names.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        if let Some(scheme) = unix_scheme(text) {
            return match scheme {
                "unix" => unix(&format!("dubbo+{text}")),
                "dubbo+unix" | "tri+unix" | "grpc+unix" => unix(text),
                _ => Self::registry(text),
            };
        }
        match text.split_once("://") {
            None => provider("dubbo", text),
            Some((protocol @ ("dubbo" | "tri" | "grpc"), rest)) => provider(protocol, rest),
            Some(_) => Self::registry(text),
        }
    }

    /// The registry that `text` names.
    pub(crate) fn registry(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            Some(("file", rest)) if !rest.starts_with('/') => {
                Err("a folder is written file:///FOLDER".to_owned())
            }
            Some(("zookeeper", "")) => Err("write zookeeper://HOST:2181".to_owned()),
            Some((
                "zookeeper" | "nacos" | "etcd" | "etcd3" | "etcdv3" | "kubernetes" | "dns"
                | "static" | "file",
                _,
            )) => Ok(Self::Registry(text.to_owned())),
            _ => Err(format!(
                "{:?} is not known; providers are dubbo://HOST:PORT, tri://HOST:PORT, \
                 grpc://HOST:PORT, HOST:PORT or tri+unix:///PATH, registries {KINDS}",
                redacted(text)
            )),
        }
    }

    /// The service that the URL of a provider names, as far as it does: in a registry it has the interface
    /// as its path, and group and version as parameters.
    pub(crate) fn service(&self) -> ServiceKey {
        match self {
            Self::Provider(url) => {
                Url::parse(url, "dubbo").map(|url| url.service()).unwrap_or_default()
            }
            Self::Registry(_) => ServiceKey::default(),
        }
    }

    /// Returns true for a provider of the dubbo protocol.
    pub(crate) fn is_dubbo(&self) -> bool {
        let schemes = ["dubbo:", "dubbo+unix:"];
        matches!(self, Self::Provider(url) if schemes.iter().any(|scheme| url.starts_with(scheme)))
    }

    /// The address of a provider as that of a gRPC server.
    pub(crate) fn at_grpc(&self) -> String {
        let shown = self.shown();
        let (_, rest) = shown.split_once(':').unwrap_or_default();
        if unix_scheme(&shown).is_some() {
            return format!("grpc+unix:{rest}");
        }
        let rest = rest.trim_start_matches('/');
        format!("grpc://{}", rest.split('/').next().unwrap_or_default())
    }

    /// The name of the target in errors; never with a password.
    pub(crate) fn shown(&self) -> String {
        let (Self::Provider(url) | Self::Registry(url)) = self;
        if unix_scheme(url).is_some() {
            return url.split('?').next().unwrap_or_default().to_owned();
        }
        redacted(url).replacen("…@", "", 1)
    }
}

/// The scheme of a text that names a Unix socket.
fn unix_scheme(text: &str) -> Option<&str> {
    let (scheme, _) = text.split_once(':')?;
    (scheme == "unix" || scheme.ends_with("+unix")).then_some(scheme)
}

/// The provider behind the Unix socket that `url` names.
fn unix(url: &str) -> Result<Target, String> {
    match Url::parse(url, "dubbo") {
        Ok(_) => Ok(Target::Provider(url.to_owned())),
        Err(error) => Err(error.to_string()),
    }
}

/// The provider at `rest`, an address with or without a path and parameters.
fn provider(protocol: &str, rest: &str) -> Result<Target, String> {
    let address = rest.split(['/', '?']).next().unwrap_or_default();
    let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) if !address.starts_with(':') => {
            Ok(Target::Provider(format!("{protocol}://{rest}")))
        }
        _ => Err(format!(
            "{:?} is not HOST:PORT; dubbo providers often have port 20880, tri 50051",
            redacted(rest)
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn providers_and_registries_are_told_apart() {
        let provider = |url: &str| Ok(Target::Provider(url.to_owned()));
        assert_eq!(Target::parse("localhost:1"), provider("dubbo://localhost:1"));
        assert_eq!(Target::parse("dubbo://[::1]:2?a=b"), provider("dubbo://[::1]:2?a=b"));
        assert_eq!(Target::parse("tri://h:1"), provider("tri://h:1"));
        assert_eq!(Target::parse("unix:/x"), provider("dubbo+unix:/x"));
        assert!(Target::parse("unix:///x").unwrap().is_dubbo());
        assert_eq!(Target::parse("tri+unix:///x?a=b"), provider("tri+unix:///x?a=b"));
        assert_eq!(Target::parse("tri+unix:///x?a=b").unwrap().shown(), "tri+unix:///x");
        for url in ["file:///x", "zookeeper://h:1,i:2?group=g", "nacos://h:1", "kubernetes://"] {
            assert_eq!(Target::parse(url), Ok(Target::Registry(url.to_owned())));
        }
    }

    #[test]
    fn the_same_server_is_reached_over_grpc() {
        for (target, grpc) in [
            ("h:1", "grpc://h:1"),
            ("dubbo://me:secret@h:1/a.B?group=g", "grpc://h:1"),
            ("unix:/x/y", "grpc+unix:/x/y"),
            ("dubbo+unix:///x/y?group=g", "grpc+unix:///x/y"),
        ] {
            assert_eq!(Target::parse(target).unwrap().at_grpc(), grpc, "{target}");
        }
    }

    #[test]
    fn passwords_are_not_shown() {
        let target = Target::parse("zookeeper://me:secret@h:1?password=secret").unwrap();
        assert_eq!(target.shown(), "zookeeper://h:1");
        for wrong in ["redis://me:secret@h:1", "dubbo://me:secret/x@h", "tri://me:a?b=secret@h"] {
            let error = Target::parse(wrong).unwrap_err();
            assert!(!error.contains("secret") && !error.contains("me:"), "{error}");
        }
    }

    #[test]
    fn errors_say_what_to_write() {
        for (wrong, hint) in [
            ("localhost", "20880"),
            (":20880", "HOST:PORT"),
            ("h:0", "HOST:PORT"),
            ("tri://h", "50051"),
            ("h:99999", "HOST:PORT"),
            ("consul://h:1", "zookeeper://HOST:PORT"),
            ("file://x", "file:///FOLDER"),
            ("zookeeper://", "2181"),
            ("tri+unix://x", "PROTOCOL+unix:///PATH"),
            ("http+unix:///x", "tri+unix:///PATH"),
        ] {
            let error = Target::parse(wrong).unwrap_err();
            assert!(error.contains(hint), "{wrong}: {error}");
        }
        assert!(Target::registry("dubbo://h:1").is_err());
    }
}
