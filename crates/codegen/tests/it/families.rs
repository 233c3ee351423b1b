//! Abstract classes, interfaces and the classes below them: from Java to Rust, back, and compared.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dubhe_codegen::check::{What, differences, is_same_code};
use dubhe_codegen::java_reader::JavaReader;
use dubhe_codegen::java_writer::JavaWriter;
use dubhe_codegen::model::{
    Class, Declared, Field, Kind, Method, Nullness, Parameter, Primitive, Service, Stream, Type,
};
use dubhe_codegen::rust_writer::RustWriter;
use dubhe_codegen::{Api, definition, rust_reader};

use super::java::odd;
use super::shop;

type Files = BTreeMap<PathBuf, String>;

fn declare(api: &mut Api, name: &str, kind: Kind) {
    let name = format!("z.{name}");
    let declared =
        Declared { name: name.clone(), source: "z.jar".into(), doc: None, deprecated: false, kind };
    api.types.insert(name, declared);
}

/// Adds a class; `above` names its superclass, and the interfaces behind that.
fn class(
    api: &mut Api,
    name: &str,
    (is_abstract, is_interface): (bool, bool),
    above: &[&str],
    fields: &[&str],
) {
    let field = |name: &&str| Field {
        name: (*name).into(),
        ty: Type::Primitive(Primitive::Int),
        null: Nullness::Unknown,
        doc: None,
        deprecated: false,
    };
    let is_class = |above: &&&str| match &api.types[&format!("z.{above}")].kind {
        Kind::Class(class) => !class.is_interface,
        _ => false,
    };
    let superclass = above.iter().find(is_class).map(|above| Type::class(format!("z.{above}")));
    for above in above {
        if let Kind::Class(class) = &mut api.types.get_mut(&format!("z.{above}")).unwrap().kind {
            class.subclasses.push(format!("z.{name}"));
            class.subclasses.sort();
        }
    }
    let fields = fields.iter().map(field).collect();
    let class = Class { superclass, fields, is_abstract, is_interface, ..Class::default() };
    declare(api, name, Kind::Class(class));
}

fn service(api: &mut Api, methods: &[(&str, &[&str])]) {
    let of = |(ty, throws): &(&str, &[&str])| Method {
        name: format!("take{ty}"),
        parameters: vec![Parameter::new("of", Type::class(format!("z.{ty}")), Nullness::Unknown)],
        result: Type::class(format!("z.{ty}")),
        result_null: Nullness::Unknown,
        stream: Stream::No,
        throws: throws.iter().map(|of| (*of).to_owned()).collect(),
        doc: None,
        deprecated: false,
    };
    let methods = methods.iter().map(of).collect();
    declare(api, "S", Kind::Service(Service { methods, ..Service::default() }));
}

const CONCRETE: (bool, bool) = (false, false);
const ABSTRACT: (bool, bool) = (true, false);
const INTERFACE: (bool, bool) = (true, true);

fn written(api: &Api) -> Files {
    let files = RustWriter::new().write(api).files;
    files.into_iter().map(|(name, text)| (PathBuf::from(name), text)).collect()
}

/// The declarations of the Java that is written of generated Rust, without notes.
fn back(files: &Files) -> Vec<String> {
    let read = rust_reader::read_files(files);
    assert_eq!(read.notes, []);
    let java = JavaWriter::new().write(&read);
    assert_eq!(java.notes, []);
    let lines = java.files.values().flat_map(|text| text.lines());
    let found = lines.filter(|line| line.starts_with("public ") || line.contains(" throws "));
    found.map(|line| line.trim().trim_end_matches(" {").to_owned()).collect()
}

/// The changes between two fleets, by the Rust of both.
fn changed(old: &Api, new: &Api) -> Vec<(String, What)> {
    let [old, new] = [old, new].map(|api| rust_reader::read_generated_files(&written(api)));
    assert_eq!((&old.notes, &new.notes), (&vec![], &vec![]));
    differences(&old, &new).into_iter().map(|change| (change.at(), change.what)).collect()
}

/// All orders of some texts.
fn orders(of: &[&str]) -> Vec<String> {
    if of.is_empty() {
        return vec![String::new()];
    }
    let each = (0..of.len()).flat_map(|at| {
        let mut others = of.to_vec();
        let first = others.remove(at);
        orders(&others).into_iter().map(move |rest| format!("{first}\n{rest}"))
    });
    each.collect()
}

#[test]
fn the_order_of_declarations_says_nothing() {
    let parts = [
        "#[derive(dubhe::Java)] #[java(class = \"z.Base\")] enum Base { Admin(Admin), User(User), Guest(Guest) }",
        "#[derive(dubhe::Java)] #[java(class = \"z.Member\")] enum Member { Admin(Admin), User(User) }",
        "#[derive(dubhe::Java)] #[java(class = \"z.User\")] struct User { id: i32 }",
        "#[derive(dubhe::Java)] #[java(class = \"z.Admin\")] struct Admin { #[java(flatten)] user: User, c: i32 }",
        "#[derive(dubhe::Java)] #[java(class = \"z.Guest\")] struct Guest { id: i32 }",
    ];
    for text in orders(&parts) {
        let files = Files::from([("lib.rs".into(), text)]);
        let expected = [
            "public class Admin extends User",
            "public abstract class Base implements Serializable",
            "public class Guest extends Base",
            "public abstract class Member extends Base",
            "public class User extends Member",
        ];
        assert_eq!(back(&files), expected);
        let read = rust_reader::read_generated_files(&files);
        let below = |name: &str| match &read.types[name].kind {
            Kind::Class(class) => class.subclasses.join(" "),
            other => panic!("{other:?}"),
        };
        assert_eq!(read.notes, []);
        assert_eq!((&*below("z.Base"), &*below("z.Member")), ("z.Guest z.User", "z.User"));
    }
}

#[test]
fn interfaces_come_back_as_interfaces() {
    let mut api = Api::default();
    class(&mut api, "Event", INTERFACE, &[], &[]);
    class(&mut api, "Base", ABSTRACT, &["Event"], &["at"]);
    class(&mut api, "Created", CONCRETE, &["Base"], &["by"]);
    class(&mut api, "Archived", CONCRETE, &["Created"], &["why"]);
    service(&mut api, &[("Event", &[])]);
    let files = written(&api);
    let event = &files[&PathBuf::from("event.rs")];
    assert!(event.contains("/// Java: `interface z.Event`, from `z.jar`.\n"), "{event}");
    let expected = [
        "public class Archived extends Created",
        "public abstract class Base implements Serializable",
        "public class Created extends Base implements Event",
        "public interface Event extends Serializable",
        "public interface S",
    ];
    assert_eq!(back(&files), expected);
    // Where nothing says so, but the classes have other superclasses.
    let text = "#[derive(dubhe::Java)] #[java(class = \"z.Mark\")] enum Mark { A(A), C(C) }
         #[derive(dubhe::Java)] #[java(class = \"z.Base\")] enum Base { A(A), B(B) }
         #[derive(dubhe::Java)] #[java(class = \"z.A\")] struct A { a: i32 }
         #[derive(dubhe::Java)] #[java(class = \"z.B\")] struct B { b: i32 }
         #[derive(dubhe::Java)] #[java(class = \"z.Own\")] struct Own { c: i32 }
         #[derive(dubhe::Java)] #[java(class = \"z.C\")] struct C { #[java(flatten)] own: Own }";
    let expected = [
        "public class A extends Base implements Mark",
        "public class B extends Base",
        "public abstract class Base implements Serializable",
        "public class C extends Own implements Mark",
        "public interface Mark extends Serializable",
        "public class Own implements Serializable",
    ];
    assert_eq!(back(&Files::from([("lib.rs".into(), text.to_owned())])), expected);
}

#[test]
fn an_exception_below_two_classes_is_a_note_with_what_to_do() {
    let text = "#[derive(dubhe::JavaException)] #[java(class = \"z.Bad\")] enum Bad { A(A), B(B) }
         #[derive(dubhe::JavaException)] #[java(class = \"z.Worse\")] enum Worse { A(A), C(C) }
         #[derive(dubhe::JavaException)] #[java(class = \"z.A\")] struct A { a: i32 }
         #[derive(dubhe::JavaException)] #[java(class = \"z.B\")] struct B { b: i32 }
         #[derive(dubhe::JavaException)] #[java(class = \"z.C\")] struct C { c: i32 }";
    let read = rust_reader::read_files(&Files::from([("lib.rs".into(), text.to_owned())]));
    let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "lib.rs:2: z.A extends z.Bad in Java, and cannot extend z.Worse as well: remove the variant, or let z.Bad extend \
          z.Worse by a variant of its own"
        ]
    );
}

#[test]
fn abstract_exceptions_are_put_between_those_that_flatten_one() {
    let text = "#[derive(dubhe::JavaException)] #[java(class = \"z.Base\")] struct Base { code: i32 }
         #[derive(dubhe::JavaException)] #[java(class = \"z.Base\")] enum AnyBase { Base(Base), Leaf(Leaf), Side(Side) }
         #[derive(dubhe::JavaException)] #[java(class = \"z.Upper\")] enum Upper { Leaf(Leaf), Side(Side) }
         #[derive(dubhe::JavaException)] #[java(class = \"z.Lower\")] enum Lower { Leaf(Leaf) }
         #[derive(dubhe::JavaException)] #[java(class = \"z.Leaf\")] struct Leaf { #[java(flatten)] base: Base, u: i32, l: i32 }
         #[derive(dubhe::JavaException)] #[java(class = \"z.Side\")] struct Side { #[java(flatten)] base: Base, u: i32 }";
    let files = Files::from([("lib.rs".into(), text.to_owned())]);
    let expected = [
        "public class Base extends Exception",
        "public class Leaf extends Lower",
        "public abstract class Lower extends Upper",
        "public class Side extends Upper",
        "public abstract class Upper extends Base",
    ];
    assert_eq!(back(&files), expected);
    // One that holds an exception beside them is above none.
    let apart = text.replace("#[java(flatten)] base: Base, u: i32 }", "u: i32 }");
    let read = rust_reader::read_files(&Files::from([("lib.rs".into(), apart)]));
    let notes: Vec<String> = read.notes.iter().map(ToString::to_string).collect();
    let said = "z.Leaf extends z.Lower in Java, and cannot extend z.Upper as well: ";
    assert!(notes.iter().any(|note| note.contains(said)), "{notes:?}");
}

/// `Shape` with two subclasses that have a field of the same name, whoever declares it.
fn shapes(above: &[&str], below: &[&str]) -> Api {
    let mut api = Api::default();
    class(&mut api, "Shape", ABSTRACT, &[], above);
    class(&mut api, "Circle", CONCRETE, &["Shape"], &[below, &["r"]].concat());
    class(&mut api, "Square", CONCRETE, &["Shape"], &[below, &["s"]].concat());
    service(&mut api, &[("Shape", &[])]);
    api
}

#[test]
fn a_class_more_below_another_changes_no_field() {
    let old = shapes(&[], &["name"]);
    let mut new = old.clone();
    class(&mut new, "Dot", CONCRETE, &["Shape"], &["d"]);
    let added =
        [("z.Dot".to_owned(), What::ClassAdded), ("z.Shape".to_owned(), What::SubclassAdded)];
    assert_eq!(changed(&old, &new), added);
    let removed =
        [("z.Dot".to_owned(), What::ClassRemoved), ("z.Shape".to_owned(), What::SubclassRemoved)];
    assert_eq!(changed(&new, &old), removed);
    // Nor does an interface more above some of them, wherever its name stands.
    for name in ["Any", "Zero"] {
        let mut new = old.clone();
        class(&mut new, name, INTERFACE, &[], &[]);
        for below in ["z.Circle", "z.Shape"] {
            if let Kind::Class(of) = &mut new.types.get_mut(&format!("z.{name}")).unwrap().kind {
                of.subclasses.push(below.to_owned());
            }
        }
        assert_eq!(changed(&old, &new), [(format!("z.{name}"), What::ClassAdded)]);
    }
}

#[test]
fn a_field_that_moves_between_classes_is_no_change_on_the_wire() {
    let (above, below) = (shapes(&["name"], &[]), shapes(&[], &["name"]));
    assert_eq!(changed(&above, &below), []);
    assert_eq!(changed(&below, &above), []);
    // A field more of the abstract class is one of each object.
    let found = changed(&shapes(&[], &[]), &above);
    let added = ["z.Circle.name", "z.Square.name"].map(|at| (at.to_owned(), What::FieldAdded));
    assert_eq!(found, added);
}

#[test]
fn throws_come_back_from_the_documentation() {
    let mut api = Api::default();
    class(&mut api, "Order", CONCRETE, &[], &["id"]);
    let exception = Class {
        superclass: Some(Type::class("java.lang.Exception")),
        is_exception: true,
        ..Class::default()
    };
    declare(&mut api, "Gone", Kind::Class(exception));
    service(&mut api, &[("Order", &["z.Gone", "java.io.IOException"])]);
    let files = written(&api);
    let expected = [
        "public class Gone extends Exception",
        "public class Order implements Serializable",
        "public interface S",
        "Order takeOrder(Order of) throws Gone, IOException;",
    ];
    assert_eq!(back(&files), expected);
    // One that no type stands for.
    service(&mut api, &[("Order", &["lib.Odd"])]);
    let read = rust_reader::read_files(&written(&api));
    let notes: Vec<&str> = read.notes.iter().map(|note| &*note.text).collect();
    let note = "`throws lib.Odd` is left out: no type of these sources is this exception; write one with \
                #[derive(JavaException)]";
    assert_eq!(notes, [note]);
}

/// The fleets of all fixtures.
fn fleets() -> Vec<(&'static str, Api)> {
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let odd = odd::classes()
        .iter()
        .fold(JavaReader::new(), |reader, of| reader.class_bytes("odd.jar", &of.bytes()));
    let classes = JavaReader::new()
        .folder(format!("{data}/classes"))
        .unwrap()
        .sources(format!("{data}/java"))
        .unwrap();
    let kotlin = JavaReader::new().folder(format!("{data}/kotlin/classes")).unwrap();
    let mut fleets = vec![
        ("odd", odd.read()),
        ("classes", classes.read()),
        ("kotlin", kotlin.read()),
        ("shop", shop::api()),
        ("shapes", shapes(&["id"], &["name"])),
    ];
    for name in ["go_3.1.1", "java_2.7.23", "java_3.3.6", "java_3.3.6_json", "java_3.3.6_streams"] {
        let text = std::fs::read_to_string(format!("{data}/definition/{name}.json")).unwrap();
        fleets.push((name, definition::read(&text, name).unwrap()));
    }
    fleets
}

/// The fleet with this text as the documentation of everything.
fn documented(api: &Api, text: &str) -> Api {
    let mut api = api.clone();
    let doc = Some(text.to_owned());
    for declared in api.types.values_mut() {
        declared.doc.clone_from(&doc);
        match &mut declared.kind {
            Kind::Service(of) => of.methods.iter_mut().for_each(|of| of.doc.clone_from(&doc)),
            Kind::Class(of) => of.fields.iter_mut().for_each(|of| of.doc.clone_from(&doc)),
            Kind::Enum(of) => of.constants.iter_mut().for_each(|of| of.doc.clone_from(&doc)),
        }
    }
    api
}

#[test]
fn documentation_is_never_a_difference() {
    let texts = [
        "Another text.",
        "`long id`.",
        "Java: `interface z.Other`.",
        "Java: `List<Integer> find(Collection<Long> of)`.\n\n# Errors\n- `X`: [`X::from_status`](super::X::from_status)",
        "- `a.B`, which [`Throwable::of`](x) finds\n\n```\nlet a = \"\n```",
    ];
    for (fleet, api) in fleets() {
        assert!(!api.types.is_empty(), "{fleet}");
        let before = written(&api);
        let old = rust_reader::read_generated_files(&before);
        for text in texts {
            let after = written(&documented(&api, text));
            assert_ne!(before, after, "{fleet}: {text}");
            let new = rust_reader::read_generated_files(&after);
            assert_eq!(differences(&old, &new), [], "{fleet}: {text}");
            // What is not compared as types is the same code.
            let is_same = |(name, text): (&PathBuf, &String)| is_same_code(&before[name], text);
            assert!(after.iter().all(is_same), "{fleet}: {text}");
        }
    }
}
