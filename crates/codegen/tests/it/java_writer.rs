//! The model of Java types to Java sources. `cargo xtask test codegen` compiles and calls such sources.

use dubhe_codegen::java_writer::{JavaRelease, JavaWriter};
use dubhe_codegen::model::{Class, Declared, Kind, Type};
use dubhe_codegen::proto_writer::ProtoWriter;
use dubhe_codegen::{Api, Written};

use crate::shop;

fn notes(written: &Written) -> Vec<String> {
    written.notes.iter().map(ToString::to_string).collect()
}

fn file<'a>(written: &'a Written, path: &str) -> &'a str {
    written.files.get(path).unwrap_or_else(|| panic!("{:?}", written.files.keys()))
}

#[test]
fn the_shop_is_written_as_people_would() {
    let written = JavaWriter::new().release(JavaRelease::V17).write(&shop::api());
    let golden = [
        ("pom.xml", include_str!("golden/pom.xml")),
        ("src/main/java/org/example/customers/Outer.java", include_str!("golden/Outer.java")),
        ("src/main/java/org/example/pets/Cat.java", include_str!("golden/Cat.java")),
        ("src/main/java/org/example/pets/Pet.java", include_str!("golden/Pet.java")),
        ("src/main/java/org/example/shop/Colour.java", include_str!("golden/Colour.java")),
        ("src/main/java/org/example/shop/Express.java", include_str!("golden/Express.java")),
        ("src/main/java/org/example/shop/Gone.java", include_str!("golden/Gone.java")),
        ("src/main/java/org/example/shop/NoOrder.java", include_str!("golden/NoOrder.java")),
        ("src/main/java/org/example/shop/Order.java", include_str!("golden/Order.java")),
        ("src/main/java/org/example/shop/Orders.java", include_str!("golden/Orders.java")),
        ("src/main/java/org/example/shop/Page.java", include_str!("golden/Page.java")),
    ];
    let paths: Vec<&str> = golden.iter().map(|(path, _)| *path).collect();
    assert_eq!(written.files.keys().collect::<Vec<_>>(), paths);
    for (path, expected) in golden {
        assert_eq!(file(&written, path), expected, "{path}");
    }
}

#[test]
fn what_java_cannot_have_is_a_note() {
    let written = JavaWriter::new().write(&shop::api());
    assert_eq!(
        notes(&written),
        [
            "org.example.new.Odd: the class is left out: `new` is a keyword of Java; give it another name",
            "org.example.customers.Outer$Customer.odd: the field is left out: it needs org.example.new.Odd, which \
             is left out",
            "org.example.shop.Orders.listAll: the parameter is called `class_` here: `class` is a keyword of Java",
            "org.example.shop.Orders.return: the method is left out: `return` is a keyword of Java; give it another \
             name, such as with #[java(name = \"..\")]",
            "org.example.shop.Orders.toString: the method is left out: `toString()` is a method of every object; \
             give it another name, such as with #[java(name = \"..\")]",
            "org.example.shop.Orders.many: the method is left out: an overload before it takes (java.util.List) \
             too: Java tells them apart by these types without their arguments; give it another name, such as with \
             #[java(name = \"..\")]",
        ]
    );
}

#[test]
fn options_are_those_of_the_project() {
    let api = shop::read("#[dubhe::interface(\"Users\")] trait Users {}");
    let written = JavaWriter::new().write(&api);
    let pom = file(&written, "pom.xml");
    assert!(
        pom.contains("<groupId>com.example</groupId>\n  <artifactId>dubhe-api</artifactId>"),
        "{pom}"
    );
    assert!(pom.contains("<maven.compiler.source>8</maven.compiler.source>"), "{pom}");
    assert!(!pom.contains("<dependency>"), "{pom}");
    assert!(file(&written, "src/main/java/Users.java").contains("\npublic interface Users {\n}\n"));

    let writer =
        JavaWriter::new().group_id("a<b").artifact_id("c").version("2").dubbo_version("3.2.16");
    let written = writer.write(&shop::api());
    let pom = file(&written, "pom.xml");
    for line in [
        "<groupId>a&lt;b</groupId>",
        "<artifactId>c</artifactId>",
        "<version>2</version>",
        "<version>3.2.16</version>",
    ] {
        assert!(pom.contains(line), "{pom}");
    }
}

#[test]
fn a_change_of_one_type_changes_its_file_alone() {
    let (before, mut api) = (JavaWriter::new().write(&shop::api()), shop::api());
    let line = api.types.get_mut("org.example.shop.Colour").unwrap();
    line.deprecated = true;
    let after = JavaWriter::new().write(&api);
    let changed: Vec<&String> = after
        .files
        .iter()
        .filter(|(path, text)| before.files.get(*path) != Some(*text))
        .map(|(path, _)| path)
        .collect();
    // A class that names it says that it knows of the deprecation.
    assert_eq!(
        changed,
        ["src/main/java/org/example/shop/Colour.java", "src/main/java/org/example/shop/Order.java"]
    );
    assert!(file(&after, changed[1]).contains("@SuppressWarnings({\"deprecation\", \"serial\"})"));
}

#[test]
fn names_that_several_classes_have_are_said_in_full() {
    let written = JavaWriter::new().write(&shop::read(
        "use dubhe::java;
         #[derive(dubhe::Java)] #[java(class = \"a.Date\")]
         struct Own { one: java::Date, other: java::SqlDate, own: Option<Box<Own>>, string: b::Text, text: String }
         #[derive(dubhe::Java)] #[java(class = \"a.String\")] struct Text;
         mod b { #[derive(dubhe::Java)] #[java(class = \"b.String\")] pub struct Text; }",
    ));
    let text = file(&written, "src/main/java/a/Date.java");
    for line in [
        "import java.io.Serializable;\nimport java.util.Objects;\n\npublic",
        "    private java.util.Date one;\n    private java.sql.Date other;\n    private Date own;\n    \
         private b.String string;\n    private java.lang.String text;\n",
        "    public java.lang.String toString() {\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
}

/// Sources may be jars of foreign parties: texts stay texts, and circles end.
#[test]
fn hostile_models_are_written() {
    let mut api = Api::default();
    for (name, above) in [
        ("x.A", "x.B"),
        ("x.B", "x.A"),
        ("x..C", "x.A"),
        ("", "x.A"),
        ("$", "x.A"),
        ("x.D$", "x.A"),
    ] {
        let class = Class { superclass: Some(Type::class(above)), ..Class::default() };
        let declared = Declared {
            name: name.to_owned(),
            source: "a\n*/ class X {} \\u000a".to_owned(),
            doc: Some("*/ \\u000a @x".to_owned()),
            deprecated: false,
            kind: Kind::Class(class),
        };
        api.types.insert(name.to_owned(), declared);
    }
    let written = JavaWriter::new().write(&api);
    let paths: Vec<&String> = written.files.keys().collect();
    assert_eq!(paths, ["pom.xml", "src/main/java/x/A.java", "src/main/java/x/B.java"]);
    let text = file(&written, "src/main/java/x/A.java");
    assert!(
        text.starts_with("// Generated by dubhe gen from a */ class X {} /u000a. Do not edit: "),
        "{text}"
    );
    assert!(
        text.contains("\n/** *&#47; &#92;u000a &#64;x */\npublic class A extends B {\n"),
        "{text}"
    );
    assert_eq!(written.notes.len(), 4, "{:?}", notes(&written));
}

#[test]
fn a_tuple_struct_over_a_collection_extends_it() {
    let api = shop::read(
        "#[derive(dubhe::Java)] #[java(class = \"a.Names\")] struct Names(pub Vec<String>);
         #[derive(dubhe::Java)] #[java(class = \"a.Tags\")] struct Tags(std::collections::BTreeSet<i64>);
         #[derive(dubhe::Java)] #[java(class = \"a.Attrs\")] struct Attrs<T>(std::collections::HashMap<String, T>);
         #[derive(dubhe::Java)] #[java(class = \"a.Holder\")] struct Holder { names: Names, attrs: Attrs<Names> }",
    );
    assert_eq!(api.notes, []);
    let written = JavaWriter::new().write(&api);
    assert_eq!(notes(&written), Vec::<String>::new());
    for (path, line) in [
        ("Names", "public class Names extends ArrayList<String> {"),
        ("Tags", "public class Tags extends HashSet<Long> {"),
        ("Attrs", "public class Attrs<T> extends HashMap<String, T> {"),
        ("Holder", "    private Attrs<Names> attrs;"),
    ] {
        let text = file(&written, &format!("src/main/java/a/{path}.java"));
        assert!(text.contains(line), "{text}");
        // Its equality is that of its elements.
        assert_eq!(text.contains("boolean equals("), path == "Holder", "{text}");
    }
    let proto = ProtoWriter::new().write(&api);
    let said = notes(&proto).join("\n");
    assert!(
        said.contains("a.Holder.names: the field is left out: a.Names is a collection or map"),
        "{said}"
    );
}

/// `cargo xtask test codegen` compiles these files by javac.
#[test]
fn odd_rust_becomes_java_or_a_note() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/rust/odd.rs");
    let api = dubhe_codegen::rust_reader::read(&[path]).unwrap();
    let written = JavaWriter::new().write(&api);
    let rename = "; give it another name, such as with #[java(name = \"..\")]";
    let all = api.notes.iter().chain(&written.notes).map(ToString::to_string);
    let all: Vec<String> =
        all.map(|of| of.replace(rename, " [RENAME]").replace(path, "odd.rs")).collect();
    assert_eq!(all.join("\n") + "\n", include_str!("golden/odd_java.txt"));
}
