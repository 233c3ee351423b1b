//! The time from the registration of a provider to the first call of it, on every registry.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::json;

use super::registry::{figures, number, program};
use super::{Bench, check_goal};
use crate::Result;
use crate::api_server::{ApiServer, own_address};
use crate::peers::{Peer, Peers};
use crate::process::{ServerProcess, check, free_address};
use crate::registries::{Kind, Level, wait_until_it_serves};
use crate::table;
use crate::tally::Tally;

/// The time from a registration to the first call, at most.
const FIRST_MS: f64 = 1000.0;
/// The poll of a folder, which comes on top.
const POLL_MS: f64 = 1000.0;
/// The lifetime of a record in DNS, which comes on top.
const TTL_MS: f64 = 5000.0;
/// The application of the provider.
const PROVIDER: &str = "bench-provider";
/// The pod that it runs in.
const POD: &str = "bench-1";

/// The rows of the table, and their goals.
struct Rows<'a> {
    rows: Vec<Vec<String>>,
    tally: &'a mut Tally,
}

impl Rows<'_> {
    /// Runs the program with these arguments, for a row of this name.
    fn measure(&mut self, name: &str, command: &mut Command, bound: f64) -> Result<()> {
        let all = figures(command)?;
        let (median, longest) = (number(&all, "median_ms")?, number(&all, "longest_ms")?);
        let what = format!("median {median:.0} ms, longest {longest:.0} ms, at most {bound}");
        check_goal(self.tally, &format!("registry/first-call/{name}"), &what, longest <= bound);
        self.rows.push(vec![name.to_owned(), format!("{median:.0}"), format!("{longest:.0}")]);
        Ok(())
    }

    fn skip(&mut self, name: &str, how: &str) {
        self.tally.skip(&format!("bench/registry/first-call/{name}"), how);
    }
}

pub(super) fn run(bench: &Bench, tally: &mut Tally) -> Result<()> {
    let mut rows = Rows { rows: Vec::new(), tally };
    let folder = bench.peers.file("registry-folder");
    fs::create_dir_all(&folder)?;
    let url = format!("file://{}", folder.display());
    rows.measure("file", first().args(["--url", &url]), POLL_MS + FIRST_MS)?;
    let (server, provider) = (free_address()?.to_string(), free_address()?.to_string());
    rows.measure(
        "dns",
        first().args(["--dns", &server, "--listen", &provider]),
        TTL_MS + FIRST_MS,
    )?;
    for kind in Kind::ALL {
        let peer = kind.peer();
        if let Some(how) = peer.missing() {
            rows.skip(&kind.to_string(), how);
            continue;
        }
        check(&mut bench.peers.command(peer, &["prepare"]))?;
        let port = kind.free_port()?;
        let address = SocketAddr::from(([127, 0, 0, 1], port));
        let name = kind.to_string();
        let mut command = bench.peers.command_in_own_folder(peer, &name, &kind.serve(port)?);
        let _process = ServerProcess::serve(&mut command, address, &bench.peers.log(&name))?;
        wait_until_it_serves(kind, address)?;
        for level in Level::EACH {
            let url = format!("{kind}://{address}?{}", level.parameters());
            let name = format!("{kind}/{}", level.name());
            rows.measure(&name, first().args(["--url", &url]), FIRST_MS)?;
        }
    }
    match Peer::Kubernetes.missing() {
        Some(how) => rows.skip("kubernetes", how),
        None => kubernetes(bench, &mut rows)?,
    }
    let header = ["", "median", "longest"];
    table::print("registry: from a registration to the first call, ms", &header, &rows.rows);
    Ok(())
}

fn first() -> Command {
    let mut command = Command::new(program());
    command.arg("first");
    command
}

/// Kubernetes: readiness is what others write, here the administrator in place of the controllers.
fn kubernetes(bench: &Bench, rows: &mut Rows<'_>) -> Result<()> {
    check(&mut bench.peers.command(Peer::Kubernetes, &["prepare"]))?;
    let server = ApiServer::start(&bench.peers, "kubernetes")?;
    let port = free_address()?.port();
    let labels = json!({"app": PROVIDER, "pod-template-hash": "5c"});
    server.put(
        "/api/v1/namespaces/default/services",
        &json!({
            "metadata": {"name": PROVIDER},
            "spec": {"clusterIP": "None", "selector": {"app": PROVIDER}, "ports": [{"name": "dubbo", "port": port}]},
        }),
    )?;
    server.put(
        "/api/v1/namespaces/default/pods",
        &json!({
            "metadata": {"name": POD, "labels": labels},
            "spec": {"containers": [{"name": "main", "image": "bench:1"}], "nodeName": "node-1"},
        }),
    )?;
    let [announce, withdraw] = [true, false].map(|ready| slice(&server, &bench.peers, port, ready));
    let url = format!(
        "kubernetes://?kubeconfig={}&context=admin&namespace=default",
        server.kubeconfig().display()
    );
    let listen = format!("0.0.0.0:{port}");
    let mut command = first();
    command.args(["--url", &url, "--listen", &listen]);
    command.args(["--announce", &announce?, "--withdraw", &withdraw?]).env("HOSTNAME", POD);
    rows.measure("kubernetes", &mut command, FIRST_MS)
}

/// The shell command that writes the slice of the pod.
fn slice(server: &ApiServer<'_>, peers: &Peers, port: u16, ready: bool) -> Result<String> {
    let object = json!({
        "metadata": {"name": POD, "labels": {"kubernetes.io/service-name": PROVIDER}},
        "addressType": "IPv4",
        "ports": [{"name": "dubbo", "port": port}],
        "endpoints": [{
            "addresses": [own_address()?.to_string()],
            "conditions": {"ready": ready, "serving": ready},
            "targetRef": {"kind": "Pod", "namespace": "default", "name": POD},
        }],
    });
    let file = peers.file(&format!("slice-{ready}.json"));
    fs::write(&file, object.to_string())?;
    let path = "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices";
    let command = server.command(&["put", path]);
    let variables = command.get_envs().filter_map(|(name, value)| Some((name, value?)));
    let variables =
        variables.map(|(name, value)| format!("{}={} ", name.display(), quoted(Path::new(value))));
    let variables: String = variables.collect();
    let program = quoted(Path::new(command.get_program()));
    Ok(format!("{variables}{program} put {path} <{}", quoted(&file)))
}

/// The path for a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', "'\\''"))
}
