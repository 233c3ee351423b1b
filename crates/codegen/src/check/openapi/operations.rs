//! Changes of operations.

use std::collections::{BTreeMap, BTreeSet};

use super::super::What;
use super::super::effect::{Effect, Sides};
use super::super::flow::Flow;
use super::Changes;
use super::read::{Operation, Parameter, Ty};
use super::types::spelled;

const NO_OPERATION: &str = "they have no such operation, and calls of it fail";
const NO_OPERATION_LEFT: &str = "new providers have no such operation, and calls of it fail";
const OTHER_ADDRESS: &str =
    "an operation is found by its verb and path, and calls go to one that is not there";

/// Adds the changes of all operations: those of one verb and path, and then those of one name.
pub(super) fn compare(changes: &mut Changes<'_>) {
    let (old, new) = (changes.old, changes.new);
    let mut gone: BTreeMap<(String, String), &Operation> =
        old.operations.iter().map(|of| (address(of), of)).collect();
    let mut come: BTreeMap<(String, String), &Operation> =
        new.operations.iter().map(|of| (address(of), of)).collect();
    let both: Vec<_> = gone.keys().filter(|of| come.contains_key(*of)).cloned().collect();
    for address in both {
        if let (Some(old), Some(new)) = (gone.remove(&address), come.remove(&address)) {
            operation(old, new, changes);
        }
    }
    let mut names: BTreeMap<&str, &Operation> =
        come.values().map(|of| (of.name.as_str(), *of)).collect();
    for old in gone.into_values() {
        let Some(new) = names.remove(old.name.as_str()) else {
            let sides = Sides {
                consumers: Effect::incompatible(NO_OPERATION_LEFT),
                providers: Effect::none(),
            };
            changes.found.add(
                &label(old),
                None,
                What::MethodRemoved,
                "the operation is gone",
                sides,
            );
            continue;
        };
        for (word, old_part, new_part) in
            [("verb", &old.verb, &new.verb), ("path", &old.path, &new.path)]
        {
            if old_part != new_part {
                let text = format!(
                    "the {word} of {} changed from {old_part} to {new_part}",
                    short(&old.name)
                );
                let sides = Sides::both(Effect::incompatible(OTHER_ADDRESS));
                changes.found.add(&label(old), None, What::AddressChanged, text, sides);
            }
        }
        operation(old, new, changes);
    }
    for new in names.into_values() {
        let sides =
            Sides { consumers: Effect::none(), providers: Effect::incompatible(NO_OPERATION) };
        changes.found.add(&label(new), None, What::MethodAdded, "the operation is new", sides);
    }
}

fn label(of: &Operation) -> String {
    format!("{} {}", of.verb, of.path)
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The verb, and the path without the names of its variables, which do not travel.
fn address(of: &Operation) -> (String, String) {
    let mut path = String::new();
    for (i, part) in of.path.split('{').enumerate() {
        match part.split_once('}') {
            Some((_, behind)) if i > 0 => path.extend(["{}", behind]),
            _ => path.push_str(part),
        }
    }
    (of.verb.clone(), path)
}

fn operation(old: &Operation, new: &Operation, changes: &mut Changes<'_>) {
    let at = label(old);
    if old.name != new.name {
        let text = format!("it is `{}` in Rust and no longer `{}`", new.name, old.name);
        let sides =
            Sides::both(Effect::fine("names of operations do not travel; callers in Rust change"));
        changes.found.add(&at, None, What::MethodRenamed, text, sides);
    }
    let (olds, news) = (by_place(old), by_place(new));
    let keys: BTreeSet<_> = olds.keys().chain(news.keys()).collect();
    for key in keys {
        match (olds.get(key), news.get(key)) {
            (Some(old), Some(new)) => parameter(&at, old, new, changes),
            (None, Some(new)) => match moved(new, &news, &olds) {
                Some(before) => {
                    let text =
                        format!("it is in the {} and no longer in the {}", new.place, before.place);
                    let reason = "it is not found where the other side looks for it";
                    let sides = Sides::both(if new.required || before.required {
                        Effect::incompatible(reason)
                    } else {
                        Effect::conditional(reason)
                    });
                    changes.found.add(&at, Some(member(before)), What::ParameterMoved, text, sides);
                }
                None => added(&at, new, changes),
            },
            (Some(old), None) if moved(old, &olds, &news).is_none() => removed(&at, old, changes),
            _ => {}
        }
    }
    if old.result != new.result {
        let text = format!(
            "the response changed from {} to {}",
            spelled(&old.result),
            spelled(&new.result)
        );
        let sides = changes.travel(Flow::REPLIES, &old.result, &new.result);
        changes.found.add(&at, None, What::ResultTypeChanged, text, sides);
    }
    accepted(&at, old, new, changes);
}

/// Adds the change of the media types of a response. Those of a response that became text, bytes or JSON are told by its type.
fn accepted(at: &str, old: &Operation, new: &Operation, changes: &mut Changes<'_>) {
    let named = |of: &Operation| -> BTreeSet<String> {
        let all = of.accept.split(',').map(str::trim);
        all.filter(|media| *media != "*/*").map(str::to_ascii_lowercase).collect()
    };
    let takes_any = |of: &Operation| of.accept.ends_with("*/*");
    let (olds, news) = (named(old), named(new));
    let is_told = old.result != new.result
        && (takes_any(old) != takes_any(new) || olds.is_empty() || news.is_empty());
    if olds == news || is_told {
        return;
    }
    let text =
        format!("the response is asked for as {} and no longer as {}", new.accept, old.accept);
    let are_others = !olds.is_empty() && !news.is_empty() && olds.is_disjoint(&news);
    let effect = if are_others {
        Effect::incompatible(
            "the provider has nothing of the media type that the consumer asks for",
        )
    } else {
        Effect::conditional("fails unless the provider can write both")
    };
    changes.found.add(at, None, What::ResultTypeChanged, text, Sides::both(effect));
}

/// Parameters by what finds them: place and name, and those of a path by their number.
fn by_place(of: &Operation) -> BTreeMap<(&'static str, String), &Parameter> {
    let variables: Vec<&str> = of
        .path
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}').map(|(name, _)| name))
        .collect();
    let key = |of: &Parameter| match of.place {
        "path" => variables
            .iter()
            .position(|name| *name == of.name)
            .map_or_else(|| of.name.clone(), |at| at.to_string()),
        "header" => of.name.to_ascii_lowercase(),
        _ => of.name.clone(),
    };
    of.parameters.iter().map(|of| ((of.place, key(of)), of)).collect()
}

/// The parameter of the same name elsewhere, which is not on this side.
fn moved<'a>(
    one: &Parameter,
    own: &BTreeMap<(&'static str, String), &Parameter>,
    others: &BTreeMap<(&'static str, String), &'a Parameter>,
) -> Option<&'a Parameter> {
    if one.place == "body" {
        return None;
    }
    let same = |of: &&&Parameter| of.name == one.name && of.place != one.place;
    let found = others.values().copied().find(|of| same(&of))?;
    let is_here_too = own.values().any(|of| of.name == found.name && of.place == found.place);
    (!is_here_too).then_some(found)
}

fn member(of: &Parameter) -> String {
    format!("{} {}", of.place, of.name).trim_end().to_owned()
}

fn need(required: bool) -> &'static str {
    if required { "required" } else { "optional" }
}

fn added(at: &str, new: &Parameter, changes: &mut Changes<'_>) {
    let text = format!("it is new: {}, {}", spelled(&new.ty), need(new.required));
    let consumers = if new.required {
        Effect::incompatible("requests without it are refused")
    } else {
        Effect::none()
    };
    let sides = Sides { consumers, providers: Effect::fine("they pass it over") };
    changes.found.add(at, Some(member(new)), What::ParameterAdded, text, sides);
}

fn removed(at: &str, old: &Parameter, changes: &mut Changes<'_>) {
    let text = format!("it is gone: {}, {}", spelled(&old.ty), need(old.required));
    let providers = if old.required {
        Effect::incompatible("they refuse requests without it")
    } else {
        Effect::none()
    };
    let sides = Sides { consumers: Effect::fine("new providers pass it over"), providers };
    changes.found.add(at, Some(member(old)), What::ParameterRemoved, text, sides);
}

fn parameter(at: &str, old: &Parameter, new: &Parameter, changes: &mut Changes<'_>) {
    if old.name != new.name {
        let text = format!("it is called {} and no longer {}", new.name, old.name);
        let sides =
            Sides::both(Effect::fine("names of variables and headers' letter case do not travel"));
        changes.found.add(at, Some(member(old)), What::ParameterRenamed, text, sides);
    }
    if old.ty != new.ty {
        let text = format!("the type changed from {} to {}", spelled(&old.ty), spelled(&new.ty));
        let sides = if old.place == "body" {
            changes.travel(Flow::REQUESTS, &old.ty, &new.ty)
        } else {
            // All of these are texts, which the provider reads.
            as_texts(changes, &old.ty, &new.ty)
        };
        changes.found.add(at, Some(member(old)), What::ParameterTypeChanged, text, sides);
    }
    if old.required != new.required {
        let text = format!("it is {} and no longer {}", need(new.required), need(old.required));
        let refused = Effect::conditional("requests without it are refused");
        let sides = if new.required {
            Sides { consumers: refused, providers: Effect::none() }
        } else {
            Sides { consumers: Effect::none(), providers: refused }
        };
        changes.found.add(at, Some(member(old)), What::ParameterNullnessChanged, text, sides);
    }
    if !old.manner.eq_ignore_ascii_case(&new.manner) {
        let manner = |of: &str| match of {
            "true" => "one parameter for each item".to_owned(),
            "false" => "one parameter with all items".to_owned(),
            other => other.to_owned(),
        };
        let text = format!(
            "it is written as {} and no longer as {}",
            manner(&new.manner),
            manner(&old.manner)
        );
        let is_list = matches!((&old.ty, &new.ty), (Ty::List(_) | Ty::Map(_) | Ty::Named(_), _));
        let effect = match (old.place, is_list) {
            ("body", _) => Effect::incompatible("a body of another media type is refused"),
            ("query", false) => Effect::fine("it makes a difference for lists and objects alone"),
            _ => Effect::conditional("fails unless the provider can read both"),
        };
        changes.found.add(
            at,
            Some(member(old)),
            What::ParameterTypeChanged,
            text,
            Sides::both(effect),
        );
    }
}

/// The sides of a parameter outside the body, which travels as a text.
fn as_texts(changes: &Changes<'_>, old: &Ty, new: &Ty) -> Sides {
    if *new == Ty::Text {
        let mut sides = changes.travel(Flow::REQUESTS, old, new);
        sides.consumers = Effect::none();
        sides.providers =
            Effect::conditional(format!("fails unless the text is of {}", spelled(old)));
        return sides;
    }
    if *old == Ty::Text {
        let consumers =
            Effect::conditional(format!("fails unless the text is of {}", spelled(new)));
        return Sides { consumers, providers: Effect::none() };
    }
    changes.travel(Flow::REQUESTS, old, new)
}
