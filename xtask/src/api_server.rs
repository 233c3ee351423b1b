//! An API server of Kubernetes, for programs that are given its kubeconfig.

use std::fs;
use std::net::{IpAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::Result;
use crate::peers::{Peer, Peers};
use crate::process::{check, free_address};
use crate::registries::Kind;

/// An API server with its own etcd, stopped with it.
pub(crate) struct ApiServer<'a> {
    peers: &'a Peers,
    folder: String,
    ports: [u16; 2],
    kubeconfig: PathBuf,
}

impl<'a> ApiServer<'a> {
    /// Builds it, if need be, starts it in a folder of its own and waits until it serves.
    pub(crate) fn start(peers: &'a Peers, folder: &str) -> Result<Self> {
        let kubeconfig = peers.file(folder).join("kube-apiserver/data/kubeconfig");
        let ports = [free_address()?.port(), Kind::Etcd.free_port()?];
        let server = Self { peers, folder: folder.to_owned(), ports, kubeconfig };
        server.run("start")?;
        Ok(server)
    }

    /// The file that names it, with the context of the administrator and the namespace `default`.
    pub(crate) fn kubeconfig(&self) -> &Path {
        &self.kubeconfig
    }

    /// The port of HTTPS.
    pub(crate) fn port(&self) -> u16 {
        self.ports[0]
    }

    /// A command of its script.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = self.peers.command_in_own_folder(Peer::Kubernetes, &self.folder, args);
        let [port, etcd] = self.ports;
        command.env("KUBE_PORT", port.to_string()).env("KUBE_ETCD_PORT", etcd.to_string());
        command
    }

    /// Runs a command of the script.
    pub(crate) fn run(&self, what: &str) -> Result<()> {
        check(&mut self.command(&[what]))
    }

    /// Writes an object below a path of the API.
    pub(crate) fn put(&self, path: &str, object: &Value) -> Result<()> {
        let file = self.peers.file(&self.folder).join("object.json");
        fs::write(&file, object.to_string())?;
        // The command takes it from its standard input.
        let done = self.command(&["put", path]).stdin(fs::File::open(&file)?).status()?;
        if done.success() { Ok(()) } else { Err(format!("{path}: {done}: {object}").into()) }
    }
}

impl Drop for ApiServer<'_> {
    fn drop(&mut self) {
        let stopped = self.command(&["stop"]).stdout(Stdio::null()).status();
        if !stopped.is_ok_and(|status| status.success()) {
            eprintln!("the API server at port {} may still run", self.port());
        }
    }
}

/// An address of this machine that is no loopback, which slices may not have.
pub(crate) fn own_address() -> Result<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    // Nothing is sent: the route alone is looked up.
    socket.connect("192.0.2.1:9")?;
    Ok(socket.local_addr()?.ip())
}
