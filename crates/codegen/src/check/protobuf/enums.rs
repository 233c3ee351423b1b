//! Changes of enums.

use std::collections::BTreeMap;

use prost_types::EnumDescriptorProto;

use super::super::What;
use super::super::effect::Sides;
use super::super::found::Found;
use super::both;
use super::fields::USED;

const UNKNOWN: &str =
    "who does not know the value has its number in binary, and refuses its name in JSON";

impl Found {
    pub(super) fn enumeration(
        &mut self,
        name: &str,
        old: Option<&EnumDescriptorProto>,
        new: Option<&EnumDescriptorProto>,
    ) {
        let (old, new) = match (old, new) {
            (Some(old), Some(new)) => (old, new),
            (None, _) => {
                let text = "the enum is new".to_owned();
                return self.add(name, None, What::ClassAdded, text, Sides::fine(USED));
            }
            (_, None) => {
                let text = "the enum is gone".to_owned();
                return self.add(name, None, What::ClassRemoved, text, Sides::fine(USED));
            }
        };
        let reserves = |of: &EnumDescriptorProto, number: i32| {
            of.reserved_range.iter().any(|of| (of.start()..=of.end()).contains(&number))
        };
        let values = |of: &EnumDescriptorProto| -> BTreeMap<String, i32> {
            of.value.iter().map(|value| (value.name().to_owned(), value.number())).collect()
        };
        let (olds, news) = (values(old), values(new));
        // A value of one number that only one side knows by its name.
        let called = |own: &BTreeMap<String, i32>, others: &BTreeMap<String, i32>, number: i32| {
            let mut found =
                own.iter().filter(|(name, of)| **of == number && !others.contains_key(*name));
            found.next().map(|(name, _)| name.clone())
        };
        for (value, before, after) in both(&olds, &news) {
            let (what, text, sides) = match (before, after) {
                (None, Some(number)) if called(&olds, &news, *number).is_some() => continue,
                (None, Some(number)) if reserves(old, *number) => {
                    let text = format!("the value is new: {value} = {number}, which was reserved");
                    let reason = "who knows an older file has another value under this number";
                    (What::ConstantAdded, text, Sides::conditional(reason))
                }
                (None, Some(number)) => {
                    let text = format!("the value is new: {value} = {number}");
                    (What::ConstantAdded, text, Sides::conditional(UNKNOWN))
                }
                (Some(number), None) => match called(&news, &olds, *number) {
                    Some(other) => {
                        let text = format!("the value {number} is called {other} now");
                        (
                            What::ConstantRenamed,
                            text,
                            Sides::conditional("names travel in JSON alone"),
                        )
                    }
                    None => {
                        let kept = if reserves(new, *number) { ", reserved now" } else { "" };
                        let text = format!("the value is gone: {value} = {number}{kept}");
                        (What::ConstantRemoved, text, Sides::conditional(UNKNOWN))
                    }
                },
                (Some(before), Some(after)) if before != after => {
                    let text = format!("the number changed from {before} to {after}");
                    let reason = "values travel by number: it is read as the value that has the number there";
                    (What::NumberChanged, text, Sides::incompatible(reason))
                }
                _ => continue,
            };
            self.add(name, Some(value.clone()), what, text, sides);
        }
    }
}
