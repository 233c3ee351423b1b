//! The field `match` of a configurator.

use bytestring::ByteString;

use super::super::condition::Glob;
use super::super::string_match::{ParamMatch, StringMatch, one_of, param_match};
use crate::error::{ConfigError, Result, Warnings};
use crate::text::{Fields, Node};

/// The conditions of a configurator of v3.0: all that are set must hold (Dubbo Java
/// `ConditionMatch`).
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::rule::configurator::*; pub use dubhe_config::rule::condition::Glob; } }
/// use dubhe::config::{AddressMatch, ConditionMatch, Glob};
///
/// // match: {address: {wildcard: "10.*"}}
/// let address = AddressMatch::Wildcard(Glob::parse("10.*"));
/// let matching = ConditionMatch { address: Some(address), ..ConditionMatch::default() };
/// # assert!(matching.service.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConditionMatch {
    /// The host of the process that reads the rule.
    pub address: Option<AddressMatch>,
    /// The `host:port` of the provider.
    pub provider_address: Option<AddressMatch>,
    /// The key of the service, `group/interface:version`: one of these.
    pub service: Option<Vec<StringMatch>>,
    /// The application: one of these.
    pub app: Option<Vec<StringMatch>>,
    /// Parameters of the URL: all of these.
    pub params: Option<Vec<ParamMatch>>,
}

/// A match of an address. Of several fields the first one here counts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum AddressMatch {
    /// `cird`, as Dubbo spells it, and `cidr`: the text itself, or a network or pattern of IP
    /// addresses. On `providerAddress` it matches nothing, as the port is in the way.
    Cidr(ByteString),
    /// `wildcard`: a pattern with one star; `0.0.0.0` is every address.
    Wildcard(Glob),
    /// `exact`: the address itself.
    Exact(ByteString),
    /// No field is set: no address.
    Nothing,
}

pub(super) fn condition_match(node: &Node, warnings: &mut Warnings) -> Result<ConditionMatch> {
    let known = &["address", "providerAddress", "service", "app", "param"];
    let fields = Fields::new(node, "match", known, warnings)?;
    let address = |name, warnings: &mut Warnings| match fields.get(name) {
        Some(node) if node.is_mapping() => address_match(node, name, warnings).map(Some),
        Some(node) => {
            let what = node.what();
            warnings.add(node.at, || format!("{name} is {what}, not a map; it is passed over"));
            Ok(None)
        }
        None => Ok(None),
    };
    let (own, provider) = (address("address", warnings)?, address("providerAddress", warnings)?);
    let one = |name, warnings: &mut Warnings| {
        fields.get(name).map(|node| one_of(node, name, warnings)).transpose()
    };
    let (service, app) = (one("service", warnings)?, one("app", warnings)?);
    let params = match fields.list("param", warnings)? {
        Some(items) => {
            let read = items.iter().map(|item| param_match(item, warnings));
            Some(read.collect::<Result<_>>()?)
        }
        None => None,
    };
    Ok(ConditionMatch { address: own, provider_address: provider, service, app, params })
}

fn address_match(node: &Node, name: &str, warnings: &mut Warnings) -> Result<AddressMatch> {
    let fields = Fields::new(node, name, &["cird", "cidr", "wildcard", "exact"], warnings)?;
    if let Some(node) = fields.get("cird").or_else(|| fields.get("cidr")) {
        let text = node.text("cird")?;
        if name == "providerAddress" {
            warnings.add(node.at, || {
                "cird of providerAddress matches nothing, as the address has a port".to_owned()
            });
        } else if !is_ip_expression(&text) {
            let error = ConfigError::value(node.at, format!("cird is {text}, not a network"));
            return Err(error
                .hint("write a network such as 10.0.0.0/8; Java fails every call with this one"));
        }
        return Ok(AddressMatch::Cidr(text));
    }
    if let Some(text) = fields.text("wildcard")? {
        return Ok(AddressMatch::Wildcard(match &*text {
            "0.0.0.0" => Glob::Any,
            text => Glob::parse(text),
        }));
    }
    Ok(match fields.text("exact")? {
        Some(text) => AddressMatch::Exact(text),
        None => {
            warnings.add(node.at, || format!("{name} says nothing, so it matches nothing"));
            AddressMatch::Nothing
        }
    })
}

/// Returns `true` for networks, patterns of four or eight parts, and the star
/// (Dubbo Java `NetUtils.matchIpExpression`).
fn is_ip_expression(text: &str) -> bool {
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits)),
        None => (text, None),
    };
    if let Some(bits) = bits {
        let most = if address.contains(':') { 128 } else { 32 };
        let fits = bits.parse::<u8>().is_ok_and(|bits| bits <= most);
        return fits && address.parse::<std::net::IpAddr>().is_ok();
    }
    address == "*"
        || address.parse::<std::net::IpAddr>().is_ok()
        || matches!(
            (address.split('.').count(), address.split(':').count()),
            (4, 1 | 2) | (1, 8 | 9)
        )
}
