//! Registries as sources: what providers answer that published no definition.

use std::net::SocketAddr;
use std::sync::Arc;

use dubhe::prelude::*;
use dubhe::registry::{
    ExportedMetadata, MetadataInfo, Registering, Registration, Registry, Snapshots, fixed,
};
use dubhe::{ByteString, RunningServer};
use tokio::runtime::Runtime;

use super::Project;

/// The status of a command that failed.
const FAILED: i32 = 1;

#[dubhe::interface("org.example.Guide", version = "1.0.0")]
trait Guide {
    async fn name(&self, prefix: String) -> Result<String, Status>;
}

struct Named;

impl Guide for Named {
    async fn name(&self, prefix: String) -> Result<String, Status> {
        Ok(prefix)
    }
}

/// A registry of application level, for which a server has a `MetadataService`. It publishes no definition.
#[derive(Clone)]
struct Instances;

impl Registry for Instances {
    fn register(&self, _: Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn unregister(&self, _: &Registration) -> Registering<'_, ()> {
        Box::pin(async { Ok(()) })
    }

    fn subscribe(&self, _: &ServiceKey) -> Registering<'_, Snapshots> {
        Box::pin(async { Ok(fixed(Vec::new())) })
    }

    fn exported_metadata(&self) -> Option<Arc<dyn ExportedMetadata>> {
        Some(Arc::new(Self))
    }
}

impl ExportedMetadata for Instances {
    fn application(&self) -> ByteString {
        "shop".into()
    }

    fn metadata(&self, _: &str) -> Option<Arc<MetadataInfo>> {
        None
    }
}

/// The part of Dubbo Java's interface that is asked.
#[dubhe::interface("org.apache.dubbo.metadata.MetadataService", version = "1.0.0")]
trait Metadata {
    async fn get_service_definition(&self, key: String) -> Result<String, Status>;
}

/// The answer of Dubbo Java 3.3.6 without a metadata centre.
struct Empty;

impl Metadata for Empty {
    async fn get_service_definition(&self, key: String) -> Result<String, Status> {
        assert_eq!(key, "org.example.Guide:1.0.0");
        Ok(String::new())
    }
}

/// A project with a registry in which these providers of the interface are.
fn project(providers: &[(&str, SocketAddr, &str)]) -> (Project, String) {
    let project = Project::new();
    let lines = providers.iter().map(|(protocol, address, application)| {
        format!(
            "{protocol}://{address}/org.example.Guide?application={application}&version=1.0.0\n"
        )
    });
    project.write("registry/a.url", lines.collect::<String>());
    let url = format!("file://{}", project.path("registry").display());
    (project, url)
}

fn start(runtime: &Runtime, server: dubhe::ServerBuilder) -> RunningServer {
    runtime.block_on(server.start("127.0.0.1:0")).unwrap()
}

#[test]
fn a_provider_that_published_nothing_is_asked() {
    let runtime = Runtime::new().unwrap();
    let server = Server::builder().application("shop").registry(Instances);
    let server = start(&runtime, server.service(GuideServer::new(Named)));
    for protocol in ["dubbo", "tri"] {
        let (project, url) = project(&[(protocol, server.addr(), "shop")]);
        let said = project.ok(&format!("{url} --interface org.example.*"));
        assert!(said.ends_with("2 written, 0 removed, 0 unchanged, 0 notes\n"), "{said}");
        let guide = project.read("src/api/guide.rs");
        let place = format!("from `shop at {protocol}://{}`", server.addr());
        assert!(guide.contains(&place), "{guide}");
        assert!(guide.contains("#[dubhe::interface(\"org.example.Guide\", version = \"1.0.0\")]"));
        assert!(guide.contains("async fn name(&self, arg0: String)"), "{guide}");
    }
}

#[test]
fn a_service_with_a_group_and_version_is_asked_for_under_those_of_the_one_that_tells() {
    let runtime = Runtime::new().unwrap();
    let server = Server::builder().application("shop").registry(Instances);
    let guide = Export::new(GuideServer::new(Named)).group("blue").version("2.0.0");
    let server = start(&runtime, server.service(guide));
    let project = Project::new();
    let line = format!(
        "dubbo://{}/org.example.Guide?application=shop&group=blue&version=2.0.0\n",
        server.addr()
    );
    project.write("registry/a.url", line);
    let said = project.ok(&format!("file://{}", project.path("registry").display()));
    assert!(said.ends_with("2 written, 0 removed, 0 unchanged, 0 notes\n"), "{said}");
    let guide = project.read("src/api/guide.rs");
    let attribute =
        "#[dubhe::interface(\"org.example.Guide\", version = \"2.0.0\", group = \"blue\")]";
    assert!(guide.contains(attribute), "{guide}");
}

#[test]
fn an_empty_answer_says_what_to_do() {
    let runtime = Runtime::new().unwrap();
    let empty = Export::new(MetadataServer::new(Empty)).group("old");
    let server = start(&runtime, Server::builder().application("old").service(empty));
    let (project, url) =
        project(&[("dubbo", server.addr(), "old"), ("rest", server.addr(), "old")]);
    let refused = project.generate(&url);
    assert_eq!((refused.code, &*refused.out), (FAILED, ""), "{}", refused.err);
    for part in [
        "note: org.example.Guide:1.0.0: the metadata centre has no definition of it, and old at dubbo://",
        "answers getServiceDefinition with an empty text, as Dubbo Java 3 does without a metadata centre",
        "generate from the jar of its interface, or let providers publish definitions",
        "dubbo.metadata-report.address",
        "there is nothing to write code of",
    ] {
        assert!(refused.err.contains(part), "{part}: {}", refused.err);
    }
}

#[test]
fn a_provider_without_the_service_is_told() {
    let runtime = Runtime::new().unwrap();
    let server = start(&runtime, Server::builder().service(GuideServer::new(Named)));
    let (project, url) = project(&[("dubbo", server.addr(), "shop")]);
    let refused = project.generate(&url);
    assert_eq!(refused.code, FAILED);
    assert!(refused.err.contains("does not tell it: "), "{}", refused.err);
    // Who asks for another version, asks nobody.
    let refused = project.generate(&format!("{url} --version 2.0.0"));
    assert!(refused.err.contains("no provider published a definition"), "{}", refused.err);
}
