//! Items that a set of files defines.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FileDescriptorSet, MessageOptions, MethodDescriptorProto,
};

use super::plain;

/// Items that a set of files defines, by full names.
#[derive(Default)]
pub(super) struct Defined {
    pub(super) messages: BTreeMap<String, DescriptorProto>,
    pub(super) enums: BTreeMap<String, EnumDescriptorProto>,
    pub(super) services: BTreeMap<String, BTreeMap<String, MethodDescriptorProto>>,
    /// The packages of all names.
    packages: BTreeMap<String, String>,
    /// The messages, with `true` where numbers are packed unless a field says otherwise.
    pub(super) is_packed: BTreeMap<String, bool>,
}

impl Defined {
    pub(super) fn of(set: FileDescriptorSet) -> Self {
        let mut all = Self::default();
        for file in set.file {
            // In `proto2` numbers are packed where the field says so, else where it does not say otherwise.
            let is_packed = !matches!(file.syntax(), "" | "proto2");
            let package = file.package.unwrap_or_default();
            let scope = if package.is_empty() { String::new() } else { format!("{package}.") };
            let of_file = (package.as_str(), is_packed);
            all.add(&scope, of_file, file.message_type, file.enum_type);
            for service in file.service {
                let methods = service.method.into_iter().map(|of| (of.name().to_owned(), of));
                let name = format!("{scope}{}", service.name.unwrap_or_default());
                all.packages.insert(name.clone(), package.clone());
                all.services.insert(name, methods.collect());
            }
        }
        all
    }

    fn add(
        &mut self,
        scope: &str,
        (package, is_packed): (&str, bool),
        messages: Vec<DescriptorProto>,
        enums: Vec<EnumDescriptorProto>,
    ) {
        for one in enums {
            let name = format!("{scope}{}", one.name());
            self.packages.insert(name.clone(), package.to_owned());
            self.enums.insert(name, one);
        }
        for mut message in messages {
            let name = format!("{scope}{}", message.name());
            let nested = std::mem::take(&mut message.nested_type);
            let enums = std::mem::take(&mut message.enum_type);
            self.add(&format!("{name}."), (package, is_packed), nested, enums);
            self.packages.insert(name.clone(), package.to_owned());
            self.is_packed.insert(name.clone(), is_packed);
            self.messages.insert(name, message);
        }
    }

    /// The name without the package.
    fn inside<'a>(&self, name: &'a str) -> &'a str {
        let package = self.packages.get(name).map_or("", String::as_str);
        name.strip_prefix(package).unwrap_or(name).trim_start_matches('.')
    }

    /// The key and the value of a map, if the type of a field is one.
    pub(super) fn entry(&self, type_name: &str) -> Option<&DescriptorProto> {
        self.messages.get(plain(type_name)).filter(|of| is_entry(of))
    }

    /// Gives items other names, in types of fields and methods too.
    pub(super) fn rename(&mut self, names: &BTreeMap<String, String>) {
        fn keys<V>(map: &mut BTreeMap<String, V>, names: &BTreeMap<String, String>) {
            let old = std::mem::take(map);
            let name = |own: String| names.get(&own).cloned().unwrap_or(own);
            map.extend(old.into_iter().map(|(own, of)| (name(own), of)));
        }
        let replace = |own: &mut Option<String>| {
            if let Some(new) = own.as_deref().and_then(|own| names.get(plain(own))) {
                *own = Some(format!(".{new}"));
            }
        };
        for message in self.messages.values_mut() {
            message.field.iter_mut().for_each(|field| replace(&mut field.type_name));
        }
        for method in self.services.values_mut().flat_map(BTreeMap::values_mut) {
            replace(&mut method.input_type);
            replace(&mut method.output_type);
        }
        keys(&mut self.messages, names);
        keys(&mut self.enums, names);
        keys(&mut self.services, names);
        keys(&mut self.is_packed, names);
    }
}

/// Returns `true` for the message that a map is made of.
pub(super) fn is_entry(of: &DescriptorProto) -> bool {
    of.options.as_ref().is_some_and(MessageOptions::map_entry)
}

/// Items that are there under another name, by the old one: those that moved to another package with their name, and
/// services of another name with the same methods.
pub(super) fn renamed(old: &Defined, new: &Defined) -> BTreeMap<String, String> {
    let mut renamed = BTreeMap::new();
    pairs(
        gone(&old.messages, &new.messages).map(|name| (old.inside(name), name)),
        gone(&new.messages, &old.messages).map(|name| (new.inside(name), name)),
        &mut renamed,
    );
    pairs(
        gone(&old.enums, &new.enums).map(|name| (old.inside(name), name)),
        gone(&new.enums, &old.enums).map(|name| (new.inside(name), name)),
        &mut renamed,
    );
    pairs(
        gone(&old.services, &new.services).map(|name| (old.inside(name), name)),
        gone(&new.services, &old.services).map(|name| (new.inside(name), name)),
        &mut renamed,
    );
    let taken: BTreeSet<String> = renamed.values().cloned().collect();
    let methods = |of: &BTreeMap<String, MethodDescriptorProto>| {
        of.keys().cloned().collect::<Vec<_>>().join(" ")
    };
    let left = |all: &Defined,
                others: &Defined,
                is_free: &dyn Fn(&str) -> bool|
     -> Vec<(String, String)> {
        let found = gone(&all.services, &others.services).filter(|name| is_free(name));
        let found = found.filter_map(|name| Some((methods(all.services.get(name)?), name.clone())));
        found.filter(|(methods, _)| !methods.is_empty()).collect()
    };
    let before = left(old, new, &|name| !renamed.contains_key(name));
    let after = left(new, old, &|name| !taken.contains(name));
    let borrow = |(methods, name): &'_ (String, String)| (methods.clone(), name.clone());
    let (before, after): (Vec<_>, Vec<_>) =
        (before.iter().map(borrow).collect(), after.iter().map(borrow).collect());
    pairs(
        before.iter().map(|(methods, name)| (methods.as_str(), name)),
        after.iter().map(|(methods, name)| (methods.as_str(), name)),
        &mut renamed,
    );
    renamed
}

fn gone<'a, V>(
    of: &'a BTreeMap<String, V>,
    others: &'a BTreeMap<String, V>,
) -> impl Iterator<Item = &'a String> {
    of.keys().filter(|name| !others.contains_key(*name))
}

/// Adds the names whose keys are on both sides, once each.
fn pairs<'a>(
    old: impl Iterator<Item = (&'a str, &'a String)>,
    new: impl Iterator<Item = (&'a str, &'a String)>,
    renamed: &mut BTreeMap<String, String>,
) {
    let by_key = |all: &mut dyn Iterator<Item = (&'a str, &'a String)>| {
        let mut found: BTreeMap<&'a str, Vec<&'a String>> = BTreeMap::new();
        all.for_each(|(key, name)| found.entry(key).or_default().push(name));
        found
    };
    let (mut old, mut new) = (old, new);
    let (old, new) = (by_key(&mut old), by_key(&mut new));
    for (key, before) in old {
        if let ([before], Some([after])) = (&before[..], new.get(key).map(Vec::as_slice)) {
            renamed.insert((*before).clone(), (*after).clone());
        }
    }
}
