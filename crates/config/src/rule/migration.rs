//! Migration rules: `{application}.migration`.

use std::str::FromStr;

use bytestring::ByteString;
use dubhe_core::{Code, Status};

use crate::error::{ConfigError, Result, Warnings};
use crate::text::{Fields, Node};

/// A migration rule: which of the two models of registration the consumers of an application use. An
/// empty text, and `INIT`, stand for the rule that decides nothing.
///
/// Source: Dubbo Java `MigrationRule`, `SubMigrationRule`, `MigrationRuleListener`.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; pub use dubhe_config::rule::migration::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Keys, MigrationStep, Rule, validate};
///
/// let key = Keys::migration("shop");
/// let Rule::Migration(rule) = validate(&key, "key: shop\nstep: FORCE_INTERFACE\n")?.rule else {
///     unreachable!()
/// };
/// assert_eq!(rule.all.step, Some(MigrationStep::ForceInterface));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MigrationRule {
    /// `key`: the consumer's application.
    pub key: Option<ByteString>,
    /// The migration of services that are not named.
    pub all: Migration,
    /// `interfaces`: services by their key.
    pub interfaces: Vec<(Option<ByteString>, Migration)>,
    /// `applications`: the services of applications, by their name.
    pub applications: Vec<(Option<ByteString>, Migration)>,
}

/// The migration of some services; what is `None` is decided elsewhere.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Migration {
    /// The step.
    pub step: Option<MigrationStep>,
    /// The share of instances that must be registered in the new model, 0.0 to 1.0.
    pub threshold: Option<f32>,
    /// The share of consumers that migrate, in percent.
    pub proportion: Option<i32>,
    /// The delay in seconds.
    pub delay: Option<i32>,
    /// Do not wait for the threshold.
    pub force: Option<bool>,
}

/// A step of the migration to application-level discovery.
///
/// ```
/// # mod dubhe { pub mod registry { pub use dubhe_config::rule::migration as application; } }
/// use dubhe::registry::application::MigrationStep;
///
/// assert_eq!("FORCE_INTERFACE".parse().ok(), Some(MigrationStep::ForceInterface));
/// assert_eq!(MigrationStep::default(), MigrationStep::ApplicationFirst);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

impl MigrationStep {
    /// Returns Dubbo's name, such as `FORCE_INTERFACE`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ForceInterface => "FORCE_INTERFACE",
            Self::ApplicationFirst => "APPLICATION_FIRST",
            Self::ForceApplication => "FORCE_APPLICATION",
        }
    }
}

impl FromStr for MigrationStep {
    type Err = Status;

    fn from_str(text: &str) -> std::result::Result<Self, Status> {
        let steps = [Self::ForceInterface, Self::ApplicationFirst, Self::ForceApplication];
        steps.into_iter().find(|step| step.as_str() == text).ok_or_else(|| {
            Status::new(
                Code::InvalidArgument,
                format!(
                    "{text:?} is no step of a migration; write FORCE_INTERFACE, APPLICATION_FIRST or \
                     FORCE_APPLICATION"
                ),
            )
        })
    }
}

/// The text by which Dubbo Java means that there is no rule.
const INIT: &str = "INIT";

const FIELDS: &[&str] =
    &["key", "step", "threshold", "proportion", "delay", "force", "interfaces", "applications"];
const ENTRY: &[&str] = &["serviceKey", "step", "threshold", "proportion", "delay", "force"];

impl MigrationRule {
    /// Returns `true` if a text says that there is no rule.
    pub(crate) fn is_none(text: &str) -> bool {
        matches!(text.trim(), "" | INIT)
    }

    pub(crate) fn read(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        let fields = Fields::new(node, "a migration rule", FIELDS, warnings)?;
        Ok(Self {
            key: fields.string("key")?,
            all: migration(&fields, warnings)?,
            interfaces: entries(&fields, "interfaces", warnings)?,
            applications: entries(&fields, "applications", warnings)?,
        })
    }
}

fn entries(
    fields: &Fields<'_>,
    name: &str,
    warnings: &mut Warnings,
) -> Result<Vec<(Option<ByteString>, Migration)>> {
    let items = fields.list(name, warnings)?.unwrap_or_default();
    let read = items.iter().map(|item| {
        let fields = Fields::new(item, name, ENTRY, warnings)?;
        Ok((fields.string("serviceKey")?, migration(&fields, warnings)?))
    });
    read.collect()
}

fn migration(fields: &Fields<'_>, warnings: &mut Warnings) -> Result<Migration> {
    let step = match fields.get("step") {
        None => None,
        Some(node) => {
            let step = node.text("step")?.parse();
            Some(step.map_err(|error: Status| ConfigError::value(node.at, error.message()))?)
        }
    };
    let threshold: Option<f32> = fields.number("threshold")?;
    if let Some(node) = fields.get("threshold")
        && threshold.is_some_and(|threshold| !threshold.is_finite())
    {
        return Err(ConfigError::value(node.at, "threshold is no share"));
    }
    Ok(Migration {
        step,
        // A negative one is none, as in Java.
        threshold: threshold.filter(|threshold| *threshold >= 0.0),
        proportion: fields.number("proportion")?,
        delay: fields.number("delay")?,
        force: fields.bool("force", warnings)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Keys, Rule, validate};

    fn read(text: &str) -> std::result::Result<MigrationRule, ConfigError> {
        match validate(&Keys::migration("shop"), text)?.rule {
            Rule::Migration(rule) => Ok(rule),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn no_rule_decides_nothing() {
        for text in ["", "  \n", "INIT", "threshold: -1", "step:\n"] {
            assert_eq!(read(text).unwrap(), MigrationRule::default(), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        for (text, line) in [
            ("key: x\nstep: SOON\n", 2),
            ("step: [\n", 1),
            ("key: x\n\nthreshold: much\n", 3),
            ("key: x\nthreshold: .nan\n", 2),
            ("threshold: NaN\n", 1),
            ("interfaces:\n  - serviceKey: a.B\n    step: never\n", 3),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.to_string().contains(&format!("line {line}")), "{text}: {error}");
        }
        assert!(read("just text").is_err());
    }
}
