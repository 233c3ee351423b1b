//! Migration rules: `{application}.migration`.

use bytestring::ByteString;

use crate::error::{ConfigError, Result, Warnings};
use crate::text::{Fields, Node};

/// A migration rule: which of the two models of registration the consumers of an application use.
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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MigrationStep {
    /// Interface-level discovery alone.
    ForceInterface,
    /// Both; application-level discovery where it has providers.
    ApplicationFirst,
    /// Application-level discovery alone.
    ForceApplication,
}

const STEPS: &[(&str, MigrationStep)] = &[
    ("FORCE_INTERFACE", MigrationStep::ForceInterface),
    ("APPLICATION_FIRST", MigrationStep::ApplicationFirst),
    ("FORCE_APPLICATION", MigrationStep::ForceApplication),
];

const FIELDS: &[&str] =
    &["key", "step", "threshold", "proportion", "delay", "force", "interfaces", "applications"];
const ENTRY: &[&str] = &["serviceKey", "step", "threshold", "proportion", "delay", "force"];

impl MigrationRule {
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
            let text = node.text("step")?;
            let known = STEPS.iter().find(|(name, _)| *name == &*text);
            let Some((_, step)) = known else {
                let error = ConfigError::value(node.at, format!("there is no step {text}"));
                return Err(error
                    .hint("steps are FORCE_INTERFACE, APPLICATION_FIRST and FORCE_APPLICATION"));
            };
            Some(*step)
        }
    };
    Ok(Migration {
        step,
        threshold: fields.number("threshold")?,
        proportion: fields.number("proportion")?,
        delay: fields.number("delay")?,
        force: fields.bool("force", warnings)?,
    })
}
