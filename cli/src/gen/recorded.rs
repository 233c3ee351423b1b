//! The options that decide what is written, in the generated `mod.rs`: `--check` compares with the same ones.

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum as _;
use dubhe_codegen::folder;

use super::options::{GenArgs, Nulls};
use crate::failure::remark;

/// Beginning of the line of an option, behind the first line of the file.
const LINE: &str = "// with ";

/// Adds the options to the root of the files.
pub(super) fn write(options: &GenArgs, files: &mut BTreeMap<String, String>) {
    let Some(root) = files.get_mut("mod.rs") else { return };
    let mut at = root.find('\n').map_or(root.len(), |end| end + 1);
    for (option, value) in given(options) {
        if value.chars().all(is_plain) {
            let line = format!("{LINE}{option} {value}\n");
            root.insert_str(at, &line);
            at += line.len();
        }
    }
}

/// Takes the options that the code in `folder` was written with, if none are given. Returns a hint for the case of
/// differences if others are given.
pub(super) fn take(options: &mut GenArgs, folder: &Path) -> Option<String> {
    // What is wrong with the file is said where it is compared.
    let root = folder::read(&folder.join("mod.rs")).unwrap_or_default();
    let there = recorded(&root);
    let given = given(options);
    if given.is_empty() {
        for (option, value) in &there {
            set(options, option, value);
        }
        if !there.is_empty() {
            remark(&format!(
                "note: compared with the options of {}: {}",
                folder.display(),
                line(&there)
            ));
        }
        return None;
    }
    let sorted = |list: &[(String, String)]| {
        let mut list = list.to_vec();
        list.sort();
        list
    };
    let of_there = match &*there {
        [] => "no options that are recorded".to_owned(),
        there => line(there),
    };
    (sorted(&given) != sorted(&there)).then(|| {
        format!(
            "hint: {} was written with {of_there}, and is compared with {}: without options it is compared with its own",
            folder.display(),
            line(&given)
        )
    })
}

/// The options at the beginning of a file.
fn recorded(root: &str) -> Vec<(String, String)> {
    let lines = root.lines().skip(1).map_while(|line| line.strip_prefix(LINE));
    lines
        .filter_map(|line| line.split_once(' '))
        .map(|(a, b)| (a.to_owned(), b.to_owned()))
        .collect()
}

fn line(options: &[(String, String)]) -> String {
    let all: Vec<String> =
        options.iter().map(|(option, value)| format!("{option} {value}")).collect();
    all.join(" ")
}

/// Returns `true` for what a comment of one line can hold as it is.
fn is_plain(c: char) -> bool {
    c.is_alphanumeric() || c.is_ascii_graphic() || c == ' '
}

/// The options that are given, each with its value.
fn given(options: &GenArgs) -> Vec<(String, String)> {
    let nulls = options.unannotated.and_then(|of| of.to_possible_value());
    let unannotated: Vec<String> = nulls.iter().map(|of| of.get_name().to_owned()).collect();
    let one = |of: &Option<String>| of.iter().cloned().collect::<Vec<_>>();
    let all = [
        ("--interface", options.interfaces.clone()),
        ("--group", one(&options.group)),
        ("--version", one(&options.version)),
        ("--class", options.classes.clone()),
        ("--exact", options.exact.clone()),
        ("--type", options.types.clone()),
        ("--rename", options.renames.clone()),
        ("--unannotated", unannotated),
        ("--nullable", options.nullable.clone()),
        ("--non-null", options.non_null.clone()),
        ("--method", options.methods.clone()),
    ];
    let each = all.into_iter().flat_map(|(option, values)| {
        values.into_iter().map(move |value| (option.to_owned(), value))
    });
    each.collect()
}

fn set(options: &mut GenArgs, option: &str, value: &str) {
    let value = value.to_owned();
    match option {
        "--interface" => options.interfaces.push(value),
        "--group" => options.group = Some(value),
        "--version" => options.version = Some(value),
        "--class" => options.classes.push(value),
        "--exact" => options.exact.push(value),
        "--type" => options.types.push(value),
        "--rename" => options.renames.push(value),
        "--unannotated" => options.unannotated = Nulls::from_str(&value, false).ok(),
        "--nullable" => options.nullable.push(value),
        "--non-null" => options.non_null.push(value),
        "--method" => options.methods.push(value),
        _ => {}
    }
}
