//! Simplified registration: the parameters that consumers need.
//!
//! Measured at Dubbo Java 3.3.6 with ZooKeeper: neither `interface` nor `methods` is kept, but the
//! parameters of single methods are.

use bytestring::ByteString;
use dubhe_core::endpoint::Params;

/// The parameters that are always kept (Dubbo Java `RegistryProtocol.DEFAULT_REGISTER_PROVIDER_KEYS`).
const KEPT: [&str; 26] = [
    "application",
    "codec",
    "exchanger",
    "serialization",
    "prefer.serialization",
    "cluster",
    "connections",
    "deprecated",
    "group",
    "loadbalance",
    "mock",
    "path",
    "timeout",
    "token",
    "version",
    "warmup",
    "weight",
    "dubbo",
    "release",
    "side",
    "ipv6",
    "packable.method.factory",
    "auth",
    "authenticator",
    "username",
    "password",
];

/// Returns the parameters that a simplified registration keeps: those that consumers need, `extra` ones,
/// and those of single methods.
pub fn simplify(params: &Params, extra: &[ByteString]) -> Params {
    let methods = params.get("methods").map(|all| &**all).unwrap_or_default();
    let of_method = |name: &str| {
        let owner = name.split_once('.').map(|(owner, _)| owner);
        owner.is_some_and(|owner| methods.split(',').any(|method| method.trim() == owner))
    };
    let kept = |name: &ByteString| KEPT.contains(&&**name) || extra.contains(name);
    let params = params.iter().filter(|(name, _)| kept(name) || of_method(name));
    params.map(|(name, value)| (name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_consumers_need_is_kept() {
        let all = [
            ("methods", "hello,add"),
            ("hello.timeout", "1"),
            ("hey.timeout", "1"),
            ("timeout", "2"),
            ("owner", "me"),
            ("revision", "1.0"),
        ];
        let params = all.map(|(name, value)| (name.into(), value.into())).into();
        let names = |extra: &[ByteString]| {
            let kept = simplify(&params, extra);
            kept.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(&[]), ["hello.timeout", "timeout"]);
        assert_eq!(names(&["owner".into()]), ["hello.timeout", "owner", "timeout"]);
    }
}
