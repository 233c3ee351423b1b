//! Classes that javac made of `tests/data/java`, in that folder by
//! `javac --release 17 -g:vars,source -d ../classes $(find . -name '*.java')`. `Unknown.class` was taken away.

use std::fs;
use std::path::PathBuf;

use dubhe_codegen::Api;
use dubhe_codegen::java_reader::{Inputs, JavaReader};
use dubhe_codegen::model::{Kind, Method, Service};

use super::print;

pub(crate) fn data(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

/// The names and bytes of all class files, sorted by name.
pub(crate) fn classes() -> Vec<(String, Vec<u8>)> {
    let mut folders = vec![data("classes")];
    let mut found = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push((path.display().to_string(), fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    assert!(found.len() > 20);
    found
}

fn read() -> Api {
    let reader = JavaReader::new().folder(data("classes")).unwrap();
    reader.sources(data("java")).unwrap().read()
}

fn service(api: &Api, name: &str) -> Service {
    match &api.types[name].kind {
        Kind::Service(service) => service.clone(),
        other => panic!("{name} is no service: {other:?}"),
    }
}

fn method(api: &Api, name: &str) -> Method {
    let (interface, name) = name.rsplit_once('.').unwrap();
    let methods = service(api, interface).methods;
    methods.into_iter().find(|of| of.name == name).unwrap()
}

#[test]
fn classes_are_read() {
    // Each line is checked by hand against the sources when it changes.
    let expected = include_str!("../../data/classes.txt");
    assert_eq!(print::api(&read()), expected);
}

#[test]
fn comments_and_sources_are_said() {
    let api = read();
    let doc = |name: &str| api.types[name].doc.clone().unwrap_or_default();
    assert_eq!(doc("sample.Order"), "An order, see `Orders::find`.");
    assert_eq!(doc("sample.Order$Line"), "A line.");
    assert_eq!(api.types["sample.Order"].source, "classes");
    let save = method(&api, "sample.Orders.save");
    assert_eq!(save.doc.unwrap(), "Saves one.\n\nParameters:\n- `entity`: what is saved");
    assert_eq!(method(&api, "sample.Orders.count").doc.unwrap(), "Counts.");
    let Kind::Class(page) = &api.types["sample.Page"].kind else { panic!() };
    assert_eq!(page.fields[0].doc.as_deref(), Some("from 0"));
    let Kind::Enum(state) = &api.types["sample.State"].kind else { panic!() };
    assert_eq!(state.constants[0].doc.as_deref(), Some("Not paid."));
}

#[test]
fn names_of_parameters_are_counted_without_sources() {
    let api = JavaReader::new().folder(data("classes")).unwrap().read();
    let text = print::method(&method(&api, "sample.Orders.save"));
    assert_eq!(text, "sample.Order save(sample.Order arg0)");
    // The code of a default method has them.
    let text = print::method(&method(&api, "sample.Orders.name"));
    assert_eq!(text, "@Deprecated java.lang.String name(long width, int[][] text)");
}

#[test]
fn named_interfaces_alone_are_services() {
    let named = |pattern: &str| {
        let reader = JavaReader::new().folder(data("classes")).unwrap();
        reader.interfaces([pattern]).read()
    };
    let api = named("sample.nulls.*");
    let names: Vec<&str> = api.types.keys().map(String::as_str).collect();
    let expected =
        ["sample.nulls.Marked", "sample.nulls.Marked$Data", "sample.nulls.Marked$Unmarked"];
    assert_eq!(names, expected);
    let api = named("sample.Hidden");
    assert_eq!(service(&api, "sample.Hidden").methods.len(), 1);
    let api = named("sample.Repository");
    assert!(api.notes[0].to_string().starts_with("sample.Repository: it has type parameters"));
    let save = print::method(&service(&api, "sample.Repository").methods[0]);
    assert_eq!(save, "sample.Entity save(sample.Entity arg0)");
    for (pattern, note) in [
        ("sample.Order", "sample.Order: it is a class, and no interface; "),
        (
            "sample.None*",
            "sample.None*: no interface of the jars that looks like a service has such a name; ",
        ),
    ] {
        let api = named(pattern);
        assert!(api.types.is_empty());
        assert!(api.notes[0].to_string().starts_with(note), "{}", api.notes[0]);
    }
}

#[test]
fn named_classes_are_made_although_nothing_leads_to_them() {
    let read = |class: &str| {
        let jars = vec![data("classes")];
        let interfaces = vec!["sample.Hidden".to_owned()];
        let inputs = Inputs { jars, interfaces, classes: vec![class.into()], ..Inputs::default() };
        let api = inputs.read().unwrap();
        let names: Vec<String> =
            api.types.keys().filter(|name| *name != "sample.Hidden").cloned().collect();
        let notes: Vec<String> = api.notes.iter().map(ToString::to_string).collect();
        (names.join(" "), notes.join(" "))
    };
    let nothing = String::new();
    let both = "sample.OrderException sample.OrderException$NotFound";
    assert_eq!(read("sample.OrderException"), (both.to_owned(), nothing.clone()));
    assert_eq!(read("*.OrderEx*n"), (both.to_owned(), nothing.clone()));
    assert_eq!(read("sample.State"), ("sample.State".to_owned(), nothing));
    // An interface, a name of nothing, and a class that is not made to be sent.
    for class in ["sample.Orders", "sample.None", "sample.Unk*"] {
        let (names, notes) = read(class);
        assert!(names.is_empty(), "{names}");
        assert!(notes.starts_with(&format!("{class}: no class of the jars")), "{notes}");
    }
}

#[test]
fn the_order_of_files_changes_nothing() {
    let read = |classes: &[(String, Vec<u8>)]| {
        let reader = classes
            .iter()
            .fold(JavaReader::new(), |reader, (_, bytes)| reader.class_bytes("sample", bytes));
        reader.read()
    };
    let mut classes = classes();
    let sorted = read(&classes);
    classes.reverse();
    assert_eq!(read(&classes), sorted);
}

#[test]
fn a_classpath_is_reached_but_has_no_services() {
    let reader = JavaReader::new().classpath(data("classes")).unwrap().read();
    assert!(reader.types.is_empty());
    assert!(reader.notes[0].to_string().contains("looks like a service"));
    let marked = fs::read(data("classes/sample/Listener.class")).unwrap();
    let api = JavaReader::new().class_bytes("Listener.class", &marked);
    let api = api.classpath(data("classes")).unwrap().read();
    let names: Vec<&str> = api.types.keys().map(String::as_str).collect();
    assert_eq!(names, ["sample.Listener", "sample.State"]);
}
