//! Class files that are cut, changed or made to harm.

use std::collections::BTreeSet;

use dubhe_codegen::Api;
use dubhe_codegen::check::differences;
use dubhe_codegen::classfile::{ClassFile, NEWEST};
use dubhe_codegen::java_reader::{JavaReader, Limits};
use dubhe_codegen::model::Kind;
use dubhe_codegen::rust_reader::read_generated_files;
use dubhe_codegen::rust_writer::RustWriter;

use super::assemble::{Assembly, class, interface};
use super::{odd, print, sample};

fn read(classes: &[Assembly]) -> Api {
    let reader = classes
        .iter()
        .fold(JavaReader::new(), |reader, of| reader.class_bytes(&of.name, &of.bytes()));
    reader.interfaces(["*"]).read()
}

fn service(descriptor: &str, signature: Option<&str>) -> Assembly {
    interface("a/S").method("call", descriptor, signature)
}

#[test]
fn cut_class_files_are_refused() {
    for (name, bytes) in sample::classes() {
        for len in 0..bytes.len() {
            assert!(ClassFile::read(&bytes[..len]).is_err(), "{name} cut at {len}");
        }
    }
}

#[test]
fn changed_class_files_do_not_panic() {
    for (name, bytes) in sample::classes() {
        for at in 0..bytes.len() {
            for change in [0xFF, 0x01] {
                let mut bytes = bytes.clone();
                bytes[at] ^= change;
                if ClassFile::read(&bytes).is_ok() {
                    let _ = JavaReader::new().class_bytes(&name, &bytes).interfaces(["*"]).read();
                }
            }
        }
    }
}

#[test]
fn an_error_names_the_place() {
    let bytes = interface("a/S").bytes();
    let error = |bytes: &[u8]| ClassFile::read(bytes).unwrap_err().to_string();
    assert_eq!(error(&bytes[..12]), "2 bytes are expected, 1 are left (byte 11, constant pool)");
    assert_eq!(
        error(b"PK\x03\x04 and more"),
        "it begins with 504B0304, and class files with CAFEBABE (byte 4, header)"
    );
    let api = JavaReader::new().class_bytes("a.jar", &bytes[..12]).read();
    let note = "a.jar: the class file is damaged: 2 bytes are expected, 1 are left (byte 11, constant pool); this class \
                is passed over; get the jar anew, or compile the class anew";
    assert_eq!(api.notes[0].to_string(), note);
    assert!(api.unread.iter().eq(["a.jar"]), "{:?}", api.unread);
}

#[test]
fn one_bad_class_leaves_the_others() {
    let reader = JavaReader::new().class_bytes("Bad.class", b"bad");
    let api = reader.class_bytes("S.class", &service("()I", None).bytes()).read();
    assert_eq!(api.types.len(), 1);
    assert_eq!(api.notes.len(), 1);
}

#[test]
fn a_class_that_is_there_and_damaged_is_in_the_jar() {
    let damaged = ["a/E.class", "a/Above.class", "a/Of.class"];
    let reader =
        damaged.iter().fold(JavaReader::new(), |reader, name| reader.class_bytes(name, b"bad"));
    let mut above = service("(La/C;La/Of;)V", None);
    above.interfaces.push("a/Above".to_owned());
    let reader = [class("a/C", "a/E"), above]
        .iter()
        .fold(reader, |reader, of| reader.class_bytes(&of.name, &of.bytes()));
    let text = print::api(&reader.read());
    for said in [
        "a.C: its superclass a.E is there and could not be read: ",
        "a.Of: it is there and could not be read, so its values are read as Object; get its class file anew",
        "it extends a.Above, which is there and could not be read, so the methods",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(!text.contains("none of the jars"), "{text}");
}

#[test]
fn a_generic_interface_is_left_out_with_a_note() {
    let generic = |name: &str| Assembly {
        signature: Some("<T:Ljava/lang/Object;>Ljava/lang/Object;".into()),
        ..interface(name).method("save", "(Ljava/lang/Object;)V", Some("(TT;)V"))
    };
    let mut extends = service("(La/Back;)V", None);
    extends.interfaces.push("a/Base".to_owned());
    let classes = [generic("a/Repo"), generic("a/Base"), generic("a/Back"), extends];
    let reader = classes
        .iter()
        .fold(JavaReader::new(), |reader, of| reader.class_bytes(&of.name, &of.bytes()));
    let api = reader.read();
    let left_out: Vec<&str> = api
        .notes
        .iter()
        .filter(|note| {
            note.text.starts_with("it has type parameters, so it is no service by itself")
        })
        .map(|note| &*note.at)
        .collect();
    assert_eq!(left_out, ["a.Repo"]);
    assert!(!api.types.contains_key("a.Repo"));
    assert!(read(&classes).notes.iter().all(|note| !note.text.contains("by itself")));
}

#[test]
fn a_newer_version_is_read_with_a_note() {
    let api = read(&[Assembly { major: NEWEST, ..service("()I", None) }]);
    assert_eq!(api.notes, []);
    let api = read(&[Assembly { major: NEWEST + 1, ..service("()I", None) }]);
    assert_eq!(api.types.len(), 1);
    assert!(api.notes[0].text.contains("version 71 of its format (Java 27)"), "{}", api.notes[0]);
}

#[test]
fn superclasses_in_a_circle_are_cut() {
    let classes = [
        class("a/A", "a/B").field("x", "I", None),
        class("a/B", "a/A"),
        class("a/C", "a/A"),
        class("a/D", "a/D"),
        service("(La/A;La/C;La/D;)V", None),
    ];
    let text = print::api(&read(&classes));
    assert!(text.contains("class a.A above a.C\n  int x\n"), "{text}");
    assert!(text.contains("class a.C extends a.A\n"), "{text}");
    assert!(text.contains("! a.A: its superclasses lead in a circle"), "{text}");
    assert!(text.contains("! a.D: its superclasses lead in a circle"), "{text}");
}

#[test]
fn interfaces_in_a_circle_are_read_once() {
    let a =
        Assembly { interfaces: vec!["a/B".into()], ..interface("a/A").method("x", "()V", None) };
    let b =
        Assembly { interfaces: vec!["a/A".into()], ..interface("a/B").method("y", "()V", None) };
    let text = print::api(&read(&[a, b]));
    assert_eq!(text, "service a.A\n  void x()\n  void y()\nservice a.B\n  void y()\n  void x()\n");
}

#[test]
fn an_array_of_255_dimensions_is_read() {
    let most = "[".repeat(255);
    let text = print::api(&read(&[service(&format!("({}I)V", &most[1..]), None)]));
    assert!(text.contains(&format!("int{} arg0", "[]".repeat(254))), "{text}");
    let text = print::api(&read(&[service(&format!("([{most}I)V"), None)]));
    assert!(text.contains("nested more than 255 levels; the method is left out"), "{text}");
}

#[test]
fn a_deep_signature_falls_back_to_the_descriptor() {
    let deep = format!("(La/X{})V", "<La/X".repeat(10_000));
    let text = print::api(&read(&[service("(Ljava/util/List;)V", Some(&deep))]));
    assert!(text.contains("void call(java.util.List arg0)"), "{text}");
    assert!(text.contains("it is read without type arguments"), "{text}");
}

#[test]
fn a_signature_of_another_method_is_not_used() {
    let text = print::api(&read(&[service("(La/b;)V", Some("(Lorg/Old<Ljava/lang/String;>;)V"))]));
    assert!(text.contains("as obfuscators leave it"), "{text}");
    assert!(text.contains("void call(a.b arg0)"), "{text}");
}

#[test]
fn types_that_double_are_cut() {
    // Each interface gives the one above it twice its own argument.
    let mut classes: Vec<Assembly> = (0..64)
        .map(|at| {
            let above = format!("a/I{}", at + 1);
            let argument = "Ljava/util/Map<TT;TT;>;";
            let signature =
                format!("<T:Ljava/lang/Object;>Ljava/lang/Object;L{above}<{argument}>;");
            Assembly {
                interfaces: vec![above],
                signature: Some(signature),
                ..interface(&format!("a/I{at}")).method(
                    "get",
                    "()Ljava/lang/Object;",
                    Some("()TT;"),
                )
            }
        })
        .collect();
    classes.push(Assembly {
        signature: Some("<T:Ljava/lang/Object;>Ljava/lang/Object;".into()),
        ..interface("a/I64").method("last", "()Ljava/lang/Object;", Some("()TT;"))
    });
    classes.push(Assembly {
        interfaces: vec!["a/I0".into()],
        signature: Some("Ljava/lang/Object;La/I0<Ljava/lang/String;>;".into()),
        ..interface("a/S").method("own", "()V", None)
    });
    let api = read(&classes);
    let text = print::api(&api);
    assert!(text.contains("a.S: its type is too large"), "{}", &text[text.len() - 2_000..]);
    assert!(text.len() < 64 << 20, "{}", text.len());
}

#[test]
fn bounds_that_name_each_other_end() {
    let signature = "<A:TB;B:Ljava/util/List<TA;>;C::Ljava/lang/Comparable<TC;>;>(TA;TC;)V";
    let api = read(&[service("(Ljava/lang/Object;Ljava/lang/Comparable;)V", Some(signature))]);
    let text = print::api(&api);
    assert!(text.contains("java.lang.Comparable<java.lang.Object> arg1"), "{text}");
}

#[test]
fn what_names_share_takes_no_memory() {
    // A name of 60,000 bytes that each of 4,000 methods has, with a descriptor of as many.
    let long = "n".repeat(60_000);
    let descriptor = format!("(L{long};)V");
    let many = (0..4_000).fold(interface("a/S"), |of, _| of.method(&long, &descriptor, None));
    let bytes = many.bytes();
    assert!(bytes.len() < 200_000);
    let api = JavaReader::new().class_bytes("S.class", &bytes).interfaces(["a.S"]).read();
    assert!(print::api(&api).len() < 8 << 20);
}

#[test]
fn obfuscated_names_are_told() {
    let classes = [
        class("a/a", "java/lang/Object").field("a-b", "I", None).field("a", "La/a;", None),
        interface("a/S").method("b", "()La/a;", None).method("get-x", "()V", None),
    ];
    let text = print::api(&read(&classes));
    assert!(text.contains("void get-x()"), "{text}");
    assert!(text.contains("! a.S: get-x cannot be written in Java or Rust"), "{text}");
    assert!(text.contains("! a.a: a-b cannot be written in Java or Rust"), "{text}");
}

#[test]
fn missing_superclasses_are_told() {
    let classes = [
        class("a/E", "org/x/BaseException"),
        class("a/C", "org/x/Base"),
        service("(La/E;La/C;Lorg/x/Base;)V", None),
    ];
    let text = print::api(&read(&classes));
    assert!(text.contains("exception a.E extends java.lang.Exception\n"), "{text}");
    assert!(text.contains("class a.C\n"), "{text}");
    assert!(text.contains("! a.C: its superclass org.x.Base is in none of the jars"), "{text}");
    assert_eq!(text.matches("! org.x.Base: it is in none of the jars").count(), 1, "{text}");
}

#[test]
fn an_enum_is_no_subclass() {
    let color = Assembly {
        flags: 0x4001,
        interfaces: vec!["a/Coded".into()],
        ..class("a/Color", "java/lang/Enum")
    };
    let other =
        Assembly { interfaces: vec!["a/Coded".into()], ..class("a/Other", "java/lang/Object") };
    let coded = interface("a/Coded");
    let text = print::api(&read(&[color.clone(), coded.clone(), service("()La/Coded;", None)]));
    assert!(text.contains("  a.Coded call()\n! a.Coded: it is an interface without"), "{text}");
    let text = print::api(&read(&[color, coded, other, service("()La/Coded;", None)]));
    assert!(text.contains("abstract class a.Coded above a.Other\n"), "{text}");
    assert!(text.contains("! a.Color: it is an enum that implements a.Coded"), "{text}");
}

#[test]
fn messages_of_protobuf_are_told() {
    let message = class("a/Hello", "com/google/protobuf/GeneratedMessageV3").field("x_", "I", None);
    let builder = Assembly {
        interfaces: vec!["com/google/protobuf/MessageOrBuilder".into()],
        ..interface("a/HelloOrBuilder").method("getX", "()I", None)
    };
    // A service of messages alone is none.
    for signature in [None, Some("(Ljava/util/List<La/Hello;>;)V")] {
        let descriptor = signature.map_or("(La/Hello;)V", |_| "(Ljava/util/List;)V");
        let all = [message.clone(), builder.clone(), service(descriptor, signature)];
        let text = print::api(&read(&all));
        assert!(text.starts_with("! a.S.call: it has the type a.Hello of protobuf"), "{text}");
        assert!(text.contains("! a.S: all its methods have types of protobuf"), "{text}");
    }
    // The runtime may be in no jar.
    let both = service("(Lcom/google/protobuf/Timestamp;)V", None).method("fine", "(I)V", None);
    let text = print::api(&read(&[both]));
    assert!(text.starts_with("service a.S\n  void fine(int arg0)\n! a.S.call: "), "{text}");
    // In a class it is any object.
    let holder = class("a/Holder", "java/lang/Object").field("hello", "La/Hello;", None);
    let text = print::api(&read(&[message, holder, service("(La/Holder;)V", None)]));
    assert!(text.contains("java.lang.Object hello"), "{text}");
    assert!(text.contains("! a.Hello: it is a type of protobuf"), "{text}");
}

#[test]
fn notes_are_bounded() {
    // Each of 12,000 methods has a name of 60,000 bytes and a descriptor that is wrong.
    let long = "n".repeat(60_000);
    let many = (0..12_000).fold(interface("a/S"), |of, _| of.method(&long, "()", None));
    let api = JavaReader::new().class_bytes("S.class", &many.bytes()).interfaces(["a.S"]).read();
    assert_eq!(api.notes.len(), 10_001);
    assert!(api.notes.iter().all(|note| note.at.len() < 1_100));
}

#[test]
fn annotations_take_no_memory() {
    // 65,535 times an annotation that is kept, and one that is not.
    for name in ["Lorg/a/Nullable;", "Lorg/a/Other;"] {
        let annotation = Some((name.to_owned(), u16::MAX));
        let bytes = Assembly { annotation, ..interface("a/S") }.bytes();
        let file = ClassFile::read(&bytes).unwrap();
        assert!(bytes.len() > 200_000);
        assert!(file.weight() < 2_000, "{}", file.weight());
        assert_eq!(file.attributes.annotations.len(), usize::from(name.contains("Null")));
    }
}

#[test]
fn the_memory_of_classes_has_a_limit() {
    let bytes: Vec<Vec<u8>> = (0..100)
        .map(|at| interface(&format!("a/S{at:02}")).method("call", "()I", None).bytes())
        .collect();
    let weight = ClassFile::read(&bytes[0]).unwrap().weight();
    let reader = |kept| {
        let limits = Limits { kept, ..Limits::default() };
        let reader = JavaReader::new().limits(limits);
        bytes.iter().fold(reader, |reader, bytes| reader.class_bytes("a.jar", bytes)).read()
    };
    let all = reader(u64::try_from(weight * 200).unwrap());
    assert_eq!((all.types.len(), all.notes.len()), (100, 0));
    let some = reader(u64::try_from(weight * 50).unwrap());
    assert!((20..60).contains(&some.types.len()), "{}", some.types.len());
    assert_eq!(some.notes.len(), 1);
    let note = some.notes[0].to_string();
    assert!(note.contains("the limit `kept` of "), "{note}");
}

#[test]
fn a_method_has_255_parameters_at_most() {
    let text = print::api(&read(&[service(&format!("({})V", "I".repeat(255)), None)]));
    assert!(text.contains("int arg254)"), "{text}");
    let text = print::api(&read(&[service(&format!("({})V", "I".repeat(256)), None)]));
    assert!(text.contains("more than 255 parameters; the method is left out"), "{text}");
}

#[test]
fn what_is_odd_is_told() {
    let api = read(&odd::classes());
    let mut notes = api.notes.clone();
    notes.extend(RustWriter::new().write(&api).notes);
    let notes = notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for part in [
        "odd.Pair: its type parameter t is called T2, since T has another meaning there",
        "odd.OfOption: its type parameter Option is called JavaOption, since Option has",
        "odd.Own: its type parameter Node is called Node2, since Node has another meaning there",
        "odd.Grow.flip: its type arguments grow each time that the class leads to itself",
        "odd.S.deep.arg0: its type is nested too deeply",
        "odd.S.dims.arg0: its type is nested too deeply",
        "odd.G1.next: its type is nested too deeply",
        "odd.Unnamed: a member without a name is left out",
        "odd.S: a member without a name is left out",
        "odd.Lost: its generic signature cannot be read; it is read without type parameters",
        "odd.Lost.list: its generic signature cannot be read; it is read without type arguments",
        "odd.Other: its generic signature is of another class, as obfuscators leave it",
        "odd.Other.list: its generic signature is of another field, as obfuscators leave it",
        "odd.S.lost: its generic signature cannot be read; it is read without type arguments",
        "nnn: its name is too long for that of a file, so its module is called nnn",
        "\u{7528}: its name is too long for that of a file, so its module is called u7528",
        "the type is left out: its package has more than 64 levels or 1024 letters",
        "odd.zoo.Animal: objects of Dog and another class below it may be in its place",
        "`--exact odd.zoo.Animal` has the struct Animal there",
        "odd.zoo.Names: Hessian writes the elements or entries of a collection or map alone, so its own fields are left out, \
         here as in Java: title;",
        "odd.zoo.Row: Hessian writes the elements or entries of a collection or map alone",
        "odd.zoo.Props: the keys of a java.util.Map have no Eq and Hash",
        "odd.levels.C0: its fields lead through more types than Rust's compiler follows by default: write \
         `#![recursion_limit = \"256\"]`",
        "odd.names.Words.foo_bar: foo_bar is another name of this type, so it is called foo_bar_7",
        "odd.names.data.Option: its own name means another type in Rust, so it is called JavaOption",
    ] {
        assert!(notes.contains(part), "{part}\n{notes}");
    }
    assert!(notes.lines().all(|note| note.len() < 1_000), "{notes}");
}

#[test]
fn files_of_long_names_have_short_ones() {
    let files = RustWriter::new().write(&read(&odd::classes())).files;
    for path in files.keys() {
        assert!(path.split('/').all(|part| part.len() < 200), "{path}");
    }
    assert!(files.keys().any(|path| path.starts_with("nnnn")), "{:?}", files.keys());
}

#[test]
fn what_is_odd_is_read_back() {
    let written = RustWriter::new().write(&read(&odd::classes()));
    let files = written.files.iter().map(|(path, text)| (path.into(), text.clone())).collect();
    let api = read_generated_files(&files);
    assert_eq!(api.notes, []);
    let superclass = |name: &str| match &api.types[name].kind {
        Kind::Class(of) => of.superclass.as_ref().map(ToString::to_string),
        _ => None,
    };
    for (name, above) in [
        ("odd.zoo.Names", Some("java.util.ArrayList<java.lang.String>")),
        ("odd.zoo.Tags", Some("java.util.HashSet<java.lang.String>")),
        ("odd.zoo.Bag", Some("java.util.LinkedList<T>")),
        ("odd.zoo.Row", Some("java.util.Map<java.lang.String, java.lang.Integer>")),
        ("odd.zoo.Puppy", Some("odd.zoo.Dog")),
        ("odd.zoo.Animal", None),
    ] {
        assert_eq!(superclass(name).as_deref(), above, "{name}");
    }
    // All members have their names in Java.
    let members = |name: &str| -> Vec<String> {
        match &api.types[name].kind {
            Kind::Class(of) => of.fields.iter().map(|of| of.name.clone()).collect(),
            Kind::Enum(of) => of.constants.iter().map(|of| of.name.clone()).collect(),
            Kind::Service(of) => of.methods.iter().map(|of| of.name.clone()).collect(),
        }
    };
    for (name, count) in [("Words", 71), ("Kind", 71), ("Methods", 71)] {
        let members = members(&format!("odd.names.{name}"));
        let of_java: BTreeSet<&str> = members.iter().map(String::as_str).collect();
        assert_eq!((members.len(), of_java.len()), (count, count), "{name}: {members:?}");
        for own in ["Option", "self", "crate", "async", "fooBar", "foo_bar", "_fooBar", "$fooBar"] {
            assert!(of_java.contains(own), "{name}.{own}");
        }
    }
    assert_eq!(differences(&api, &api), []);
}

#[test]
fn an_exact_class_is_no_family() {
    let text = "Ljava/lang/String;";
    let classes = [
        class("a/Animal", "java/lang/Object").field("name", text, None),
        class("a/Dog", "a/Animal").field("bones", "I", None),
        class("a/Failed", "java/lang/Exception"),
        class("a/Worse", "a/Failed"),
        service("(La/Animal;La/Failed;)V", None),
    ];
    let reader = || {
        let reader = JavaReader::new();
        classes.iter().fold(reader, |reader, of| reader.class_bytes(&of.name, &of.bytes()))
    };
    let signature = |files: &std::collections::BTreeMap<String, String>| {
        let line = files["s.rs"].lines().find(|line| line.contains("async fn"));
        line.unwrap_or_default().trim().to_owned()
    };
    let written = RustWriter::new().write(&reader().read());
    assert_eq!(
        signature(&written.files),
        "async fn call(&self, arg0: AnyAnimal, arg1: AnyFailed) -> Result<(), Status>;"
    );
    assert!(written.files["animal.rs"].contains("pub enum AnyAnimal {"));

    let api = reader().exact(["a.*"]).read();
    assert!(!api.types.contains_key("a.Dog"));
    let written = RustWriter::new().exact("a.*").exact("b.*").write(&api);
    assert_eq!(
        signature(&written.files),
        "async fn call(&self, arg0: Animal, arg1: Failed) -> Result<(), Status>;"
    );
    let [note] = &written.notes[..] else { panic!("{:?}", written.notes) };
    assert_eq!(note.to_string(), "b.*: no class has such a name; write org.example.Order");

    // Exceptions are caught with those below them.
    let api = reader().classes(["a.Failed"]).exact(["a.*"]).read();
    let written = RustWriter::new().exact("a.*").write(&api);
    assert!(written.files["failed.rs"].contains("pub enum AnyFailed {"));
    assert!(!written.files.contains_key("dog.rs"));
}
