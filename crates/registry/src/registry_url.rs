//! The URL of a registry that has servers: `scheme://[user:password@]host[:port][,host…][?parameters]`.

use dubhe_core::time::Duration;
use dubhe_core::url::Url;
use dubhe_core::{Code, Status};

/// The URL of a registry. Several servers may stand in its authority, which is no URL any more.
#[derive(Clone, Debug)]
pub struct RegistryUrl {
    url: Url,
    /// The servers after the first.
    more: Vec<String>,
}

/// The error of a URL that is wrong in this way.
pub fn wrong(what: impl std::fmt::Display) -> Status {
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
        let backup = url.param("backup").unwrap_or_default();
        let more = more.split(',').chain(backup.split(',')).map(str::trim);
        let more = more.filter(|server| !server.is_empty()).map(str::to_owned).collect();
        Ok(Self { url, more })
    }

    /// The URL itself, with the first server alone.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// The servers after the first, those of the authority before those of `backup`.
    pub fn more_servers(&self) -> impl Iterator<Item = &str> {
        self.more.iter().map(String::as_str)
    }

    /// A parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.url.param(name)
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

    /// The root of `group`, `/dubbo` by default: one slash before each part and none at the end. The
    /// root `/` itself is the empty text.
    ///
    /// # Errors
    /// When it is not a path.
    pub fn root(&self) -> Result<String, Status> {
        let group = self.param("group").unwrap_or("dubbo");
        let parts: Vec<&str> = group.split('/').filter(|part| !part.is_empty()).collect();
        if parts.iter().any(|part| matches!(*part, "." | "..") || part.contains(char::is_control)) {
            return Err(wrong(format!("group={group:?} is not a path")));
        }
        Ok(parts.iter().flat_map(|part| ["/", part]).collect())
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

/// Takes all servers but the first out of the authority: the URL without them, and them.
fn split_servers(url: &str) -> (String, &str) {
    let start = url.find("://").map_or(0, |at| at + 3);
    let authority = url.get(start..).unwrap_or_default();
    let authority = authority.split(['/', '?']).next().unwrap_or_default();
    match authority.split_once(',') {
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
    use super::*;

    #[test]
    fn servers_stand_in_the_authority_and_in_backup() {
        let url = "etcd://me:secret@a:1,b?backup=c:3, [::1]:4&group=/fleet/x/";
        let url = RegistryUrl::parse(url, "etcd").unwrap();
        assert_eq!((&*url.url().host, url.url().port), ("a", 1));
        assert_eq!(url.more_servers().collect::<Vec<_>>(), ["b", "c:3", "[::1]:4"]);
        assert_eq!(url.credentials(), Some(("me".into(), "secret".into())));
        assert_eq!(url.root().unwrap(), "/fleet/x");
    }
}
