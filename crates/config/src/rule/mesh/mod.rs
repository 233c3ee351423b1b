//! Mesh rules: `{provider application}.MESHAPPRULE`, several YAML documents.

mod destination;
mod virtual_service;

use bytestring::ByteString;
pub use destination::{DestinationRule, Subset};
pub use virtual_service::{
    ArgumentMatch, ArgumentValue, MeshDestination, MeshMatch, MeshRoute, MethodMatch, NumberMatch,
    RouteDetail, VirtualService,
};

use crate::error::{ConfigError, Position, Result, Warnings};
use crate::text::{Fields, Node};

/// The mesh rules of an application.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; pub use dubhe_config::rule::mesh::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{MeshSpec, Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let text = "kind: DestinationRule\nmetadata: {name: shop}\nspec:\n  subsets: [{name: gray, labels: {env: gray}}]\n";
/// let Rule::Mesh(rule) = validate(&DocumentKey::config("shop.MESHAPPRULE"), text)?.rule else {
///     unreachable!()
/// };
/// assert_eq!(&*rule.documents[0].suffix, "standard");
/// assert!(matches!(&rule.documents[0].spec, MeshSpec::DestinationRule(rule) if rule.subsets.len() == 1));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MeshRule {
    /// The documents in the order of the text. Without any, the rule is the same as none.
    pub documents: Vec<MeshDocument>,
}

/// A document of a mesh rule.
#[derive(Clone, Debug, PartialEq)]
pub struct MeshDocument {
    /// The place.
    pub at: Position,
    /// `metadata.name`.
    pub name: ByteString,
    /// The type of the rule: the text behind the first dot of the name, `standard` without one. A
    /// rule of another type is not followed by Dubbo's own router.
    pub suffix: ByteString,
    /// The content.
    pub spec: MeshSpec,
}

/// The content of a document of a mesh rule.
#[derive(Clone, Debug, PartialEq)]
pub enum MeshSpec {
    /// `kind: DestinationRule`: the subsets of the providers.
    DestinationRule(DestinationRule),
    /// `kind: VirtualService`: the subsets that calls get.
    VirtualService(VirtualService),
    /// Another kind, which is passed over.
    Other(ByteString),
}

const FIELDS: &[&str] = &["apiVersion", "kind", "metadata", "spec"];

impl MeshRule {
    pub(crate) fn read(documents: &[Node], warnings: &mut Warnings) -> Result<Self> {
        let mut all = Vec::new();
        for node in documents {
            // A document without name is passed over, as Java does; the others hold.
            all.extend(document(node, warnings)?);
        }
        Ok(Self { documents: all })
    }
}

fn document(node: &Node, warnings: &mut Warnings) -> Result<Option<MeshDocument>> {
    if node.is_null() {
        return Ok(None);
    }
    let fields = Fields::new(node, "a mesh rule", FIELDS, warnings)?;
    let metadata = match fields.get("metadata") {
        Some(node) if node.is_mapping() => {
            // Any metadata of Kubernetes may stand there.
            Fields::new(node, "metadata", &["name"], &mut Warnings::default())?
        }
        _ => {
            warnings.add(node.at, || "a mesh rule without metadata.name is passed over".to_owned());
            return Ok(None);
        }
    };
    let Some(name) = metadata.string("name")? else {
        return Err(ConfigError::value(metadata.at(), "metadata has no name"));
    };
    let suffix = name.split_once('.').map_or("standard", |(_, suffix)| suffix);
    let kind = fields.text("kind")?.unwrap_or_default();
    let spec = match &*kind {
        "DestinationRule" => MeshSpec::DestinationRule(DestinationRule::read(&fields, warnings)?),
        "VirtualService" => MeshSpec::VirtualService(VirtualService::read(&fields, warnings)?),
        _ => {
            warnings.add(node.at, || {
                format!(
                    "the kind {kind} is passed over; there are DestinationRule and VirtualService"
                )
            });
            MeshSpec::Other(kind)
        }
    };
    Ok(Some(MeshDocument { at: node.at, suffix: suffix.into(), name, spec }))
}

/// The field `spec`.
fn spec<'a>(fields: &Fields<'a>, known: &[&str], warnings: &mut Warnings) -> Result<Fields<'a>> {
    match fields.get("spec") {
        Some(node) => Fields::new(node, "spec", known, warnings),
        None => Err(ConfigError::value(fields.at(), "the mesh rule has no spec")),
    }
}

/// A map of texts, such as labels.
fn labels(fields: &Fields<'_>, name: &str) -> Result<Vec<(ByteString, ByteString)>> {
    let Some(node) = fields.get(name) else { return Ok(Vec::new()) };
    let crate::text::Kind::Mapping(entries) = &node.kind else {
        return Err(node.not(name, "a map of texts"));
    };
    let read = entries.iter().map(|(key, value)| {
        let key = key.text("a label")?;
        if value.is_null() {
            return Err(value.not(&format!("the label {key}"), "a text"));
        }
        let value = value.text(&key)?;
        Ok((key, value))
    });
    read.collect()
}
