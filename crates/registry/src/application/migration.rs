//! Migration between the two levels of registration: the rule, and the choice of the level.

use std::collections::HashMap;
use std::str::FromStr;

use bytestring::ByteString;
use dubhe_core::{Code, ServiceKey, Status};
use serde::{Deserialize, Deserializer};
use serde_saphyr::Options;

/// The group of migration rules in a config centre.
pub(super) const MIGRATION_GROUP: &str = "DUBBO_SERVICEDISCOVERY_MIGRATION";
/// The bytes of a rule that are read.
const MAX_RULE: usize = 256 * 1024;
/// The text by which Dubbo Java means that there is no rule.
const INIT: &str = "INIT";

/// The level that a consumer uses (Dubbo Java `MigrationStep`).
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_registry::application; } }
/// use dubhe::registry::application::MigrationStep;
///
/// assert_eq!("FORCE_INTERFACE".parse().ok(), Some(MigrationStep::ForceInterface));
/// assert_eq!(MigrationStep::default(), MigrationStep::ApplicationFirst);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MigrationStep {
    /// The interface level alone: `FORCE_INTERFACE`.
    ForceInterface,
    /// The application level where enough providers are found there, else the interface level:
    /// `APPLICATION_FIRST`.
    #[default]
    ApplicationFirst,
    /// The application level alone: `FORCE_APPLICATION`.
    ForceApplication,
}

impl FromStr for MigrationStep {
    type Err = Status;

    fn from_str(text: &str) -> Result<Self, Status> {
        match text {
            "FORCE_INTERFACE" => Ok(Self::ForceInterface),
            "APPLICATION_FIRST" => Ok(Self::ApplicationFirst),
            "FORCE_APPLICATION" => Ok(Self::ForceApplication),
            _ => Err(Status::new(
                Code::InvalidArgument,
                format!(
                    "{text:?} is no migration.step; write FORCE_INTERFACE, APPLICATION_FIRST or \
                     FORCE_APPLICATION"
                ),
            )),
        }
    }
}

/// A rule of the config centre for the migration of an application's consumers: a document
/// `{application}.migration` of the group `DUBBO_SERVICEDISCOVERY_MIGRATION`, as YAML.
///
/// The step of the interface (`org.example.Greeter` or `org.example.Greeter:1.0.0`) goes before that
/// of a provider's application, that before the step of the rule; the same holds for `threshold` and
/// `force`. `delay` and `proportion` are passed over: a switch is made as soon as it is safe.
///
/// Source: Dubbo Java `MigrationRule`, `SubMigrationRule`.
///
/// ```
/// # mod dubhe { pub use dubhe_core::Status; pub mod registry { pub use dubhe_registry::application; } }
/// use dubhe::registry::application::MigrationRule;
///
/// let rule = "step: APPLICATION_FIRST\nthreshold: 0.5\ninterfaces:\n  - serviceKey: a.B\n    step: FORCE_INTERFACE\n";
/// assert!(MigrationRule::parse(rule).is_ok());
/// let error = MigrationRule::parse("step: SOON").unwrap_err();
/// assert!(error.message().contains("line 1"), "{error}");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MigrationRule {
    all: Part,
    interfaces: HashMap<ByteString, Part>,
    applications: HashMap<ByteString, Part>,
}

/// The word of a rule on an interface, an application, or all.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Part {
    step: Option<MigrationStep>,
    threshold: Option<f32>,
    force: Option<bool>,
}

/// The meaning of a rule for a service.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Plan {
    pub(super) step: MigrationStep,
    pub(super) threshold: f32,
    /// `true` to switch to a level that has too few providers.
    pub(super) force: bool,
}

#[derive(Deserialize)]
struct YamlRule {
    #[serde(default, deserialize_with = "parsed")]
    step: Option<MigrationStep>,
    #[serde(default, deserialize_with = "share")]
    threshold: Option<f32>,
    #[serde(default, deserialize_with = "parsed")]
    force: Option<bool>,
    #[serde(default)]
    interfaces: Option<Vec<YamlPart>>,
    #[serde(default)]
    applications: Option<Vec<YamlPart>>,
}

#[derive(Deserialize)]
struct YamlPart {
    #[serde(rename = "serviceKey")]
    key: String,
    #[serde(default, deserialize_with = "parsed")]
    step: Option<MigrationStep>,
    #[serde(default, deserialize_with = "share")]
    threshold: Option<f32>,
    #[serde(default, deserialize_with = "parsed")]
    force: Option<bool>,
}

/// A value by its text, with or without quotes, as Java reads it.
fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: std::fmt::Display>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    let text: Option<String> = Option::deserialize(deserializer)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

/// A share, by its text.
fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f32>, D::Error> {
    let share: Option<f32> = parsed(deserializer)?;
    match share.filter(|share| !share.is_finite()) {
        Some(share) => Err(serde::de::Error::custom(format!("{share} is no threshold"))),
        // A negative one is none, as in Java.
        None => Ok(share.filter(|share| *share >= 0.0)),
    }
}

fn wrong(what: impl std::fmt::Display) -> Status {
    Status::new(Code::InvalidArgument, format!("not a migration rule: {what}"))
}

fn options() -> Options {
    serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_events: 100_000,
            max_nodes: 50_000,
            max_depth: 16,
            max_documents: 1,
            max_anchors: 100,
            max_aliases: 1_000,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: 20_000,
        },
        with_snippet: false,
    }
}

impl MigrationRule {
    /// Reads a rule. An empty text is the rule that says nothing.
    ///
    /// # Errors
    /// When it has more than 256 KiB, is no YAML, or has a step, threshold or flag that cannot be; the
    /// message has the line.
    pub fn parse(text: &str) -> Result<Self, Status> {
        if text.len() > MAX_RULE {
            return Err(wrong(format!(
                "it has {} bytes, of which {MAX_RULE} are read",
                text.len()
            )));
        }
        if text.trim().is_empty() || text.trim() == INIT {
            return Ok(Self::default());
        }
        let rule: YamlRule = serde_saphyr::from_str_with_options(text, options()).map_err(wrong)?;
        let part = |step, threshold, force| Part { step, threshold, force };
        let parts = |parts: Option<Vec<YamlPart>>| {
            let parts = parts.unwrap_or_default().into_iter();
            parts.map(|of| (of.key.into(), part(of.step, of.threshold, of.force))).collect()
        };
        Ok(Self {
            all: part(rule.step, rule.threshold, rule.force),
            interfaces: parts(rule.interfaces),
            applications: parts(rule.applications),
        })
    }

    /// Returns `true` if the rule depends on the applications that provide a service.
    pub(super) fn has_applications(&self) -> bool {
        !self.applications.is_empty()
    }

    /// Applies it to a service that these applications provide.
    pub(super) fn plan(
        &self,
        service: &ServiceKey,
        applications: &[ByteString],
        default: Plan,
    ) -> Plan {
        let interface = match &**service.version() {
            "" => self.interfaces.get(service.interface()),
            version => {
                let key = format!("{}:{version}", service.interface());
                self.interfaces.get(&*key)
            }
        };
        let of_applications = || applications.iter().filter_map(|name| self.applications.get(name));
        let parts = || interface.into_iter().chain(of_applications()).chain([&self.all]);
        Plan {
            step: parts().find_map(|part| part.step).unwrap_or(default.step),
            threshold: parts().find_map(|part| part.threshold).unwrap_or(default.threshold),
            force: parts().find_map(|part| part.force).unwrap_or(default.force),
        }
    }
}

/// A level of registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Level {
    Interface,
    Application,
}

impl Level {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Interface => "interface",
            Self::Application => "application",
        }
    }
}

/// The knowledge of a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct View {
    /// The number of providers.
    pub(super) count: usize,
    /// `true` when all that was asked has been answered once.
    pub(super) complete: bool,
}

/// Returns `true` if the providers at one level are enough to leave the other (Dubbo Java
/// `DefaultMigrationAddressComparator`).
fn is_enough(new: View, old: View, threshold: f32) -> bool {
    new.count > 0 && (old.count == 0 || new.count as f32 / old.count as f32 >= threshold)
}

/// The level to take now; `None` to wait for an answer. `given` is the level of the last snapshot.
pub(super) fn choose(
    plan: Plan,
    given: Option<Level>,
    interface: View,
    application: View,
) -> Option<Level> {
    let forced = |level, new: View, old: View| match given {
        Some(other) if other != level => {
            let enough = plan.force || old.count == 0 || is_enough(new, old, plan.threshold);
            Some(if new.complete && enough { level } else { other })
        }
        _ => (new.complete || new.count > 0).then_some(level),
    };
    match plan.step {
        MigrationStep::ForceInterface => forced(Level::Interface, interface, application),
        MigrationStep::ForceApplication => forced(Level::Application, application, interface),
        MigrationStep::ApplicationFirst => {
            let keeps = given == Some(Level::Application) || interface.count == 0;
            let whole = application.complete || keeps;
            if whole && is_enough(application, interface, plan.threshold) {
                Some(Level::Application)
            } else if interface.count > 0 {
                Some(Level::Interface)
            } else if !application.complete {
                // Its answer will come: until then, the last set stays.
                None
            } else if interface.complete {
                Some(Level::Application)
            } else {
                given
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEFAULT: Plan =
        Plan { step: MigrationStep::ApplicationFirst, threshold: 0.0, force: false };

    fn view(count: usize) -> View {
        View { count, complete: true }
    }

    fn pending(count: usize) -> View {
        View { count, complete: false }
    }

    #[test]
    fn the_rule_of_the_interface_goes_before_that_of_the_application() {
        let text = "key: demo\nstep: FORCE_APPLICATION\nthreshold: \"0.25\"\nproportion: 60\ndelay: 60\n\
                    force: false\ninterfaces:\n  - serviceKey: a.B:1.0\n    step: FORCE_INTERFACE\n\
                    applications:\n  - serviceKey: shop\n    step: APPLICATION_FIRST\n    threshold: 1\n    force: true\n";
        let rule = MigrationRule::parse(text).unwrap();
        let plan = |service: &str, apps: &[&'static str]| {
            let apps: Vec<_> = apps.iter().map(|app| ByteString::from(*app)).collect();
            rule.plan(&ServiceKey::parse(service), &apps, DEFAULT)
        };
        let expected = |step, threshold, force| Plan { step, threshold, force };
        use MigrationStep::{ApplicationFirst, ForceApplication, ForceInterface};
        assert_eq!(plan("a.B", &[]), expected(ForceApplication, 0.25, false));
        assert_eq!(plan("g/a.B:1.0", &[]), expected(ForceInterface, 0.25, false));
        assert_eq!(plan("a.B:1.0", &["x", "shop"]), expected(ForceInterface, 1.0, true));
        assert_eq!(plan("a.C", &["shop"]), expected(ApplicationFirst, 1.0, true));
    }

    #[test]
    fn no_rule_leaves_the_default() {
        for text in ["", "  \n", "INIT", "key: x\n", "threshold: -1", "step:\n"] {
            let rule = MigrationRule::parse(text).unwrap();
            let plan = rule.plan(&ServiceKey::interface_only("a.B"), &[], DEFAULT);
            assert_eq!(plan, DEFAULT, "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("key: x\nstep: SOON\n", "line 2"),
            ("step: APPLICATION_FIRST\ninterfaces:\n  - step: FORCE_INTERFACE\n", "line 3"),
            ("step: [\n", "line"),
            ("key: x\n\nthreshold: much\n", "line 3"),
            ("threshold: .nan\n", "line 1"),
            ("threshold: NaN\n", "line 1"),
        ] {
            let error = MigrationRule::parse(text).unwrap_err();
            assert!(error.message().contains(line), "{text}: {error}");
        }
        assert!(MigrationRule::parse("just text").is_err());
        assert!(MigrationRule::parse(&"#".repeat(MAX_RULE + 1)).is_err());
    }

    #[test]
    fn an_alias_bomb_is_refused() {
        let mut bomb = String::from("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for i in 1..9 {
            let all = vec![format!("*a{}", i - 1); 10].join(",");
            bomb += &["a", &i.to_string(), ": &a", &i.to_string(), " [", &all, "]\n"].concat();
        }
        let error = MigrationRule::parse(&bomb).unwrap_err();
        assert!(error.message().len() < 1_000, "{error}");
    }

    #[test]
    fn application_first_compares_by_the_threshold() {
        let choose = |threshold, given, interface, application| {
            choose(Plan { threshold, ..DEFAULT }, given, interface, application)
        };
        use Level::{Application, Interface};
        assert_eq!(choose(0.0, None, pending(0), pending(0)), None);
        assert_eq!(choose(0.0, None, view(3), pending(0)), Some(Interface));
        assert_eq!(choose(0.0, Some(Interface), view(3), pending(1)), Some(Interface), "not whole");
        assert_eq!(choose(0.0, Some(Interface), view(3), view(1)), Some(Application));
        assert_eq!(choose(0.5, Some(Application), view(3), view(1)), Some(Interface));
        assert_eq!(choose(0.5, Some(Interface), view(2), view(1)), Some(Application));
        assert_eq!(choose(0.5, None, view(0), view(1)), Some(Application));
        assert_eq!(choose(0.0, Some(Application), view(1), view(0)), Some(Interface));
        assert_eq!(choose(0.0, None, pending(0), view(0)), None);
        assert_eq!(choose(0.0, None, view(0), view(0)), Some(Application));
        assert_eq!(choose(0.0, Some(Interface), view(0), view(0)), Some(Application));
        assert_eq!(choose(0.0, Some(Application), view(9), pending(1)), Some(Application));
        assert_eq!(choose(0.0, Some(Application), view(0), pending(0)), None, "it will answer");
        assert_eq!(choose(0.0, Some(Application), pending(0), view(0)), Some(Application));
    }

    #[test]
    fn a_forced_level_is_taken_when_it_is_enough() {
        let plan = Plan { step: MigrationStep::ForceApplication, threshold: 0.5, force: false };
        use Level::{Application, Interface};
        assert_eq!(choose(plan, None, View::default(), pending(0)), None);
        assert_eq!(choose(plan, None, View::default(), view(0)), Some(Application));
        assert_eq!(choose(plan, Some(Interface), view(4), pending(4)), Some(Interface));
        assert_eq!(choose(plan, Some(Interface), view(4), view(1)), Some(Interface));
        assert_eq!(choose(plan, Some(Interface), view(4), view(2)), Some(Application));
        assert_eq!(choose(plan, Some(Interface), view(0), view(0)), Some(Application));
        let force = Plan { force: true, ..plan };
        assert_eq!(choose(force, Some(Interface), view(4), view(1)), Some(Application));
        assert_eq!(choose(force, Some(Interface), view(4), pending(0)), Some(Interface));
    }
}
