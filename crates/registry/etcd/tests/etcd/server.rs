//! A real etcd server of one test, run by `tests/peers/etcd.sh`.

use std::fs::{self, File};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dubhe_testkit::{Folder, http1, wait_until};

/// A script of `tests/peers`.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/peers").join(name)
}

/// A free address.
pub(crate) fn free_address() -> SocketAddr {
    TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap()
}

/// A server with its own data, in a folder that goes with it.
pub(crate) struct Server {
    address: SocketAddr,
    /// The address for other members.
    peer: SocketAddr,
    pub(crate) folder: Folder,
    /// More of its environment.
    environment: Vec<(&'static str, String)>,
    process: Option<Child>,
}

impl Server {
    /// Chooses an address and starts nothing yet.
    pub(crate) fn reserve() -> Self {
        let folder = Folder::new().unwrap();
        let (address, peer) = (free_address(), free_address());
        Self { address, peer, folder, environment: Vec::new(), process: None }
    }

    /// Starts a server and waits until it serves.
    pub(crate) async fn start() -> Self {
        Self::start_with(Vec::new()).await
    }

    /// Starts a server with this environment and waits until it serves.
    pub(crate) async fn start_with(environment: Vec<(&'static str, String)>) -> Self {
        let mut server = Self::reserve();
        server.environment = environment;
        server.run().await;
        server
    }

    /// Runs the server, with what it stored before, and waits until it serves.
    pub(crate) async fn run(&mut self) {
        let log = self.folder.path().join("log");
        let out = File::options().create(true).append(true).open(&log).unwrap();
        let script = script("etcd.sh");
        let process = Command::new(&script)
            .args(["serve", &self.address.port().to_string(), &self.peer.port().to_string()])
            .env("PEERS_RUN", self.folder.path())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
        let process = self.process.insert(process);
        let (address, tls) = (self.address, self.environment.iter().any(|(n, _)| *n == "ETCD_TLS"));
        wait_until("etcd serves", || {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("etcd ended with {status}: {}", fs::read_to_string(&log).unwrap());
            }
            if tls {
                return TcpStream::connect(address).is_ok();
            }
            let health = http1::request(address, "GET /health", &[], "");
            health.is_ok_and(|answer| answer.status == 200)
        })
        .await;
    }

    /// Kills the server (SIGKILL); its data stays.
    pub(crate) fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// Takes all that a server that does not run has stored.
    pub(crate) fn wipe(&self) {
        fs::remove_dir_all(self.folder.path().join("etcd/data")).unwrap();
    }

    /// Posts a request to its HTTP gateway.
    pub(crate) fn post(&self, path: &str, body: &str) -> String {
        let answer = http1::request(self.address, &format!("POST {path}"), &[], body).unwrap();
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.body
    }

    /// The registry URL with these parameters; a lease of 3 s.
    pub(crate) fn url(&self, parameters: &str) -> String {
        format!("etcd://{}?session=3000&{parameters}", self.address)
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
