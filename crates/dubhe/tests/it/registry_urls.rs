//! The parameters of registry URLs, as the manual has them.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use dubhe::registry::RegistryParts;
use dubhe_testkit::log::Lines;
use tracing::Level;

/// The names in the first column of the tables of a section of the manual.
fn documented(title: &str) -> Vec<&'static str> {
    let page = include_str!("../../../../docs/user/configuration.md");
    let section = page.split("\n## ").find(|section| section.starts_with(title)).unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split(" | ").next());
    let names = rows.flat_map(|cell| cell.split('`').step_by(2));
    let names: Vec<_> = names.filter(|name| !name.is_empty()).collect();
    assert!(names.len() > 4, "{title}: {names:?}");
    names
}

#[tokio::test]
async fn no_parameter_of_the_manual_is_one_that_is_not_known() {
    let (lines, _guard) = Lines::of_this_thread(Level::WARN);
    let shared = [documented("Every registry"), documented("The application level")].concat();
    for (url, title) in [
        ("memory://", ""),
        ("file:///tmp/x", ""),
        ("zookeeper://127.0.0.1:1", "ZooKeeper"),
        ("nacos://127.0.0.1:1", "Nacos"),
        ("etcd://127.0.0.1:1", "etcd"),
    ] {
        let own = if title.is_empty() { Vec::new() } else { documented(title) };
        for name in shared.iter().chain(&own) {
            // Whether or not it can have this value.
            let _ = RegistryParts::open(&format!("{url}?{name}=x"), "shop");
            assert_eq!(lines.with("is not known"), [""; 0], "{url} {name}");
        }
        assert!(RegistryParts::open(&format!("{url}?gruop=x"), "shop").is_ok(), "{url}");
        let said = lines.take();
        let said: Vec<_> = said.iter().filter(|line| line.contains("is not known")).collect();
        let [line] = &said[..] else { panic!("{url}: {said:?}") };
        assert!(line.contains("parameter=gruop did_you_mean=\"group\""), "{line}");
    }
}
