//! Kubernetes, as far as its API server goes: pods, EndpointSlices and what becomes of them are written here in
//! the place of its controllers.

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::super::Chaos;
use super::Light;
use super::cases::{CONVERGES_MS, Tell, newcomers};
use super::fleet::{Fleet, Place};
use super::stops::{ROLLED, kill_and_start, roll};
use super::system::Proxy;
use crate::Result;
use crate::api_server::{ApiServer, own_address};
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

/// An API server and what stands in it.
struct Cluster<'a> {
    chaos: &'a Chaos,
    server: ApiServer<'a>,
    /// The application of the case, which is the name of its Service.
    app: String,
    folder: String,
    /// The address of this machine that is no loopback, which EndpointSlices must not have.
    host: IpAddr,
    /// The ports of the providers that are in slices.
    written: Mutex<BTreeSet<u16>>,
}

impl<'a> Cluster<'a> {
    /// Starts it, with the Service of the application of this case.
    fn start(chaos: &'a Chaos, case: &str) -> Result<Self> {
        let (app, folder) =
            (format!("{case}-{}", Level::Application.name()), format!("{case}-kubernetes"));
        let server = ApiServer::start(&chaos.peers, &folder)?;
        let ports = json!([{"name": "tri", "port": 50051}]);
        server.put(
            SERVICES,
            &json!({
                "metadata": {"name": app},
                "spec": {"clusterIP": "None", "selector": {"app": app}, "ports": ports},
            }),
        )?;
        Ok(Self { chaos, server, app, folder, host: own_address()?, written: Mutex::default() })
    }

    /// The URL of the registry, its server at this port.
    fn url_at(&self, port: u16) -> Result<String> {
        let known = self.server.kubeconfig();
        let address = |port: u16| format!("https://127.0.0.1:{port}");
        let text = fs::read_to_string(known)?;
        let file = known.with_file_name(format!("kubeconfig-{port}"));
        fs::write(&file, text.replace(&address(self.server.port()), &address(port)))?;
        Ok(format!("kubernetes://?kubeconfig={}&context=admin&namespace=default", file.display()))
    }

    fn url(&self) -> Result<String> {
        self.url_at(self.server.port())
    }

    /// A proxy before the API server.
    fn proxy(&self) -> Result<Proxy> {
        let port = Kind::ZooKeeper.free_port()?;
        let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
        Proxy::start(self.chaos, &self.folder, port, at(port), at(self.server.port()))
    }

    /// Two providers and a consumer.
    fn fleet(&self, case: &str, url: &str) -> Result<Fleet<'_>> {
        let level = Level::Application;
        Fleet::start_in(Some(self), self.chaos, level, case, url, 2, &[url])
    }

    /// Writes the slice of a pod: with its endpoint, or empty.
    fn slice(&self, port: u16, there: bool) -> Result<()> {
        let (app, pod) = (&self.app, pod(port));
        let endpoint = json!({
            "addresses": [self.host.to_string()],
            "conditions": {"ready": true, "serving": true},
            "targetRef": {"kind": "Pod", "namespace": "default", "name": pod},
        });
        let endpoints: Vec<Value> = there.then_some(endpoint).into_iter().collect();
        self.server.put(
            SLICES,
            &json!({
                "metadata": {"name": pod, "labels": {"kubernetes.io/service-name": app}},
                "addressType": "IPv4",
                "ports": [{"name": "tri", "port": port}],
                "endpoints": endpoints,
            }),
        )
    }
}

/// The name of the pod of the provider at this port.
fn pod(port: u16) -> String {
    format!("chaos-{port}")
}

impl Place for Cluster<'_> {
    fn free_address(&self) -> Result<SocketAddr> {
        Ok(TcpListener::bind((self.host, 0))?.local_addr()?)
    }

    fn hostname(&self, provider: SocketAddr) -> Result<Option<String>> {
        let (app, pod) = (&self.app, pod(provider.port()));
        let known = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        // A container that starts again in its pod changes nothing here.
        if !known.contains(&provider.port()) {
            let labels = json!({"app": app, "pod-template-hash": "5c"});
            let containers = json!([{"name": "main", "image": "chaos:1"}]);
            self.server.put(
                PODS,
                &json!({
                    "metadata": {"name": pod, "labels": labels},
                    "spec": {"containers": containers, "nodeName": "node-1"},
                }),
            )?;
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
    cluster.server.run("server-stop")?;
    thread::sleep(away);
    cluster.server.run("server-start")?;
    newcomers(&mut fleets, &format!("the API server is away {} s", away.as_secs()), tell)
}

/// An API server that is killed and started again.
fn killed(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let cluster = Cluster::start(chaos, "killed")?;
    let mut fleets = [cluster.fleet("killed", &cluster.url()?)?];
    let rounds = chaos.rounds(3, 20);
    for _ in 0..rounds {
        cluster.server.run("server-kill")?;
        cluster.server.run("server-start")?;
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
