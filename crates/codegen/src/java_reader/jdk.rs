//! Names of classes that need no jar.

/// Packages below `javax` that are in the JDK; others belong to libraries.
const JAVAX: &[&str] = &[
    "accessibility",
    "crypto",
    "imageio",
    "lang",
    "management",
    "naming",
    "net",
    "print",
    "rmi",
    "script",
    "security",
    "sound",
    "sql",
    "swing",
    "tools",
    "xml",
];

/// Returns `true` for a class of the JDK.
pub(super) fn is_jdk(name: &str) -> bool {
    match name.split_once('.') {
        Some(("java", _)) => true,
        Some(("javax", rest)) => JAVAX.contains(&rest.split('.').next().unwrap_or_default()),
        Some(("org", rest)) => rest.starts_with("w3c.dom.") || rest.starts_with("xml.sax."),
        _ => false,
    }
}

/// Returns `true` for a class of the JDK that can be thrown. Their names end with what they are.
pub(super) fn is_throwable(name: &str) -> bool {
    is_jdk(name)
        && (ends_as_exception(name)
            || name == "java.lang.Throwable"
            || name == "java.lang.ThreadDeath")
}

/// Returns `true` if the name is that of an exception by custom.
pub(super) fn ends_as_exception(name: &str) -> bool {
    name.ends_with("Exception") || name.ends_with("Error")
}

/// Returns `true` for Dubbo's own exception of calls, which stands for any failure.
pub(super) fn is_rpc_exception(name: &str) -> bool {
    matches!(name, "org.apache.dubbo.rpc.RpcException" | "com.alibaba.dubbo.rpc.RpcException")
}

/// Returns `true` for a method of `Object` that interfaces declare again: it is no method of a service.
pub(super) fn is_of_object(name: &str, descriptor: &str) -> bool {
    matches!(
        (name, descriptor),
        ("equals", "(Ljava/lang/Object;)Z")
            | ("hashCode", "()I")
            | ("toString", "()Ljava/lang/String;")
    )
}

/// Returns `true` for a type of results that come later.
pub(super) fn is_future(name: &str) -> bool {
    matches!(
        name,
        "java.util.concurrent.CompletableFuture"
            | "java.util.concurrent.CompletionStage"
            | "reactor.core.publisher.Mono"
    )
}

/// Returns `true` for an observer of a stream.
pub(super) fn is_observer(name: &str) -> bool {
    matches!(name, "org.apache.dubbo.common.stream.StreamObserver" | "io.grpc.stub.StreamObserver")
}

/// Returns `true` for a class or interface that all messages of protobuf extend: their types come from `.proto` files.
pub(super) fn is_message(name: &str) -> bool {
    let of_protobuf = name.strip_prefix("com.google.protobuf.");
    of_protobuf.is_some_and(|name| {
        name.starts_with("GeneratedMessage")
            || matches!(name, "MessageOrBuilder" | "MessageLiteOrBuilder" | "ProtocolMessageEnum")
    })
}

/// Returns `true` for what belongs to the runtime of protobuf, which may be in no jar.
pub(super) fn is_of_protobuf(name: &str) -> bool {
    name.starts_with("com.google.protobuf.")
}

/// The parameter that a `suspend` function of Kotlin ends with.
pub(super) const CONTINUATION: &str = "kotlin.coroutines.Continuation";
