//! Files that are written, beside what is in the repository.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use dubhe_generated::{api, output, writer};

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("generated")
}

fn files(folder: &Path, prefix: &str, found: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, std::fs::read_to_string(entry.path()).unwrap());
        }
    }
}

#[test]
fn the_repository_has_what_is_written_today() {
    let mut there = BTreeMap::new();
    files(&folder(), "", &mut there);
    let written = output().files;
    assert_eq!(
        there.keys().collect::<Vec<_>>(),
        written.keys().collect::<Vec<_>>(),
        "`cargo run -p dubhe-generated --bin write` writes the files anew"
    );
    for (path, text) in &written {
        assert_eq!(&there[path], text, "{path}");
    }
    assert_eq!(written, writer().write(&api()).files);
}

#[test]
fn rustfmt_leaves_the_files_alone() {
    let mut there = BTreeMap::new();
    files(&folder(), "", &mut there);
    // Its defaults, not those of this repository, which `cargo fmt --check` tries.
    let defaults = Path::new(env!("CARGO_TARGET_TMPDIR")).join("defaults.toml");
    std::fs::write(&defaults, "").unwrap();
    for edition in ["2021", "2024"] {
        let checked = Command::new("rustfmt")
            .args(["--edition", edition, "--check", "--config-path"])
            .arg(&defaults)
            .args(there.keys().map(|path| folder().join(path)))
            .output()
            .unwrap();
        assert!(checked.status.success(), "{edition}: {checked:?}");
    }
}

#[test]
fn a_change_of_one_interface_changes_its_file_alone() {
    use dubhe_codegen::model::Kind;

    let (mut api, before) = (api(), output().files);
    let Kind::Service(orders) = &mut api.types.get_mut("org.example.shop.Orders").unwrap().kind
    else {
        panic!("it is a service");
    };
    let found = orders.methods.pop().unwrap();
    orders.methods.retain(|method| method.name != "pay");
    orders.methods.insert(0, found);
    let after = writer().write(&api).files;
    let changed: Vec<_> =
        after.iter().filter(|(path, text)| before.get(*path) != Some(text)).collect();
    assert_eq!(changed.iter().map(|(path, _)| &***path).collect::<Vec<_>>(), ["shop/orders.rs"]);
    assert_eq!(before.len(), after.len());
}

#[test]
fn notes_say_what_is_not_as_in_java() {
    let notes: Vec<_> = output().notes.iter().map(ToString::to_string).collect();
    let has = |start: &str, part: &str| {
        assert!(
            notes.iter().any(|note| note.starts_with(start) && note.contains(part)),
            "{start} {part}: {notes:#?}"
        );
    };
    has("org.example.people.User.a_b: ", "a_b_2");
    has("org.example.shop.Keys.sizes: ", "Vec");
    has("org.example.shop.Keys.bySize: ", "dubhe::value::Map");
    has("org.example.shop.Page.byItem: ", "Value");
    has("org.example.shop.Locked.content: ", "left out");
    has("org.example.shop.Locked.thing: ", "read its jar");
    has("org.example.shop.Nowhere: ", "Value");
    has("org.example.shop.Order$Line: ", "OrderLine2");
    has("org.example.shop.OrdersClient: ", "OrdersClient2");
    has("org.example.shop.Result: ", "JavaResult");
    has("org.example.shop.Orders.upload: ", "byte[]");
    has("org.example.shop.Feed.last: ", "left out");
    has("org.example.shop.Holder: ", "type parameters");
    has("org.example.shop.Pong: ", "circles");
    assert!(!notes.iter().any(|note| note.starts_with("org.example.shop.Drawing: ")), "{notes:#?}");
}
