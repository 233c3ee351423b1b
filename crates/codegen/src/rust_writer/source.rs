//! Names of jars without their versions, so that a new release changes the files of what it changed alone.

use std::collections::BTreeSet;

use crate::model::Api;

/// Words behind the number of a version.
const QUALIFIERS: [&str; 13] = [
    "alpha",
    "beta",
    "cr",
    "final",
    "ga",
    "incubating",
    "jre",
    "m",
    "milestone",
    "pre",
    "rc",
    "release",
    "snapshot",
];

/// The source of a type without versions of Maven: `orders-api.jar` for `orders-api-1.2.jar`, `orders-api-1.2-SNAPSHOT.jar`
/// and `orders-api-1.2.3.RELEASE.jar`. The name of a jar in another may have one, too.
pub(super) fn unversioned(source: &str) -> String {
    source.split(" in ").map(artifact).collect::<Vec<_>>().join(" in ")
}

/// The sources that have versions.
pub(super) fn versioned(api: &Api) -> Vec<&str> {
    let all: BTreeSet<&str> = api.types.values().map(|declared| &*declared.source).collect();
    all.into_iter().filter(|source| unversioned(source) != **source).collect()
}

fn artifact(file: &str) -> String {
    let jar = file
        .rsplit_once('.')
        .filter(|(_, end)| ["jar", "war"].iter().any(|known| end.eq_ignore_ascii_case(known)));
    let Some((name, end)) = jar else { return file.to_owned() };
    let parts: Vec<&str> = name.split('-').collect();
    // The last number, with those before it, such as the time of a snapshot, and the words behind it.
    let Some(last) = parts.iter().skip(1).rposition(|part| is_number(part)).map(|at| at + 1) else {
        return file.to_owned();
    };
    let before = parts.iter().take(last).skip(1).rev().take_while(|part| is_number(part)).count();
    let behind = parts.iter().skip(last + 1).take_while(|part| is_qualifier(part)).count();
    let kept = parts.iter().take(last - before).chain(parts.iter().skip(last + 1 + behind));
    format!("{}.{end}", kept.copied().collect::<Vec<_>>().join("-"))
}

/// `1`, `1.2`, `1.2.3.RELEASE`, `2.0rc1`.
fn is_number(part: &str) -> bool {
    let first = part.split('.').next().unwrap_or_default();
    !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_digit())
}

/// `SNAPSHOT`, `rc1`, `M2`.
fn is_qualifier(part: &str) -> bool {
    let word = part.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.').to_ascii_lowercase();
    QUALIFIERS.contains(&&*word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_maven_are_left_out() {
        for (file, artifact) in [
            ("orders-api-1.2.jar", "orders-api.jar"),
            ("orders-api-1.2-SNAPSHOT.jar", "orders-api.jar"),
            ("orders-api-1.2-20261130.141033-7.jar", "orders-api.jar"),
            ("orders-api-1.2.3.RELEASE.jar", "orders-api.jar"),
            ("orders-api-2.0-rc1.war", "orders-api.war"),
            ("orders-api-1.2-client.jar", "orders-api-client.jar"),
            ("log4j-1.2-api-2.17.1.jar", "log4j-1.2-api.jar"),
            ("guava-32.1.3-jre.jar in app-1.0.jar", "guava.jar in app.jar"),
            ("orders-api.jar", "orders-api.jar"),
            ("base-64x.jar", "base-64x.jar"),
            ("1.2.jar", "1.2.jar"),
            ("Order.class", "Order.class"),
            ("zookeeper://127.0.0.1-2:2181", "zookeeper://127.0.0.1-2:2181"),
            ("", ""),
        ] {
            assert_eq!(unversioned(file), artifact, "{file}");
        }
    }
}
