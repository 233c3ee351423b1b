//! A real ZooKeeper server of one test, run by `tests/peers/zookeeper.sh`.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dubhe_testkit::wait_until;

/// A server with its own data, in a folder that goes with it. Sessions last 0.4 s to 4 s.
pub(crate) struct Server {
    address: SocketAddr,
    folder: PathBuf,
    process: Option<Child>,
}

impl Server {
    /// Chooses an address and starts nothing yet.
    pub(crate) fn reserve() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let name = format!("dubhe-zookeeper-{}-{}", std::process::id(), address.port());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self { address, folder, process: None }
    }

    /// Starts a server and waits until it serves.
    pub(crate) async fn start() -> Self {
        let mut server = Self::reserve();
        server.run().await;
        server
    }

    /// The folder of the server, in which a test may write, too.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Adds lines to the configuration that the server is run with.
    pub(crate) fn configure(&self, lines: &str) {
        fs::write(self.folder.join("more.cfg"), lines).unwrap();
    }

    /// Runs the server, with what it stored before, and waits until it serves.
    pub(crate) async fn run(&mut self) {
        let script =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/peers/zookeeper.sh");
        let log = File::options().create(true).append(true).open(self.folder.join("log")).unwrap();
        let process = Command::new(&script)
            .args(["serve", &self.address.port().to_string()])
            .env("PEERS_RUN", &self.folder)
            .env("ZK_TICK", "200")
            .envs(
                Some(self.folder.join("more.cfg"))
                    .filter(|more| more.exists())
                    .map(|more| ("ZK_CONFIG", more)),
            )
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot run {}: {error}", script.display()));
        let process = self.process.insert(process);
        let (address, log) = (self.address, self.folder.join("log"));
        wait_until("zookeeper serves", || {
            if let Some(status) = process.try_wait().unwrap() {
                panic!("zookeeper ended with {status}: {}", fs::read_to_string(&log).unwrap());
            }
            serves(address)
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
        fs::remove_dir_all(self.folder.join("zookeeper/data")).unwrap();
    }

    /// Stops the server where it is, or lets it go on, without its connections noticing.
    pub(crate) fn freeze(&self, frozen: bool) {
        let process = self.process.as_ref().unwrap().id().to_string();
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &process]).status().unwrap().success());
    }

    /// The registry URL with these parameters; sessions as short as they may be for a slow machine.
    pub(crate) fn url(&self, parameters: &str) -> String {
        format!("zookeeper://{}?session=3000&{parameters}", self.address)
    }

    /// The address that it listens on.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        // A folder that stays behind is in nobody's way.
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// The four-letter word `srvr` is answered in full once requests are served.
fn serves(address: SocketAddr) -> bool {
    let ask = || {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"srvr")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer.contains("Mode: standalone"))
    };
    ask().unwrap_or(false)
}
