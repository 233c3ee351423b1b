//! A real Nacos server of one test, run by `tests/peers/nacos.sh`, and the Java peers beside it.

use std::fs::{self, File};
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dubhe_testkit::Folder;

/// A process that ends with this.
pub(crate) struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        // One that has ended already is gone.
        let _ = self.0.kill();
        self.0.wait().unwrap();
    }
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/peers").join(name)
}

/// The generation of a server, whose HTTP interfaces have paths of their own.
#[derive(Clone, Copy)]
pub(crate) enum Generation {
    Two,
    Three,
}

impl Generation {
    /// The number, as the script knows it.
    fn number(self) -> &'static str {
        match self {
            Self::Two => "2",
            Self::Three => "3",
        }
    }

    /// The path that answers 200 as soon as the server serves.
    fn readiness(self) -> &'static str {
        match self {
            Self::Two => "/nacos/v1/ns/operator/metrics",
            Self::Three => "/nacos/v3/admin/core/state/readiness",
        }
    }

    /// The path at which clients without gRPC register an instance.
    fn instances(self) -> &'static str {
        match self {
            Self::Two => "/nacos/v1/ns/instance",
            Self::Three => "/nacos/v3/client/ns/instance",
        }
    }
}

/// A server with its own data, in a folder that goes with it.
pub(crate) struct Server {
    generation: Generation,
    port: u16,
    folder: Folder,
    environment: Vec<(&'static str, String)>,
    /// The certificates that are trusted, of a server whose HTTP is encrypted.
    ca: Option<PathBuf>,
    process: Option<Process>,
}

impl Server {
    /// Starts a server of this generation, and waits until it serves.
    pub(crate) async fn start(generation: Generation) -> Self {
        Self::start_with(generation, None, Vec::new()).await
    }

    /// Starts a server of Nacos 3 that speaks TLS alone, with `cert.pem` and `key.pem` of this folder, of a
    /// certificate for `localhost` that is signed by `ca.pem`.
    pub(crate) async fn start_encrypted(
        files: &Path,
        environment: &[(&'static str, String)],
    ) -> Self {
        let mut environment = environment.to_vec();
        environment.push(("NACOS_TLS", files.display().to_string()));
        environment.push(("NACOS_HTTPS", "true".to_owned()));
        Self::start_with(Generation::Three, Some(files.join("ca.pem")), environment).await
    }

    async fn start_with(
        generation: Generation,
        ca: Option<PathBuf>,
        environment: Vec<(&'static str, String)>,
    ) -> Self {
        let (port, folder) = (free_port(), Folder::new().unwrap());
        let mut server = Self { generation, port, folder, environment, ca, process: None };
        server.run().await;
        server
    }

    /// Runs the server, with what it stored before, and waits until it serves.
    pub(crate) async fn run(&mut self) {
        // Its database gives up on a machine that is busy.
        for _ in 0..3 {
            if self.try_run().await {
                return;
            }
        }
        panic!("nacos does not serve: {}", tail(&self.log()));
    }

    async fn try_run(&mut self) -> bool {
        let mut command = Command::new(script("nacos.sh"));
        command.args(["serve", &self.port.to_string()]).env("NACOS_HEAP", "320m");
        command.env("NACOS_GENERATION", self.generation.number());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        let mut process = self.spawn(command, &self.log());
        for _ in 0..1800 {
            let ready = self.ask("GET", self.generation.readiness(), "");
            if ready.is_some_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                self.process = Some(process);
                return true;
            }
            if process.0.try_wait().unwrap().is_some() {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        false
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join("log")
    }

    fn spawn(&self, mut command: Command, log: &Path) -> Process {
        let log = File::options().create(true).append(true).open(log).unwrap();
        command
            .env("PEERS_RUN", self.folder.path())
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        Process(command.spawn().unwrap_or_else(|error| panic!("cannot run {command:?}: {error}")))
    }

    /// Kills the server (SIGKILL); its data stays.
    pub(crate) fn kill(&mut self) {
        self.process = None;
    }

    /// The registry URL with these parameters.
    pub(crate) fn url(&self, parameters: &str) -> String {
        format!("nacos://127.0.0.1:{}?{parameters}", self.port)
    }

    /// Sends a request to its HTTP interface and returns the answer.
    pub(crate) fn http(&self, method: &str, target: &str, form: &str) -> String {
        self.ask(method, target, form).expect("nacos answers")
    }

    /// Registers an instance over HTTP, as a client without gRPC does.
    pub(crate) fn register_by_http(&self, form: &str) {
        let answer = self.http("POST", self.generation.instances(), form);
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }

    fn ask(&self, method: &str, target: &str, form: &str) -> Option<String> {
        match &self.ca {
            None => http(self.port, method, target, form),
            Some(ca) => https(ca, self.port, method, target, form),
        }
    }

    /// Starts a Dubbo Java provider that registers by this URL, with its metadata in the metadata centre
    /// (`metadata-type=remote`), and waits until it says it is ready.
    pub(crate) async fn java_provider(&self, url: &str) -> (Process, u16) {
        let port = free_port();
        let log = self.folder.path().join("java");
        let mut command = Command::new(script("java-dubbo.sh"));
        command.args(["serve", "dubbo", &port.to_string()]).env("REGISTRY", url);
        command.env("PROVIDER_OPTS", "-Ddubbo.application.metadata-type=remote");
        let provider = self.spawn(command, &log);
        for _ in 0..2400 {
            if fs::read_to_string(&log).unwrap().contains("PROVIDER READY") {
                return (provider, port);
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        panic!("the java provider is not ready: {}", tail(&log));
    }

    /// Runs the consumer of Dubbo Java against a registry and returns its last line.
    pub(crate) async fn java_consumer(&self, url: &str, migration: &str) -> String {
        let mut command = Command::new(script("java-dubbo.sh"));
        command
            .args(["consume", &format!("-Dregistry={url}"), "-Dprotocol=dubbo", "-Dmode=calls"])
            .args(["-Donly=echoUser"])
            .arg(format!("-Ddubbo.application.service-discovery.migration={migration}"))
            .env("PEERS_RUN", self.folder.path());
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        text.lines().last().unwrap_or_default().to_owned()
    }
}

fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.chars().skip(text.chars().count().saturating_sub(2000)).collect()
}

/// A port with three others of Nacos: 1000 below, and 1000 and 1001 above.
fn free_port() -> u16 {
    loop {
        let at = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let port = at(0).unwrap().local_addr().unwrap().port();
        let others = [port.checked_sub(1000), port.checked_add(1000), port.checked_add(1001)];
        if others.iter().all(|other| other.is_some_and(|other| at(other).is_ok())) {
            return port;
        }
    }
}

fn http(port: u16, method: &str, target: &str, form: &str) -> Option<String> {
    let ask = || {
        let mut stream = TcpStream::connect(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        write!(
            stream,
            "{method} {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
             content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\n{form}",
            form.len()
        )?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        std::io::Result::Ok(answer)
    };
    ask().ok()
}

/// Sends such a request over TLS.
fn https(ca: &Path, port: u16, method: &str, target: &str, form: &str) -> Option<String> {
    let mut command = Command::new("curl");
    command.args(["--silent", "--include", "--max-time", "10", "--request", method, "--cacert"]);
    command.arg(ca).args(["--resolve", &format!("localhost:{port}:127.0.0.1")]);
    if !form.is_empty() {
        command.args(["--data", form]);
    }
    let output = command.arg(format!("https://localhost:{port}{target}")).output().unwrap();
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}
