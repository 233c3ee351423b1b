//! Health and reflection of a server, over a socket.
use std::time::Duration;

use dubhe::registry::Memory;
use dubhe::{App, Code, RunningServer, Server, ServerOptions, ServiceKey, Status, Stub};
use dubhe_core::registry::Registry as _;
use dubhe_protobuf::prost::Message as _;
use dubhe_protobuf::{Request, Response, Streaming};
use dubhe_stubs::Speaker;
use dubhe_stubs::built_in::grpc::health::v1::health_check_response::ServingStatus;
use dubhe_stubs::built_in::grpc::health::v1::{
    Health, HealthCheckRequest, HealthCheckResponse, HealthClient, HealthListRequest,
    HealthListResponse, HealthServer,
};
use dubhe_stubs::built_in::grpc::reflection::v1::server_reflection_request::MessageRequest;
use dubhe_stubs::built_in::grpc::reflection::v1::server_reflection_response::MessageResponse;
use dubhe_stubs::built_in::grpc::reflection::v1::{
    ExtensionRequest, ServerReflectionClient, ServerReflectionRequest,
};
use dubhe_stubs::built_in::grpc::reflection::v1alpha;
use dubhe_stubs::proto::sample::shapes::v1::ShapesServer;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

#[dubhe::interface("org.example.Java", group = "shop", version = "1.0.0")]
trait Java {
    async fn hi(&self) -> Result<i32, Status>;
}

struct Hi;

impl Java for Hi {
    async fn hi(&self) -> Result<i32, Status> {
        Ok(1)
    }
}

async fn start(change: impl FnOnce(&mut ServerOptions)) -> RunningServer {
    let server = Server::builder().service(ShapesServer::new(Speaker)).service(JavaServer::new(Hi));
    server.options(change).start("127.0.0.1:0").await.unwrap()
}

fn client<T: Stub>(running: &RunningServer) -> T {
    let app = App::builder("test").build().unwrap();
    let url = format!("tri://{}", running.addr());
    app.client::<T>().url(&url).timeout(Duration::from_secs(20)).build().unwrap()
}

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest { service: service.into() }
}

const JAVA: &str = "shop/org.example.Java:1.0.0";
const SHAPES: &str = "sample.shapes.v1.Shapes";

#[tokio::test]
async fn health_is_known_of_the_server_and_each_service() {
    let running = start(|_| {}).await;
    let health: HealthClient = client(&running);
    for name in ["", SHAPES, "org.example.Java", JAVA] {
        let answer = health.check(of(name)).await.unwrap().into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{name}");
    }
    let unknown = health.check(of("no.Such")).await.unwrap_err();
    assert_eq!(unknown.code(), Code::NotFound);

    let all = health.list(HealthListRequest {}).await.unwrap().into_inner().statuses;
    let mut names: Vec<&str> = all.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["", "org.example.Java", SHAPES, JAVA]);
    assert!(all.values().all(|answer| answer.status() == ServingStatus::Serving));
}

#[tokio::test]
async fn watchers_are_told_of_the_end_and_do_not_delay_it() {
    let registry = Memory::new();
    let server = Server::builder().service(JavaServer::new(Hi)).registry(registry.clone());
    let server = server.shutdown_wait(Duration::from_mins(10));
    let running = server.start("127.0.0.1:0").await.unwrap();
    let health: HealthClient = client(&running);
    let mut known = health.watch(of(JAVA)).await.unwrap().into_inner();
    let mut unknown = health.watch(of("no.Such")).await.unwrap().into_inner();
    let status = async |stream: &mut Streaming<HealthCheckResponse>| {
        stream.message().await.map(|answer| answer.map(|answer| answer.status()))
    };
    assert_eq!(status(&mut known).await.unwrap(), Some(ServingStatus::Serving));
    assert_eq!(status(&mut unknown).await.unwrap(), Some(ServingStatus::ServiceUnknown));
    let reflection: ServerReflectionClient = client(&running);
    let mut idle = reflection
        .server_reflection_info(stream::pending::<ServerReflectionRequest>())
        .await
        .unwrap()
        .into_inner();

    let stopping = tokio::spawn(running.stop());
    assert_eq!(status(&mut known).await.unwrap(), Some(ServingStatus::NotServing));
    // Whoever asks a registry has left before.
    let mut seen = registry.subscribe(&ServiceKey::parse(JAVA)).await.unwrap();
    assert!(seen.next().await.unwrap().providers.is_empty());
    for stream in [&mut known, &mut unknown] {
        assert_eq!(status(stream).await.unwrap_err().code(), Code::Unavailable);
    }
    assert_eq!(idle.message().await.unwrap(), None);
    assert_eq!(stopping.await.unwrap(), 0);
}

#[tokio::test]
async fn watchers_and_reflection_know_of_services_that_come_and_go() {
    let running = Server::builder().start("127.0.0.1:0").await.unwrap();
    let health: HealthClient = client(&running);
    let reflection: ServerReflectionClient = client(&running);
    let mut shapes = health.watch(of(SHAPES)).await.unwrap().into_inner();
    let mut status = async || shapes.message().await.unwrap().map(|answer| answer.status());
    let symbol = || MessageRequest::FileContainingSymbol(SHAPES.into());
    assert_eq!(status().await, Some(ServingStatus::ServiceUnknown));
    assert_eq!(code(&ask(&reflection, symbol()).await), Code::NotFound);

    running.add(ShapesServer::new(Speaker)).await.unwrap();
    assert_eq!(status().await, Some(ServingStatus::Serving));
    assert_eq!(files(ask(&reflection, symbol()).await)[0], "shapes.proto");

    running.remove(&ServiceKey::interface_only(SHAPES)).await.unwrap();
    assert_eq!(status().await, Some(ServingStatus::ServiceUnknown));
    assert_eq!(code(&ask(&reflection, symbol()).await), Code::NotFound);
}

async fn ask(client: &ServerReflectionClient, asked: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest { host: "here".into(), message_request: Some(asked) };
    let sent = stream::iter([request.clone()]);
    let answers = client.server_reflection_info(sent).await.unwrap().into_inner();
    let [answer] = <[_; 1]>::try_from(answers.try_collect::<Vec<_>>().await.unwrap()).unwrap();
    assert_eq!(answer.valid_host, "here");
    assert_eq!(answer.original_request, Some(request));
    answer.message_response.unwrap()
}

/// The beginning of a `google.protobuf.FileDescriptorProto`.
#[derive(Clone, PartialEq, dubhe_protobuf::prost::Message)]
#[prost(prost_path = "dubhe_protobuf::prost")]
struct File {
    #[prost(string, tag = "1")]
    name: String,
}

fn files(answer: MessageResponse) -> Vec<String> {
    let MessageResponse::FileDescriptorResponse(files) = answer else { panic!("{answer:?}") };
    let files = files.file_descriptor_proto.into_iter();
    files.map(|file| File::decode(file).unwrap().name).collect()
}

fn code(answer: &MessageResponse) -> Code {
    let MessageResponse::ErrorResponse(error) = answer else { panic!("{answer:?}") };
    Code::from_number(error.error_code.try_into().unwrap()).unwrap()
}

#[tokio::test]
async fn reflection_hands_out_descriptors() {
    let running = start(|_| {}).await;
    let client: ServerReflectionClient = client(&running);
    let ask = |asked| ask(&client, asked);

    // A Java interface has no descriptors to ask for next, so it is not listed.
    let listed = ask(MessageRequest::ListServices(String::new())).await;
    let MessageResponse::ListServicesResponse(listed) = listed else { panic!("{listed:?}") };
    let names: Vec<&str> = listed.service.iter().map(|service| &*service.name).collect();
    assert_eq!(
        names,
        [
            "grpc.health.v1.Health",
            "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection",
            SHAPES,
        ]
    );

    for symbol in [SHAPES, "sample.shapes.v1.Shapes.Say", "sample.shapes.v1.Word.scores"] {
        let found = files(ask(MessageRequest::FileContainingSymbol(symbol.into())).await);
        assert_eq!(found[0], "shapes.proto", "{symbol}");
        assert!(found.iter().any(|name| name == "google/protobuf/timestamp.proto"), "{found:?}");
    }
    let found = files(ask(MessageRequest::FileByFilename("common.proto".into())).await);
    assert_eq!(found, ["common.proto"]);
    let older = "grpc.reflection.v1alpha.ServerReflection";
    let found = files(ask(MessageRequest::FileContainingSymbol(older.into())).await);
    assert_eq!(found, ["grpc/reflection/v1alpha/reflection.proto"]);

    let word = "sample.shapes.v1.Word";
    let numbers = ask(MessageRequest::AllExtensionNumbersOfType(word.into())).await;
    let MessageResponse::AllExtensionNumbersResponse(numbers) = numbers else { panic!() };
    assert_eq!((&*numbers.base_type_name, &*numbers.extension_number), (word, &[][..]));

    let extension = ExtensionRequest { containing_type: word.into(), extension_number: 1 };
    for unknown in [
        MessageRequest::FileByFilename("no.proto".into()),
        MessageRequest::FileContainingSymbol("org.example.Java".into()),
        MessageRequest::FileContainingExtension(extension),
        MessageRequest::AllExtensionNumbersOfType("no.Such".into()),
    ] {
        assert_eq!(code(&ask(unknown).await), Code::NotFound);
    }
}

#[tokio::test]
async fn reflection_has_its_older_name_too() {
    use v1alpha::server_reflection_request::MessageRequest;
    use v1alpha::server_reflection_response::MessageResponse;

    let running = start(|_| {}).await;
    let client: v1alpha::ServerReflectionClient = client(&running);
    let message_request = Some(MessageRequest::FileContainingSymbol(SHAPES.into()));
    let request = v1alpha::ServerReflectionRequest { message_request, ..Default::default() };
    let answers = client.server_reflection_info(stream::iter([request.clone(), request])).await;
    let answers: Vec<_> = answers.unwrap().into_inner().try_collect().await.unwrap();
    assert_eq!(answers.len(), 2);
    let told = |answer: &v1alpha::ServerReflectionResponse| {
        matches!(answer.message_response, Some(MessageResponse::FileDescriptorResponse(_)))
    };
    assert!(answers.iter().all(told), "{answers:?}");
}

fn nothing<T>() -> Result<T, Status> {
    Err(Status::new(Code::Unimplemented, "says nothing"))
}

/// A health of the program's own.
struct Ill;

impl Health for Ill {
    async fn check(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(HealthCheckResponse { status: ServingStatus::NotServing.into() }.into())
    }

    async fn list(
        &self,
        _: Request<HealthListRequest>,
    ) -> Result<Response<HealthListResponse>, Status> {
        nothing()
    }

    async fn watch(
        &self,
        _: Request<HealthCheckRequest>,
    ) -> Result<Response<impl Stream<Item = Result<HealthCheckResponse, Status>>>, Status> {
        nothing::<Response<stream::Empty<_>>>()
    }
}

#[tokio::test]
async fn both_can_be_turned_off_or_replaced() {
    let running = start(|options| options.health = false).await;
    let health: HealthClient = client(&running);
    assert_eq!(health.check(of("")).await.unwrap_err().code(), Code::Unimplemented);
    let running = start(|options| options.reflection = false).await;
    let reflection: ServerReflectionClient = client(&running);
    let refused = reflection.server_reflection_info(stream::empty()).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);

    let own = Server::builder().service(HealthServer::new(Ill));
    let running = own.start("127.0.0.1:0").await.unwrap();
    let health: HealthClient = client(&running);
    let answer = health.check(of("")).await.unwrap().into_inner();
    assert_eq!(answer.status(), ServingStatus::NotServing);
}

#[tokio::test]
async fn registries_are_not_told() {
    let registry = Memory::new();
    let server = Server::builder().service(ShapesServer::new(Speaker)).registry(registry.clone());
    let _running = server.start("127.0.0.1:0").await.unwrap();
    for (name, count) in [(SHAPES, 1), ("grpc.health.v1.Health", 0)] {
        let mut seen = registry.subscribe(&ServiceKey::interface_only(name)).await.unwrap();
        assert_eq!(seen.next().await.unwrap().providers.len(), count, "{name}");
    }
}
