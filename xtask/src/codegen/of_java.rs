//! Rust of the Java peers' interfaces, with which our side of the interop suites is written. It is in the repository,
//! since nothing but Rust is needed to build it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::JAVA;
use crate::Result;
use crate::peers::Peers;
use crate::process::{check, output};
use crate::repo::{cargo, root};

/// The folder of the generated Rust.
pub(super) const FOLDER: &str = "tests/interop/src/java";

/// The Java of the peers' interfaces, for documentation and names of parameters.
const SOURCES: [&str; 2] =
    ["tests/peers/java-dubbo/api/src/main/java", "tests/peers/java-dubbo/proto/src/main/java"];

/// The options that say what the jars do not: which interfaces are taken, what may be null, what an `Object` is.
const OPTIONS: &[(&str, &[&str])] = &[
    ("--interface", &["peer.api.*", "peer.proto.StreamService"]),
    // No method declares it.
    ("--class", &["peer.api.GreetRuntimeException"]),
    // Nobody sends an `Employee` for a `User`.
    ("--exact", &["peer.api.*"]),
    ("--non-null", &["peer.*Service.*", "peer.api.CallbackListener.*"]),
    (
        "--nullable",
        &[
            "peer.api.GreetService.echoAddress*",
            "peer.api.GreetService.echoBig*",
            "peer.api.GreetService.echoBoxed*",
            "peer.api.GreetService.echoBytes*",
            "peer.api.GreetService.echoDate*",
            "peer.api.GreetService.echoEnum",
            "peer.api.GreetService.echoEnum.v",
            "peer.api.GreetService.echoLocalDate",
            "peer.api.GreetService.echoLocalDate.v",
            "peer.api.GreetService.echoString*",
            "peer.api.GreetService.echoUser",
            "peer.api.GreetService.echoUser.v",
            "peer.api.GreetService.attachment",
            "peer.api.JsonService.boxed*",
        ],
    ),
    (
        "--type",
        &[
            // Its objects form circles.
            "peer.api.Node=value",
            // Text with lone surrogates is among the samples.
            "peer.api.GreetService.make=crate::any::Any",
            "peer.api.GreetService.check.v=crate::any::Any",
            // Nulls within.
            "peer.api.JsonService.intList=Vec<Option<i32>>",
            "peer.api.JsonService.intList.v=Vec<Option<i32>>",
            "peer.api.Fields.texts=Option<std::collections::HashMap<String, Option<String>>>",
        ],
    ),
    (
        "--method",
        &[
            "peer.api.GreetService.attachment=context",
            "peer.api.PlaceService.where=context",
            "peer.api.CallbackService.leave=end_callbacks",
        ],
    ),
];

/// Writes the folder anew.
pub(super) fn write(peers: &Peers) -> Result<()> {
    generate(peers, &root().join(FOLDER))
}

/// Compares what the jars give today with what is in the repository.
pub(super) fn compare(peers: &Peers) -> Result<()> {
    let folder = peers.file("java-peers");
    generate(peers, &folder)?;
    let (now, there) = (files(&folder)?, files(&root().join(FOLDER))?);
    let differ = |path: &&String| now.get(*path) != there.get(*path);
    let mut paths: Vec<&String> = now.keys().chain(there.keys()).filter(differ).collect();
    paths.sort();
    paths.dedup();
    if paths.is_empty() {
        return Ok(());
    }
    Err(format!(
        "{FOLDER} is not what the jars give: {paths:?}; write it by `cargo xtask generate`"
    )
    .into())
}

/// A crate of the part of the folder whose Java needs no library, and the type that the options name.
pub(super) fn api() -> String {
    let root = root();
    let root = root.display();
    format!(
        "#[path = \"{root}/tests/interop/src/any.rs\"] mod any; mod java {{ #[path = \"{root}/{FOLDER}/api/mod.rs\"] pub mod \
         api; }}"
    )
}

/// Makes Rust of the jars by the command of users.
fn generate(peers: &Peers, folder: &Path) -> Result<()> {
    let jars = output(&mut peers.command(JAVA, &["jars"]))?;
    let mut command = cargo(&["run", "--package", "dubhe-cli", "--bin", "dubhe", "--", "gen"]);
    command.args(jars.lines()).arg("--out").arg(folder);
    command.args(SOURCES.iter().flat_map(|of| ["--sources", of]));
    for (option, values) in OPTIONS {
        command.args(values.iter().flat_map(|value| [option, value]));
    }
    check(&mut command)
}

/// The text of the files of a folder and those below it, by their paths in it.
fn files(folder: &Path) -> Result<BTreeMap<String, String>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            let below = files(&path)?;
            found.extend(below.into_iter().map(|(path, text)| (format!("{name}/{path}"), text)));
        } else {
            found.insert(name, fs::read_to_string(&path)?);
        }
    }
    Ok(found)
}
