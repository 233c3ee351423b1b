//! The options of application-level discovery.

use bytestring::ByteString;
use dubhe_config::rule::migration::MigrationStep;
use dubhe_core::endpoint::Params;
use dubhe_core::{Code, Status};

use super::instance::MetadataStorage;

/// The levels at which a provider registers (Dubbo's `register-mode`).
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::application; } }
/// use dubhe::registry::application::RegisterMode;
///
/// assert_eq!("instance".parse::<RegisterMode>().ok(), Some(RegisterMode::Instance));
/// assert!("both".parse::<RegisterMode>().is_err());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RegisterMode {
    /// Both levels, so that consumers of either find it.
    #[default]
    All,
    /// The application level alone.
    Instance,
    /// The interface level alone.
    Interface,
}

impl RegisterMode {
    /// Returns `true` if instances of the application are registered.
    pub(super) fn has_instances(self) -> bool {
        self != Self::Interface
    }

    /// Returns `true` if single services are registered.
    pub(super) fn has_services(self) -> bool {
        self != Self::Instance
    }
}

impl std::str::FromStr for RegisterMode {
    type Err = Status;

    fn from_str(text: &str) -> Result<Self, Status> {
        match text {
            "all" => Ok(Self::All),
            "instance" => Ok(Self::Instance),
            "interface" => Ok(Self::Interface),
            _ => Err(Status::new(
                Code::InvalidArgument,
                format!("{text:?} is no register-mode; write all, instance or interface"),
            )),
        }
    }
}

/// The options of an [`ApplicationRegistry`](super::ApplicationRegistry).
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_core::endpoint::Params; pub use dubhe_registry::application; } }
/// use dubhe::Status;
/// use dubhe::registry::Params;
/// use dubhe::registry::application::{ApplicationOptions, MigrationStep, RegisterMode};
///
/// let params = Params::from([
///     ("register-mode".into(), "instance".into()),
///     ("migration.step".into(), "FORCE_APPLICATION".into()),
///     ("provided-by".into(), "shop, stock".into()),
/// ]);
/// let options = ApplicationOptions::from_params(&params)?;
/// assert_eq!(options.register_mode, RegisterMode::Instance);
/// assert_eq!(options.migration_step, MigrationStep::ForceApplication);
/// assert_eq!(options.provided_by, ["shop", "stock"]);
/// # Ok::<(), Status>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ApplicationOptions {
    /// `register-mode`: `all`, `instance` or `interface`. Default `all`.
    pub register_mode: RegisterMode,
    /// `migration.step`, or `dubbo.application.service-discovery.migration`: the level that consumers
    /// use where no rule says otherwise. Default `APPLICATION_FIRST`.
    pub migration_step: MigrationStep,
    /// `migration.threshold`: the least share of providers, of those at the other level, with which a
    /// level is taken where no rule says otherwise. Default 0.
    pub migration_threshold: f32,
    /// `metadata-type`: `local`, by which the provider itself answers for its metadata, or `remote`, by
    /// which it publishes them to the metadata centre. Default `local`.
    pub metadata_storage: MetadataStorage,
    /// `provided-by`: the applications that provide all services, separated by commas. Default none:
    /// they are read from the mapping of the metadata centre.
    pub provided_by: Vec<ByteString>,
    /// `simplified`: whether only the parameters that consumers need are registered. Default false.
    pub simplified: bool,
    /// `extra-keys`: parameters that are registered all the same, separated by commas. Default none.
    pub extra_keys: Vec<ByteString>,
    /// `service-name-mapping`: whether providers add their application to the mapping of their
    /// interfaces. Default true.
    pub service_name_mapping: bool,
    /// `metadata.max-bytes`: the bytes of the metadata of a revision that are read. Default 16 MiB.
    pub max_metadata_bytes: usize,
    /// `metadata.max-services`: the services of a revision that are read. Default 10,000.
    pub max_metadata_services: usize,
}

impl Default for ApplicationOptions {
    fn default() -> Self {
        Self {
            register_mode: RegisterMode::default(),
            migration_step: MigrationStep::default(),
            migration_threshold: 0.0,
            metadata_storage: MetadataStorage::Local,
            provided_by: Vec::new(),
            simplified: false,
            extra_keys: Vec::new(),
            service_name_mapping: true,
            max_metadata_bytes: 16 * 1024 * 1024,
            max_metadata_services: 10_000,
        }
    }
}

impl ApplicationOptions {
    /// The parameters that a simplified registration keeps beside those that all of them keep: consumers
    /// compare the interface and the methods, and a registry that writes neither needs the methods to know
    /// which parameters are theirs.
    pub(super) fn kept_keys(&self) -> Vec<ByteString> {
        let own = ["interface", "methods"].map(ByteString::from_static);
        self.extra_keys.iter().cloned().chain(own).collect()
    }

    /// Reads the parameters of the URL of a registry. Others are passed over.
    ///
    /// # Errors
    /// When a parameter cannot be what it should be.
    pub fn from_params(params: &Params) -> Result<Self, Status> {
        let default = Self::default();
        let wrong = |what: String| {
            Status::new(Code::InvalidArgument, format!("wrong parameter of a registry: {what}"))
        };
        let param = |name: &str| params.get(name).map(|text| &**text).filter(|t| !t.is_empty());
        let flag = |name: &str, default| match param(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(wrong(format!("{name}={other:?} is neither true nor false"))),
        };
        let number = |name: &str, default: usize| match param(name) {
            None => Ok(default),
            Some(text) => match text.parse() {
                Ok(number) if number > 0 => Ok(number),
                _ => Err(wrong(format!("{name}={text:?} is not a number above 0"))),
            },
        };
        let list = |name: &str| {
            let all = param(name).unwrap_or_default().split(',').map(str::trim);
            all.filter(|one| !one.is_empty()).map(ByteString::from).collect::<Vec<_>>()
        };
        let register_mode = match param("register-mode") {
            None => default.register_mode,
            Some(text) => {
                text.parse().map_err(|error: Status| wrong(error.message().to_owned()))?
            }
        };
        let step = ["migration.step", "dubbo.application.service-discovery.migration"];
        let migration_step = match step.into_iter().find_map(|name| Some((name, param(name)?))) {
            None => default.migration_step,
            Some((name, text)) => text
                .parse()
                .map_err(|error: Status| wrong(format!("{name}: {}", error.message())))?,
        };
        let migration_threshold = match param("migration.threshold") {
            None => default.migration_threshold,
            Some(text) => text
                .parse()
                .ok()
                .filter(|share: &f32| share.is_finite() && *share >= 0.0)
                .ok_or_else(|| wrong(format!("migration.threshold={text:?} is not a number")))?,
        };
        let metadata_storage = match param("metadata-type") {
            None | Some("local") => MetadataStorage::Local,
            Some("remote") => MetadataStorage::Remote,
            Some(other) => {
                return Err(wrong(format!("metadata-type={other:?} is neither local nor remote")));
            }
        };
        Ok(Self {
            register_mode,
            migration_step,
            migration_threshold,
            metadata_storage,
            provided_by: list("provided-by"),
            simplified: flag("simplified", default.simplified)?,
            extra_keys: list("extra-keys"),
            service_name_mapping: flag("service-name-mapping", default.service_name_mapping)?,
            max_metadata_bytes: number("metadata.max-bytes", default.max_metadata_bytes)?,
            max_metadata_services: number("metadata.max-services", default.max_metadata_services)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(params: &[(&'static str, &'static str)]) -> Result<ApplicationOptions, Status> {
        let params = params.iter().map(|(name, value)| ((*name).into(), (*value).into()));
        ApplicationOptions::from_params(&params.collect())
    }

    #[test]
    fn every_parameter_is_read_and_others_are_passed_over() {
        assert_eq!(read(&[("session", "x")]).unwrap(), ApplicationOptions::default());
        let all = read(&[
            ("register-mode", "interface"),
            ("migration.step", "FORCE_INTERFACE"),
            ("dubbo.application.service-discovery.migration", "FORCE_APPLICATION"),
            ("migration.threshold", "0.5"),
            ("metadata-type", "remote"),
            ("provided-by", "a, b,,"),
            ("simplified", "true"),
            ("extra-keys", "x"),
            ("service-name-mapping", "false"),
            ("metadata.max-bytes", "7"),
            ("metadata.max-services", "8"),
        ]);
        let expected = ApplicationOptions {
            register_mode: RegisterMode::Interface,
            migration_step: MigrationStep::ForceInterface,
            migration_threshold: 0.5,
            metadata_storage: MetadataStorage::Remote,
            provided_by: vec!["a".into(), "b".into()],
            simplified: true,
            extra_keys: vec!["x".into()],
            service_name_mapping: false,
            max_metadata_bytes: 7,
            max_metadata_services: 8,
        };
        assert_eq!(all.unwrap(), expected);
        let step = read(&[("dubbo.application.service-discovery.migration", "FORCE_APPLICATION")]);
        assert_eq!(step.unwrap().migration_step, MigrationStep::ForceApplication);
    }

    #[test]
    fn what_cannot_be_is_named() {
        for (name, value) in [
            ("register-mode", "both"),
            ("migration.step", "application_first"),
            ("migration.threshold", "-1"),
            ("migration.threshold", "NaN"),
            ("metadata-type", "far"),
            ("simplified", "yes"),
            ("service-name-mapping", "1"),
            ("metadata.max-bytes", "0"),
            ("metadata.max-services", "many"),
        ] {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.message().contains(name), "{name}={value}: {error}");
        }
    }
}
