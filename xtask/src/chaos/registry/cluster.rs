//! Kubernetes, as far as its API server goes: pods, EndpointSlices and what becomes of them are written here in
//! the place of its controllers.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::super::Chaos;
use super::Light;
use super::cases::{CONVERGES_MS, Tell, newcomers};
use super::fleet::{Fleet, Place};
use super::stops::{ROLLED, kill_and_start, roll};
use super::system::Proxy;
use crate::Result;
use crate::peers::Peer;
use crate::process::check;
use crate::registries::{Kind, Level};

pub(super) const CASES: &[(&str, Light)] = &[
    ("away", away),
    ("killed", killed),
    ("holes", holes),
    ("restart", restart),
    ("rolling", rolling),
];

/// The objects of the namespace.
const SERVICES: &str = "/api/v1/namespaces/default/services";
const PODS: &str = "/api/v1/namespaces/default/pods";
const SLICES: &str = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";

/// An API server with its etcd.
struct Cluster<'a> {
    chaos: &'a Chaos,
    /// The application of the case, which is the name of its Service.
    app: String,
    folder: String,
    ports: (u16, u16),
    /// The address of this machine that is no loopback, which EndpointSlices must not have.
    host: IpAddr,
    /// The ports of the providers that are in slices.
    written: Mutex<BTreeSet<u16>>,
}

impl<'a> Cluster<'a> {
    /// Starts it, with the Service of the application of this case.
    fn start(chaos: &'a Chaos, case: &str) -> Result<Self> {
        let socket = UdpSocket::bind(("0.0.0.0", 0))?;
        // Nothing is sent: the route alone is looked up.
        socket.connect(("192.0.2.1", 9))?;
        // etcd has two ports in a row, as Nacos has at this distance.
        let etcd = Kind::Nacos.free_port()? + Kind::Nacos.offset();
        let ports = (Kind::ZooKeeper.free_port()?, etcd);
        let cluster = Self {
            chaos,
            app: format!("{case}-{}", Level::Application.name()),
            folder: format!("{case}-kubernetes"),
            ports,
            host: socket.local_addr()?.ip(),
            written: Mutex::default(),
        };
        cluster.run("start")?;
        let app = &cluster.app;
        let spec = format!(
            r#""clusterIP": "None", "selector": {{"app": "{app}"}}, "ports": [{{"name": "tri", "port": 50051}}]"#
        );
        cluster.put(SERVICES, &object(app, "", &format!(r#""spec": {{{spec}}}"#)))?;
        Ok(cluster)
    }

    fn command(&self, args: &[&str]) -> Command {
        let peers = &self.chaos.peers;
        let mut command = peers.command_in_own_folder(Peer::Kubernetes, &self.folder, args);
        command.env("KUBE_PORT", self.ports.0.to_string());
        command.env("KUBE_ETCD_PORT", self.ports.1.to_string());
        command
    }

    /// Runs a command of the script.
    fn run(&self, what: &str) -> Result<()> {
        check(&mut self.command(&[what]))
    }

    /// Creates an object below a path, or changes that of its name.
    fn put(&self, path: &str, object: &str) -> Result<()> {
        let mut child = self.command(&["put", path]).stdin(Stdio::piped()).spawn()?;
        // Closed at the end of the statement.
        child.stdin.take().ok_or("no standard input")?.write_all(object.as_bytes())?;
        let ended = child.wait()?;
        if ended.success() { Ok(()) } else { Err(format!("cannot write {object}: {ended}").into()) }
    }

    /// The URL of the registry, its server at this port.
    fn url_at(&self, port: u16) -> Result<String> {
        let data = self.chaos.peers.file(&self.folder).join("kube-apiserver/data");
        let text = fs::read_to_string(data.join("kubeconfig"))?;
        let server = |port: u16| format!("https://127.0.0.1:{port}");
        let file: PathBuf = data.join(format!("kubeconfig-{port}"));
        fs::write(&file, text.replace(&server(self.ports.0), &server(port)))?;
        Ok(format!("kubernetes://?kubeconfig={}&context=admin&namespace=default", file.display()))
    }

    fn url(&self) -> Result<String> {
        self.url_at(self.ports.0)
    }

    /// A proxy before the API server.
    fn proxy(&self) -> Result<Proxy> {
        let port = Kind::ZooKeeper.free_port()?;
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Proxy::start(self.chaos, &self.folder, port, at(port), at(self.ports.0))
    }

    /// Two providers and a consumer.
    fn fleet(&self, case: &str, url: &str) -> Result<Fleet<'_>> {
        let level = Level::Application;
        Fleet::start_in(Some(self), self.chaos, level, case, url, 2, &[url])
    }

    /// Writes the slice of a pod: with its endpoint, or empty.
    fn slice(&self, port: u16, there: bool) -> Result<()> {
        let (app, pod) = (&self.app, pod(port));
        let endpoint = format!(
            r#"{{"addresses": ["{}"], "conditions": {{"ready": true, "serving": true}}, "targetRef": {{"kind": "Pod", "namespace": "default", "name": "{pod}"}}}}"#,
            self.host
        );
        let endpoints = if there { &endpoint } else { "" };
        let labels = format!(r#""kubernetes.io/service-name": "{app}""#);
        let rest = format!(
            r#""addressType": "IPv4", "ports": [{{"name": "tri", "port": {port}}}], "endpoints": [{endpoints}]"#
        );
        self.put(SLICES, &object(&pod, &labels, &rest))
    }
}

impl Drop for Cluster<'_> {
    fn drop(&mut self) {
        if let Err(error) = self.run("stop") {
            eprintln!("the API server of {} may still run: {error}", self.folder);
        }
    }
}

/// The name of the pod of the provider at this port.
fn pod(port: u16) -> String {
    format!("chaos-{port}")
}

/// An object in JSON.
fn object(name: &str, labels: &str, rest: &str) -> String {
    format!(r#"{{"metadata": {{"name": "{name}", "labels": {{{labels}}}}}, {rest}}}"#)
}

impl Place for Cluster<'_> {
    fn free_address(&self) -> Result<SocketAddr> {
        Ok(TcpListener::bind((self.host, 0))?.local_addr()?)
    }

    fn hostname(&self, provider: SocketAddr) -> Result<Option<String>> {
        let (app, pod) = (&self.app, pod(provider.port()));
        let labels = format!(r#""app": "{app}", "pod-template-hash": "5c""#);
        let spec = r#""spec": {"containers": [{"name": "main", "image": "chaos:1"}], "nodeName": "node-1"}"#;
        let known = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // A container that starts again in its pod changes nothing here.
        if !known.contains(&provider.port()) {
            self.put(PODS, &object(&pod, &labels, spec))?;
        }
        Ok(Some(pod))
    }

    fn write(&self, providers: &[SocketAddr]) -> Result<()> {
        let now: BTreeSet<u16> = providers.iter().map(SocketAddr::port).collect();
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        for (port, there) in now
            .difference(&written)
            .map(|port| (*port, true))
            .chain(written.difference(&now).map(|port| (*port, false)))
        {
            self.slice(port, there)?;
        }
        *written = now;
        Ok(())
    }
}

/// An API server that is stopped for a while.
fn away(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let away = Duration::from_secs(if chaos.plan.full { 600 } else { 20 });
    let cluster = Cluster::start(chaos, "away")?;
    let mut fleets = [cluster.fleet("away", &cluster.url()?)?];
    cluster.run("server-stop")?;
    thread::sleep(away);
    cluster.run("server-start")?;
    newcomers(&mut fleets, &format!("the API server is away {} s", away.as_secs()), tell)
}

/// An API server that is killed and started again.
fn killed(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let cluster = Cluster::start(chaos, "killed")?;
    let mut fleets = [cluster.fleet("killed", &cluster.url()?)?];
    let rounds = chaos.rounds(3, 20);
    for _ in 0..rounds {
        cluster.run("server-kill")?;
        cluster.run("server-start")?;
    }
    newcomers(&mut fleets, &format!("the API server is killed {rounds} times"), tell)
}

/// A way to the API server that swallows all, and one that is cut.
fn holes(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    /// The time of silence: longer than it takes to find out that nobody answers.
    const HOLE: Duration = Duration::from_secs(25);
    let cluster = Cluster::start(chaos, "holes")?;
    let proxy = cluster.proxy()?;
    let url = cluster.url_at(proxy.port)?;
    let mut fleet = cluster.fleet("holes", &url)?;
    let mut worst = 0;
    for order in [
        "hold",
        "cut",
        "server 100 reset 0 client 900 close 0",
        "server 300 stall 0 client 900 corrupt 255",
    ] {
        proxy.order(order)?;
        if order.starts_with("server") {
            // New connections have the faults.
            proxy.order("cut")?;
        }
        thread::sleep(if order == "hold" { HOLE } else { Duration::from_secs(3) });
        proxy.order("release")?;
        proxy.order("pass")?;
        let (provider, consumer) = fleet.newcomers(&url)?;
        worst = worst.max(provider).max(consumer);
        eprintln!("registry/holes/kubernetes: {order}: at worst {worst} ms so far");
        let mut newcomer = fleet.providers.pop().ok_or("no newcomer")?;
        newcomer.target.signal("TERM")?;
        newcomer.target.ended(Duration::from_secs(20))?;
        fleet.write()?;
    }
    let figures = format!(
        "the way to the API server swallows all for {} s, is cut and breaks; after each newcomers are found and find \
         all in {worst} ms, at most {CONVERGES_MS}",
        HOLE.as_secs()
    );
    let (what, kept) = fleet.verdict(&figures, worst <= CONVERGES_MS, 0);
    tell(fleet.level.name(), what, kept);
    Ok(())
}

fn restart(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let cluster = Cluster::start(chaos, "restart")?;
    let mut fleet = cluster.fleet("restart", &cluster.url()?)?;
    kill_and_start(&mut fleet, chaos.rounds(3, 100), tell)
}

fn rolling(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let cluster = Cluster::start(chaos, "rolling")?;
    let (url, level) = (cluster.url()?, Level::Application);
    let mut fleet = Fleet::start_in(Some(&cluster), chaos, level, "rolling", &url, ROLLED, &[])?;
    roll(chaos, &mut fleet, &url, tell)
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn objects_have_a_name_and_labels() {
        let text = object("a", r#""b": "c""#, r#""d": []"#);
        assert_eq!(text, r#"{"metadata": {"name": "a", "labels": {"b": "c"}}, "d": []}"#);
    }
}
