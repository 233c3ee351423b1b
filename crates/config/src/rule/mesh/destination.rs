//! Destination rules: named subsets of the providers of an application.

use bytestring::ByteString;

use super::{labels, spec};
use crate::error::{ConfigError, Position, Result, Warnings};
use crate::text::{Fields, limited};

/// The subsets of the providers of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestinationRule {
    /// `host`.
    pub host: Option<ByteString>,
    /// The subsets.
    pub subsets: Vec<Subset>,
    /// `trafficPolicy.loadBalancer.simple`, such as `ROUND_ROBIN`. Java reads it and does not use it.
    pub load_balancer: Option<ByteString>,
}

/// A named subset of providers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subset {
    /// The place.
    pub at: Position,
    /// The name; the last one of equal names counts.
    pub name: Option<ByteString>,
    /// The parameters that a provider must have, all of them; every provider without any.
    pub labels: Vec<(ByteString, ByteString)>,
}

impl DestinationRule {
    pub(super) fn read(fields: &Fields<'_>, warnings: &mut Warnings) -> Result<Self> {
        let fields = spec(fields, &["host", "subsets", "trafficPolicy"], warnings)?;
        let Some(node) = fields.get("subsets") else {
            let error = ConfigError::value(fields.at(), "the destination rule has no subsets");
            return Err(error.hint("write subsets: with a list of names and labels"));
        };
        let Some(items) = node.as_sequence() else { return Err(node.not("subsets", "a list")) };
        let mut subsets = Vec::new();
        for item in limited(items, node.at, "subsets")? {
            let fields = Fields::new(item, "a subset", &["name", "labels"], warnings)?;
            let labels = labels(&fields, "labels")?;
            subsets.push(Subset { at: item.at, name: fields.text("name")?, labels });
        }
        let load_balancer = match fields.get("trafficPolicy") {
            Some(policy) => {
                let policy = Fields::new(policy, "trafficPolicy", &["loadBalancer"], warnings)?;
                match policy.get("loadBalancer") {
                    Some(node) => {
                        let known = &["simple", "consistentHash"];
                        Fields::new(node, "loadBalancer", known, warnings)?.text("simple")?
                    }
                    None => None,
                }
            }
            None => None,
        };
        Ok(Self { host: fields.text("host")?, subsets, load_balancer })
    }
}
