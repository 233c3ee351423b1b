//! The URL of a registry that has servers: `scheme://[user:password@]host[:port][,host…][?parameters]`.

use std::fmt::Display;
use std::str::FromStr;

use dubhe_core::time::Duration;
use dubhe_core::url::Url;
use dubhe_core::{Code, Status};

use crate::known_params::warn_of_unknown;

/// The URL of a registry. Several servers may stand in its authority, which is no URL any more.
#[derive(Clone, Debug)]
pub struct RegistryUrl {
    url: Url,
    /// The servers after the first.
    more: Vec<String>,
}

/// The error of a URL that is wrong in this way.
pub fn wrong(what: impl Display) -> Status {
    Status::new(Code::InvalidArgument, format!("wrong registry URL: {what}"))
}

impl RegistryUrl {
    /// Reads a URL, of `scheme` unless it names another.
    ///
    /// # Errors
    /// When it is no URL, or has no host.
    pub fn parse(url: &str, scheme: &str) -> Result<Self, Status> {
        let (url, more) = split_servers(url);
        let url = Url::parse(&url, scheme).map_err(wrong)?;
        check_user_info(&url)?;
        let backup = url.param("backup").unwrap_or_default();
        let more = more.split(',').chain(backup.split(',')).map(str::trim);
        let more = more.filter(|server| !server.is_empty()).map(str::to_owned).collect();
        Ok(Self { url, more })
    }

    /// The URL itself, with the first server alone.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The servers, those of the authority before those of `backup`; `first` makes the address of a host
    /// and a port.
    ///
    /// # Errors
    /// When one of them is no address.
    pub fn servers<A>(
        &self,
        default_port: u16,
        first: impl FnOnce(&str, u16) -> A,
    ) -> Result<Vec<A>, Status>
    where
        A: FromStr<Err: Display>,
    {
        let port = if self.url.port == 0 { default_port } else { self.url.port };
        let more = self.more.iter().map(|server| match server.parse() {
            Err(_) if !server.contains(':') || server.ends_with(']') => {
                format!("{server}:{default_port}").parse()
            }
            parsed => parsed,
        });
        let first = Ok(first(&self.url.host, port));
        std::iter::once(first).chain(more).collect::<Result<_, _>>().map_err(wrong)
    }

    /// A parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.url.param(name)
    }

    /// A parameter that is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.param(name).filter(|text| !text.is_empty())
    }

    /// A parameter that is a number of `unit` above 0.
    ///
    /// # Errors
    /// When it is something else.
    pub fn number(&self, name: &str, unit: &str, default: u64) -> Result<u64, Status> {
        match self.param(name) {
            None => Ok(default),
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(wrong(format!("{name}={text:?} is not a number of {unit} above 0"))),
            },
        }
    }

    /// A parameter that is a time in milliseconds.
    ///
    /// # Errors
    /// When it is no number above 0.
    pub fn time(&self, name: &str, default_ms: u64) -> Result<Duration, Status> {
        self.number(name, "milliseconds", default_ms).map(Duration::from_millis)
    }

    /// A parameter that is true or false.
    ///
    /// # Errors
    /// When it is neither.
    pub fn flag(&self, name: &str, default: bool) -> Result<bool, Status> {
        match self.param(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(wrong(format!("{name}={other:?} is neither true nor false"))),
        }
    }

    /// A parameter that is a path: one slash before each part and none at the end. The root `/` itself
    /// is the empty text.
    ///
    /// # Errors
    /// When it is not a path.
    pub fn path(&self, name: &str, default: &str) -> Result<String, Status> {
        let text = self.text(name).unwrap_or(default);
        let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty()).collect();
        if parts.iter().any(|part| matches!(*part, "." | "..") || part.contains(char::is_control)) {
            return Err(wrong(format!("{name}={text:?} is not a path")));
        }
        Ok(parts.iter().flat_map(|part| ["/", part]).collect())
    }

    /// Writes a line to the log for each parameter that neither every registry knows nor this one, of which `own`
    /// are the others.
    pub fn warn_of_unknown(&self, own: &[&str]) {
        let Url { protocol, host, .. } = &self.url;
        warn_of_unknown(format_args!("{protocol}://{host}"), &self.url.params, own);
    }

    /// User and password, from `user:password@` or `username` and `password`; `None` without a user.
    pub fn credentials(&self) -> Option<(String, String)> {
        let of = |own: &str, name| {
            if own.is_empty() { self.param(name).unwrap_or_default() } else { own }.to_owned()
        };
        let user = of(&self.url.user, "username");
        (!user.is_empty()).then(|| (user, of(&self.url.password, "password")))
    }
}

/// Tells a URL whose password has a `/` or a `?` from others: what is behind it is then taken for a path or for
/// parameters, and what is before it would be connected to, and shown.
///
/// # Errors
/// When it has an `@` where none belongs.
pub fn check_user_info(url: &Url) -> Result<(), Status> {
    let mut behind = url.params.keys().map(|name| &**name).chain([&*url.path]);
    if behind.any(|text| text.contains('@')) {
        return Err(wrong(
            "there is an @ behind the first / or ?; in a password they are written %2F and %3F",
        ));
    }
    Ok(())
}

/// Takes all servers but the first out of the authority: the URL without them, and them.
fn split_servers(url: &str) -> (String, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let authority = url.get(start..).unwrap_or_default();
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    // A password may have commas.
    let servers = authority.rfind('@').map_or(0, |at| at + 1);
    match authority.get(servers..).and_then(|servers| servers.split_once(',')) {
        None => (url.to_owned(), ""),
        Some((_, more)) => {
            let end = start + authority.len();
            let front = url.get(..end - more.len() - 1).unwrap_or_default();
            (format!("{front}{}", url.get(end..).unwrap_or_default()), more)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn a_password_that_is_not_encoded_is_refused_and_not_shown() {
        for url in [
            "etcd://me:se/cret@a:1",
            "etcd://me:12/cret@a:1",
            "etcd://me:12?cret@a:1",
            "etcd://me:se,cret/x@a:1,b:2",
            "etcd://me:12,secret/x@a:1",
            "me:12/secret@a",
        ] {
            let error = RegistryUrl::parse(url, "etcd").unwrap_err();
            let said = error.message();
            assert!(said.contains("%2F and %3F"), "{url}: {said}");
            let shown = ["cret", "12", "\"me", "se\""].iter().find(|part| said.contains(*part));
            assert_eq!(shown, None, "{url}: {said}");
        }
        let url = RegistryUrl::parse("etcd://me:se%2Fcr%3Fet@a:1?password=a@b", "etcd").unwrap();
        assert_eq!(url.credentials(), Some(("me".into(), "se/cr?et".into())));
    }

    #[test]
    fn servers_stand_in_the_authority_and_in_backup() {
        let url = "etcd://me:se,cret@a:1,10.0.0.2?backup=10.0.0.3:3, [::1]:4,[::2]&group=/fleet/x/&rootPath=";
        let url = RegistryUrl::parse(url, "etcd").unwrap();
        let servers = url.servers(2379, |host, port| {
            assert_eq!((host, port), ("a", 1));
            SocketAddr::from(([10, 0, 0, 1], port))
        });
        let expected = ["10.0.0.1:1", "10.0.0.2:2379", "10.0.0.3:3", "[::1]:4", "[::2]:2379"];
        assert_eq!(servers.unwrap(), expected.map(|server| server.parse().unwrap()));
        assert_eq!(url.credentials(), Some(("me".into(), "se,cret".into())));
        assert_eq!(url.path("group", "dubbo").unwrap(), "/fleet/x");
        assert_eq!(url.path("rootPath", "services").unwrap(), "/services");
    }
}
