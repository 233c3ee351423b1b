//! Providers that do not register: others know where they are.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use crate::Result;
use crate::peers::Peers;
use crate::process::{ServerProcess, free_address};

/// The way in which a consumer of ours finds a provider that does not register.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Listing {
    File,
    Dns,
}

/// The list that a consumer is to read.
pub(super) struct Listed {
    pub(super) url: String,
    _names: Option<ServerProcess>,
}

impl Listing {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "file" => Some(Self::File),
            "dns" => Some(Self::Dns),
            _ => None,
        }
    }

    /// Writes down, or lets a name server say, that `services` are provided at `address`.
    pub(super) fn list(
        self,
        peers: &Peers,
        ours: &Path,
        (wire, address): (&str, SocketAddr),
        services: &[&str],
    ) -> Result<Listed> {
        match self {
            Self::File => {
                let folder = peers.file("listed");
                fs::create_dir_all(&folder)?;
                let line = |service: &&str| format!("{wire}://{address}/{service}\n");
                fs::write(
                    folder.join("provider.url"),
                    services.iter().map(line).collect::<String>(),
                )?;
                Ok(Listed { url: format!("file://{}", folder.display()), _names: None })
            }
            Self::Dns => {
                let (at, names) = names(peers, ours)?;
                let port = address.port();
                let url = format!("dns://{at}/provider.test:{port}?protocol={wire}");
                Ok(Listed { url, _names: Some(names) })
            }
        }
    }
}

/// Starts a name server that knows every name, as one of this machine.
pub(crate) fn names(peers: &Peers, ours: &Path) -> Result<(SocketAddr, ServerProcess)> {
    let (at, log) = (free_address()?, peers.log("names"));
    let mut names = Command::new(ours);
    names.args(["names", "--addr", &at.to_string()]);
    Ok((at, ServerProcess::serve(&mut names, at, &log)?))
}
