//! Parameters of registry URLs that nobody knows: most are misspelt.

use std::fmt::Display;

use dubhe_core::endpoint::Params;
use dubhe_core::printable::Printable;

/// The parameters that every registry knows, sorted: those of [`ApplicationOptions`], [`ConfiguredRegistry`] and
/// [`TlsOptions`], `metadata-report`, and what stands in the addresses of registries, config centres and
/// metadata centres of Dubbo Java and has no meaning here.
///
/// Java's are those of `RegistryConfig`, `ConfigCenterConfig`, `MetadataReportConfig` and `ApplicationConfig`, which
/// `ConfigValidationUtils.loadRegistries` all writes into the URL that its log shows, with the parameters of the
/// running process, and those of `RegistryConstants` and `registry.Constants`.
///
/// [`ApplicationOptions`]: crate::application::ApplicationOptions
/// [`ConfiguredRegistry`]: dubhe_core::registry::ConfiguredRegistry
/// [`TlsOptions`]: crate::TlsOptions
const SHARED: &[&str] = &[
    "REGISTRY_CLUSTER",
    "accepts",
    "app-config-file",
    "app-name",
    "application",
    "application-protocol",
    "application.version",
    "architecture",
    "auto.trust.serialize.class",
    "backup",
    "ca-cert-file",
    "category",
    "check",
    "check.serializable",
    "client",
    "cluster",
    "compatible_config",
    "compiler",
    "config-file",
    "cycle-report",
    "default",
    "delay-notification",
    "dubbo",
    "dubbo.application.service-discovery.migration",
    "dump.directory",
    "dump.enable",
    "dynamic",
    "enable-empty-protection",
    "environment",
    "executor-management-mode",
    "extra-keys",
    "file",
    "file-cache",
    "group",
    "highest-priority",
    "hostname",
    "id",
    "instances-request-size",
    "interface",
    "liveness-probe",
    "logger",
    "mapping.retry.interval",
    "metadata",
    "metadata-report",
    "metadata-service-port",
    "metadata-service-protocol",
    "metadata-type",
    "metadata.max-bytes",
    "metadata.max-services",
    "migration.step",
    "migration.threshold",
    "namespace",
    "organization",
    "owner",
    "password",
    "path",
    "pid",
    "port",
    "preferred",
    "protocol",
    "provided-by",
    "publish-instance",
    "publish-interface",
    "qos.accept.foreign.ip",
    "qos.accept.foreign.ip.whitelist",
    "qos.anonymous.access.allow.commands",
    "qos.anonymous.access.permission.level",
    "qos.check",
    "qos.enable",
    "qos.host",
    "qos.port",
    "readiness-probe",
    "reconnect.period",
    "register",
    "register-mode",
    "register.consumer",
    "register.ip",
    "registry",
    "registry-cluster-type",
    "registry-protocol-type",
    "registry-type",
    "release",
    "report-consumer-definition",
    "report-definition",
    "report-metadata",
    "repository",
    "retry-period",
    "retry-times",
    "retry.period",
    "retry.times",
    "router",
    "save.file",
    "serialize.check.status",
    "server",
    "service-name-mapping",
    "session",
    "shutwait",
    "simplified",
    "startup-probe",
    "subscribe",
    "subscribed-services",
    "sync-report",
    "timeout",
    "timestamp",
    "tls",
    "tls-cert-file",
    "tls-key-file",
    "tls-server-name",
    "transporter",
    "trust.serialize.class.level",
    "use-as-config-center",
    "use-as-metadata-center",
    "username",
    "version",
    "wait",
    "weight",
    "zone",
];

/// The bytes of a name that a line of the log quotes.
const QUOTED_BYTES: usize = 64;

/// Writes a line to the log for each parameter of the URL of `registry` that neither every registry knows nor this
/// one, of which `own` are the others. Nothing else becomes of it: other frameworks may know it.
pub fn warn_of_unknown(registry: impl Display, params: &Params, own: &[&str]) {
    let is_known = |name: &&str| SHARED.binary_search(name).is_ok() || own.contains(name);
    for name in params.keys().map(|name| &**name).filter(|name| !is_known(name)) {
        let end = name.floor_char_boundary(QUOTED_BYTES);
        let name = name.get(..end).unwrap_or_default();
        let did_you_mean = nearest(name, own.iter().chain(SHARED).copied());
        tracing::warn!(
            %registry, parameter = %Printable(name), did_you_mean,
            "the URL of a registry has a parameter that is not known"
        );
    }
}

/// The name of `known` that is most like `name`, whatever the case; a third of its letters may be wrong.
fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted = name.to_lowercase();
    let known = known.map(|one| (strsim::damerau_levenshtein(&wanted, &one.to_lowercase()), one));
    let (distance, best) = known.min_by_key(|(distance, _)| *distance)?;
    (distance <= (wanted.chars().count() / 3).max(1)).then_some(best)
}

#[cfg(test)]
mod tests {
    use dubhe_testkit::log::Lines;
    use tracing::Level;

    use super::*;

    fn params<'a>(names: impl IntoIterator<Item = &'a str>) -> Params {
        names.into_iter().map(|name| (name.into(), "secret".into())).collect()
    }

    #[test]
    fn the_shared_names_are_sorted() {
        assert!(SHARED.is_sorted());
    }

    #[test]
    fn a_parameter_that_nobody_knows_is_a_line_with_the_nearest_name() {
        let (lines, _guard) = Lines::of_this_thread(Level::WARN);
        warn_of_unknown("zk", &params(SHARED.iter().copied().chain(["own"])), &["own"]);
        assert_eq!(lines.take(), [""; 0]);
        let long = "x".repeat(1_000_000);
        for (name, meant) in [
            ("gruop", Some("group")),
            ("Timeout", Some("timeout")),
            ("metadata.type", Some("metadata-type")),
            ("onw", Some("own")),
            ("rack", None),
            (&long, None),
            ("a\nb", None),
        ] {
            warn_of_unknown("zk", &params([name]), &["own"]);
            let said = lines.take();
            let [line] = &said[..] else { panic!("{said:?}") };
            let meant = meant.map(|meant| format!("did_you_mean={meant:?} ")).unwrap_or_default();
            assert!(line.ends_with(&meant) && line.len() < 300, "{line}");
            assert_eq!(line.contains("did_you_mean"), !meant.is_empty(), "{line}");
            assert!(!line.contains("secret") && !line.contains('\n'), "{line}");
        }
    }
}
