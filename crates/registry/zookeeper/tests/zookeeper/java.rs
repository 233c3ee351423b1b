//! Applications of Dubbo Java 3.3.6, in both directions.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use dubhe_core::ServiceKey;
use dubhe_core::documents::{DocumentKey, DocumentStore};
use dubhe_core::endpoint::{Instance, Offer};
use dubhe_core::metadata_info::{MetadataInfo, ServiceInfo};
use dubhe_core::time::Duration;
use dubhe_registry::application::{
    MetadataStorage, ServiceDiscovery, ServiceInstance, metadata_info,
};

use super::discovery::until;
use super::registry;
use super::server::Server;

const GREET: &str = "peer.api.GreetService";

fn script() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/peers/java-dubbo.sh")
}

/// A provider of Dubbo Java, killed when it is dropped.
struct Provider {
    process: Child,
    port: u16,
}

impl Drop for Provider {
    fn drop(&mut self) {
        // One that has ended is no matter.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Provider {
    /// Starts one that registers its instance under the group `java`, and waits until it is ready.
    async fn start(server: &Server) -> Self {
        let port = Server::reserve().address().port();
        let log = server.folder().join("java.log");
        let out = File::create(&log).unwrap();
        let mut process = Command::new(script())
            .args(["serve", "dubbo", &port.to_string()])
            .env("PEERS_RUN", server.folder())
            .env("REGISTRY", format!("zookeeper://{}?group=java", server.address()))
            .env("PROVIDER_OPTS", "-Ddubbo.application.register-mode=instance -Xmx160m")
            .stdin(Stdio::null())
            .stdout(out.try_clone().unwrap())
            .stderr(out)
            .spawn()
            .unwrap();
        for _ in 0..1200 {
            let text = fs::read_to_string(&log).unwrap();
            if text.contains("PROVIDER READY") {
                return Self { process, port };
            }
            assert!(process.try_wait().unwrap().is_none(), "the provider ended: {text}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let _ = process.kill();
        panic!("the provider is not ready: {}", fs::read_to_string(&log).unwrap());
    }
}

#[tokio::test]
async fn instances_and_documents_are_shared_with_java() {
    let server = Server::start().await;
    let java = Provider::start(&server).await;

    // What Java wrote: the mapping names the application, whose instance is at its port.
    let theirs = registry(&server, "group=java");
    let mapping = DocumentKey::Mapping { interface: GREET.into() };
    let application = theirs.documents().get(&mapping).await.unwrap().unwrap().text;
    assert_eq!(application, "java-dubbo-dubbo");
    assert_eq!(theirs.discovery().applications().await.unwrap(), ["java-dubbo-dubbo"]);
    let mut instances = theirs.discovery().subscribe(&application).await.unwrap();
    let read = until(&mut instances, |now| !now.instances.is_empty()).await.instances.remove(0);
    assert_eq!(read.address(), format!("127.0.0.1:{}", java.port));
    assert_eq!(read.endpoints(), [Offer { protocol: "dubbo".into(), port: java.port }]);
    assert_eq!(read.storage(), MetadataStorage::Local);
    assert!(read.revision().is_some());
    let listed = theirs.documents().list().await.unwrap();
    let definition = DocumentKey::Definition {
        service: ServiceKey::interface_only(GREET),
        side: dubhe_core::documents::Side::Provider,
        application: application.clone(),
    };
    assert!(listed.contains(&mapping) && listed.contains(&definition), "{listed:?}");
    assert!(theirs.documents().get(&definition).await.unwrap().unwrap().text.contains(GREET));

    // What we write of the same server, as an application of our own: a consumer of Java finds it by
    // our mapping, our instance and our metadata alone.
    let ours = registry(&server, "");
    let (params, application) = (consumed_params(), "ours");
    let service = ServiceInfo {
        service: ServiceKey::interface_only(GREET),
        protocol: "dubbo".into(),
        port: java.port,
        path: GREET.into(),
        params,
    };
    let mut info = MetadataInfo { application: application.into(), ..MetadataInfo::default() };
    info.services.insert(service.match_key().into(), service);
    info.revision = metadata_info::revision(&info).into();
    let metadata =
        DocumentKey::Metadata { application: application.into(), revision: info.revision.clone() };
    let documents = ours.documents();
    documents.put(&metadata, metadata_info::to_json(&info).into()).await.unwrap();
    assert!(documents.replace(&mapping, application.into(), None).await.unwrap());
    let mut instance = Instance {
        host: "127.0.0.1".into(),
        application: application.into(),
        ..Instance::default()
    };
    let endpoint = Offer { protocol: "dubbo".into(), port: java.port };
    ServiceInstance::describe(&mut instance, &[endpoint], &info.revision, MetadataStorage::Remote);
    let registered = ServiceInstance { instance: Arc::new(instance), port: java.port };
    ours.discovery().register(registered).await.unwrap();

    let address = server.address();
    let consumer = server.folder().join("consumer");
    fs::create_dir_all(&consumer).unwrap();
    let output = tokio::task::spawn_blocking(move || {
        Command::new(script())
            .args(["consume", "-Xmx160m", "-Donly=echoUser", "-Dprotocol=dubbo"])
            .arg(format!("-Dregistry=zookeeper://{address}"))
            .arg("-Ddubbo.application.service-discovery.migration=FORCE_APPLICATION")
            .arg("-Ddubbo.application.metadata-type=remote")
            .env("PEERS_RUN", consumer)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    });
    let output = output.await.unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{errors}");
    assert!(text.contains("PASS echoUser") && text.contains(" 0 failed"), "{text}");
}

/// The parameters of the service that a consumer of Java looks at.
fn consumed_params() -> BTreeMap<dubhe_core::ByteString, dubhe_core::ByteString> {
    let params = [
        ("application", "ours"),
        ("dubbo", "2.0.2"),
        ("interface", GREET),
        ("prefer.serialization", "hessian2"),
        ("release", "3.3.6"),
        ("side", "provider"),
    ];
    params.map(|(name, value)| (name.into(), value.into())).into()
}
