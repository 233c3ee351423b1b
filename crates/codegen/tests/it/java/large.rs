//! Inputs of a size at which work that grows with its square would not end in minutes.

use dubhe_codegen::java_reader::JavaReader;
use dubhe_codegen::rust_writer::RustWriter;
use dubhe_codegen::{Api, Written};

use super::assemble::{Assembly, class, interface};

const ABSTRACT: u16 = 0x0400;

fn write(classes: &[Assembly]) -> (Api, Written) {
    let reader = JavaReader::new();
    let reader = classes.iter().fold(reader, |reader, of| reader.class_bytes("a.jar", &of.bytes()));
    let api = reader.interfaces(["a.S"]).read();
    let written = RustWriter::new().write(&api);
    (api, written)
}

fn service(descriptor: &str) -> Assembly {
    interface("a/S").method("call", descriptor, None)
}

#[test]
fn many_fields_are_written() {
    let data = (0..20_000).fold(class("a/D", "java/lang/Object"), |class, at| {
        class.field(&format!("f{at}"), "I", None)
    });
    let (_, written) = write(&[data, service("(La/D;)V")]);
    // More than the derive takes.
    assert!(written.files["d.rs"].contains("Value"));
}

#[test]
fn many_names_that_are_one_in_rust_are_written() {
    let data = (0..14).fold(class("a/D", "java/lang/Object"), |class, dollars| {
        (0..18).fold(class, |class, bars| {
            let name = format!("{}{}a", "$".repeat(dollars), "_".repeat(bars));
            class.field(&name, "I", None)
        })
    });
    let (_, written) = write(&[data, service("(La/D;)V")]);
    assert!(written.files["d.rs"].contains("pub a_252: i32,"));
}

/// `count` classes `a.C00000` and so on, of which each one has what `with` gives it.
fn classes(count: usize, with: impl Fn(usize, Assembly) -> Assembly) -> Vec<Assembly> {
    let name = |at: usize| format!("a/C{at:05}");
    (0..count).map(|at| with(at, class(&name(at), "java/lang/Object"))).collect()
}

#[test]
fn many_superclasses_are_written() {
    for is_abstract in [true, false] {
        let mut all = classes(252, |at, class| {
            let class = class.field(&format!("f{at}"), "I", None);
            let flags = if is_abstract && at > 0 { class.flags | ABSTRACT } else { class.flags };
            if at == 251 {
                return Assembly { flags, ..class };
            }
            Assembly { flags, superclass: format!("a/C{:05}", at + 1), ..class }
        });
        all.push(service("(La/C00000;)V"));
        let (api, written) = write(&all);
        assert_eq!(api.types.len(), 253);
        let first = &written.files["c00000.rs"];
        assert_eq!(first.contains("pub f251: i32,"), is_abstract, "{first}");
    }
}

#[test]
fn circles_of_many_classes_are_written() {
    let count = 2_000;
    let mut all = classes(count, |at, class| {
        (0..3).fold(class, |class, step| {
            let next = (at + 1 + 7 * step) % count;
            class.field(&format!("n{step}"), &format!("La/C{next:05};"), None)
        })
    });
    all.push(service("(La/C00000;)V"));
    let (_, written) = write(&all);
    assert!(written.files["c00000.rs"].contains("pub n0: Option<Box<C00001>>,"));
}

#[test]
fn an_abstract_class_of_many_is_written() {
    let mut all = classes(2_000, |_, class| Assembly {
        superclass: "a/A".to_owned(),
        ..class.field("above", "La/A;", None)
    });
    let above = class("a/A", "java/lang/Object");
    all.push(Assembly { flags: above.flags | ABSTRACT, ..above });
    all.push(service("(La/A;)V"));
    let (_, written) = write(&all);
    assert!(written.files["a.rs"].contains("C01999(C01999),"));
}

#[test]
fn what_many_classes_inherit_has_a_limit() {
    let above = (0..5_000).fold(class("a/A", "java/lang/Object"), |class, at| {
        class.field(&format!("f{at}"), "I", None)
    });
    let mut all = classes(200, |_, class| Assembly { superclass: "a/A".to_owned(), ..class });
    all.push(Assembly { flags: above.flags | ABSTRACT, ..above });
    all.push(service("(La/A;)V"));
    let (_, written) = write(&all);
    let told = written.notes.iter().filter(|note| note.text.contains("are too many together"));
    assert!((100..200).contains(&told.count()));
}

#[test]
fn many_levels_name_the_limit_that_a_crate_needs() {
    let limit = |count: usize, descriptor: &str| {
        let mut all = classes(count, |at, class| {
            if at + 1 == count {
                return class;
            }
            let name = format!("La/C{:05};", at + 1);
            let signature = (descriptor != "La;").then(|| descriptor.replace("La;", &name));
            let descriptor = if signature.is_some() { "Ljava/util/List;".to_owned() } else { name };
            class.field("next", &descriptor, signature.as_deref())
        });
        all.push(service("(La/C00000;)V"));
        let (_, written) = write(&all);
        let notes = written.notes.iter().filter(|note| note.text.contains("#![recursion_limit"));
        let notes: Vec<String> = notes.map(ToString::to_string).collect();
        let line = written.files["mod.rs"].lines().find(|line| line.starts_with("// #!["));
        assert_eq!(notes.len(), usize::from(line.is_some()), "{notes:?}");
        for note in &notes {
            let line = line.unwrap().trim_start_matches("// ");
            assert!(note.starts_with("a.C00000: ") && note.contains(line), "{note}");
        }
        line.map(str::to_owned)
    };
    // An `Option` and a struct are two levels, a list of them four, and 48 are left for what is around.
    assert_eq!(limit(40, "La;"), None);
    assert_eq!(limit(70, "La;").unwrap(), "// #![recursion_limit = \"256\"]");
    assert_eq!(limit(300, "La;").unwrap(), "// #![recursion_limit = \"1024\"]");
    assert_eq!(limit(15, "Ljava/util/List<La;>;"), None);
    assert_eq!(limit(70, "Ljava/util/List<La;>;").unwrap(), "// #![recursion_limit = \"512\"]");
}
