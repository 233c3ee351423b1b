//! Start-up configuration: `dubbo.properties`, and YAML of an application.

use std::collections::BTreeMap;

use bytestring::ByteString;

use crate::error::{ConfigError, Position, Result, Warnings};
use crate::limits::{MAX_EXPANDED, MAX_PROPERTIES};
use crate::text::{Kind, Node, properties};

/// A start-up configuration: values by Dubbo's keys, with their places.
///
/// Keys are those of properties: `dubbo.protocol.name`. In YAML they are the names on the way to the
/// value, with `[0]` for the items of a list. A key in camel case is the same as one with hyphens, as
/// in Java: `serviceDiscovery` is `service-discovery`. Placeholders such as `${user.home}` are
/// left as they are.
///
/// ```
/// # mod dubhe { pub mod config { pub use dubhe_config::*; } pub mod documents { pub use dubhe_core::documents::*; } }
/// use dubhe::config::{Rule, validate};
/// use dubhe::documents::DocumentKey;
///
/// let text = "# the registry\ndubbo.registry.address = zookeeper://127.0.0.1:2181\n";
/// let Rule::StartUp(config) = validate(&DocumentKey::config("dubbo.properties"), text)?.rule else {
///     unreachable!()
/// };
/// let address = config.get("dubbo.registry.address").unwrap();
/// assert_eq!((&*address.value, address.at.line), ("zookeeper://127.0.0.1:2181", 2));
/// # Ok::<(), dubhe::config::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StartUp {
    values: BTreeMap<String, Setting>,
}

/// A value of a start-up configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// The key, as it is written.
    pub key: ByteString,
    /// The value.
    pub value: ByteString,
    /// The place of the key in properties, of the value in YAML.
    pub at: Position,
}

impl StartUp {
    pub(crate) fn read_properties(text: &str, warnings: &mut Warnings) -> Result<Self> {
        let mut read = Self::default();
        for property in properties::parse(text)? {
            let (key, value) = (property.key.into(), property.value.into());
            read.add(Setting { key, value, at: property.at }, warnings)?;
        }
        Ok(read)
    }

    pub(crate) fn read_yaml(node: &Node, warnings: &mut Warnings) -> Result<Self> {
        if !node.is_mapping() {
            return Err(node.not("the configuration", "a map of fields"));
        }
        let mut read = Self::default();
        read.flatten(String::new(), node, &mut 0, warnings)?;
        Ok(read)
    }

    /// Adds the values below `key`. The bytes of keys are counted, as long names of maps come again
    /// in each of them.
    fn flatten(
        &mut self,
        key: String,
        node: &Node,
        bytes: &mut usize,
        warnings: &mut Warnings,
    ) -> Result<()> {
        *bytes = bytes.saturating_add(key.len());
        if *bytes > MAX_EXPANDED {
            let what = format!("all keys have more than {MAX_EXPANDED} bytes");
            return Err(ConfigError::limit(node.at, what));
        }
        match &node.kind {
            Kind::Mapping(entries) => {
                for (name, value) in entries {
                    let name = name.text("a key")?;
                    let key =
                        if key.is_empty() { name.to_string() } else { format!("{key}.{name}") };
                    self.flatten(key, value, bytes, warnings)?;
                }
                Ok(())
            }
            Kind::Sequence(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.flatten(format!("{key}[{index}]"), item, bytes, warnings)?;
                }
                Ok(())
            }
            Kind::Scalar(_) => {
                let value = if node.is_null() { ByteString::new() } else { node.text(&key)? };
                self.add(Setting { key: key.into(), value, at: node.at }, warnings)
            }
        }
    }

    fn add(&mut self, setting: Setting, warnings: &mut Warnings) -> Result<()> {
        let key = hyphenated(&setting.key);
        if let Some(earlier) = self.values.get(&key) {
            let line = earlier.at.line;
            warnings.add(setting.at, || {
                format!("{key} is there already, in line {line}; the last one is taken")
            });
        } else if self.values.len() >= MAX_PROPERTIES {
            let what = format!("there are more than {MAX_PROPERTIES} values");
            return Err(ConfigError::limit(setting.at, what));
        }
        self.values.insert(key, setting);
        Ok(())
    }

    /// Returns the value of a key.
    pub fn get(&self, key: &str) -> Option<&Setting> {
        self.values.get(&hyphenated(key))
    }

    /// Returns the values whose keys, with hyphens, begin with `prefix`.
    pub(crate) fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &Setting)> {
        let all = self.values.range(prefix.to_owned()..).map(|(key, value)| (&**key, value));
        all.take_while(move |(key, _)| key.starts_with(prefix))
    }

    /// Returns all values, in the order of their keys.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Setting> {
        self.values.values()
    }
}

/// A key with its camel case parted by hyphens.
fn hyphenated(key: &str) -> String {
    let mut out = String::with_capacity(key.len());
    let mut before = '.';
    for c in key.chars() {
        if c.is_ascii_uppercase() {
            if before.is_ascii_lowercase() || before.is_ascii_digit() {
                out.push('-');
            }
            out.push(c.to_ascii_lowercase());
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn camel_case_and_hyphens_are_one_key() {
        for (key, same) in [
            ("dubbo.application.qosEnable", "dubbo.application.qos-enable"),
            ("dubbo.registry.useAsConfigCenter", "dubbo.registry.use-as-config-center"),
            ("DUBBO", "dubbo"),
            ("a.B1C", "a.b1-c"),
        ] {
            assert_eq!(hyphenated(key), same);
        }
    }

    #[test]
    fn yaml_has_the_keys_of_properties() {
        let text = "dubbo:\n  registries:\n    zk: {address: 'zookeeper://a:2181', check: no}\n  ids: [a, 2]\n  x:\n";
        let node = crate::text::parse(text, &mut Warnings::default()).unwrap().unwrap();
        let read = StartUp::read_yaml(&node, &mut Warnings::default()).unwrap();
        let all: Vec<_> = read.iter().map(|s| (&*s.key, &*s.value, s.at.line)).collect();
        assert_eq!(
            all,
            [
                ("dubbo.ids[0]", "a", 4),
                ("dubbo.ids[1]", "2", 4),
                ("dubbo.registries.zk.address", "zookeeper://a:2181", 3),
                ("dubbo.registries.zk.check", "false", 3),
                ("dubbo.x", "", 5),
            ]
        );
    }
}
