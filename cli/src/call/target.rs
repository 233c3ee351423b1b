//! Where to call.

/// Where to call.
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
        match text.split_once("://") {
            None => provider(text),
            Some(("dubbo", rest)) => provider(rest),
            Some(("file", rest)) if rest.starts_with('/') => Ok(Self::Registry(text.to_owned())),
            Some(("file", _)) => Err("a folder is written file:///FOLDER".to_owned()),
            Some((kind, _)) => Err(format!(
                "{kind}:// is not known; write dubbo://HOST:PORT, HOST:PORT or file:///FOLDER"
            )),
        }
    }

    /// How an error names it.
    pub(crate) fn url(&self) -> &str {
        match self {
            Self::Provider(url) | Self::Registry(url) => url,
        }
    }
}

/// The provider at `rest`, an address with or without a path and parameters.
fn provider(rest: &str) -> Result<Target, String> {
    let address = rest.split(['/', '?']).next().unwrap_or_default();
    let port = address.rsplit_once(':').map(|(_, port)| port.parse::<u16>());
    match port {
        Some(Ok(1..)) if !address.starts_with(':') => {
            Ok(Target::Provider(format!("dubbo://{rest}")))
        }
        _ => Err(format!("{address:?} is no HOST:PORT; dubbo providers often have port 20880")),
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
        assert_eq!(Target::parse("file:///x"), Ok(Target::Registry("file:///x".to_owned())));
    }

    #[test]
    fn errors_say_what_to_write() {
        for (wrong, hint) in [
            ("localhost", "20880"),
            (":20880", "HOST:PORT"),
            ("h:0", "HOST:PORT"),
            ("h:99999", "HOST:PORT"),
            ("tri://h:1", "dubbo://HOST:PORT"),
            ("file://x", "file:///FOLDER"),
        ] {
            let error = Target::parse(wrong).unwrap_err();
            assert!(error.contains(hint), "{wrong}: {error}");
        }
    }
}
