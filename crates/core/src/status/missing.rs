//! The texts of a missing service or method.
//!
//! Dubbo Java has a code for it only in Triple's `grpc-status`, and not for each case. Over the dubbo
//! protocol it is one of two status bytes that say many things, and a text.

/// Returns `true` if Dubbo Java says with `text`, outside of the service, that it lacks the service
/// or the method of the call.
pub(super) fn is_said_by(text: &str) -> bool {
    // The stack below the first line tells of more than its own error.
    let line = text.lines().next().unwrap_or_default();
    // 3.0 to 3.2, and 2.7 without a generic call (`DecodeableRpcInvocation`).
    line.contains("IllegalArgumentException: Service not found:")
        // 3.3 says no more of any request that it cannot decode; one without the method is not.
        || line.starts_with("Fail to decode request due to: RpcInvocation [")
            && line.ends_with(", parameterTypes=null]")
        // `DubboProtocol.getInvoker`.
        || line.contains("Not found exported service: ")
        || is_generic(line)
        // 2.6 looks for the method where it calls it (`Wrapper`).
        || line.contains("Failed to invoke remote proxy method ")
            && line.contains(", cause: Not found method \"")
        // 2.7 has the name of the method in its line and the reason below.
        || text.contains("\nCaused by: java.lang.NoSuchMethodException: ")
            && text.contains("rpc.filter.GenericFilter.invoke(")
        // Triple in 3.3 fails to find any method of the name, and does not foresee it.
        || line == METHODS_OF_NONE
}

/// Returns `true` for the text of the `GenericFilter` of Dubbo 3.
pub(super) fn is_generic(line: &str) -> bool {
    line.contains("No such method ") && line.contains(" in class interface ")
}

const METHODS_OF_NONE: &str =
    r#"Cannot invoke "java.util.List.iterator()" because "methodDescriptors" is null"#;
