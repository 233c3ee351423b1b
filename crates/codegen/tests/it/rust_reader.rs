//! Rust sources to the model of Java types.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dubhe_codegen::model::{Class, Kind, Method, Nullness, Service, Stream, Type};
use dubhe_codegen::{Api, rust_reader};

fn read(files: &[(&str, &str)]) -> Api {
    let files: BTreeMap<PathBuf, String> =
        files.iter().map(|(path, text)| (PathBuf::from(path), (*text).to_owned())).collect();
    rust_reader::read_files(&files)
}

fn service<'a>(api: &'a Api, name: &str) -> &'a Service {
    match &api.types.get(name).unwrap_or_else(|| panic!("{name}: {:?}", api.notes)).kind {
        Kind::Service(service) => service,
        other => panic!("{other:?}"),
    }
}

fn class<'a>(api: &'a Api, name: &str) -> &'a Class {
    match &api.types.get(name).unwrap_or_else(|| panic!("{name}: {:?}", api.notes)).kind {
        Kind::Class(class) => class,
        other => panic!("{other:?}"),
    }
}

/// `long echo(int v, String w)`.
fn signature(method: &Method) -> String {
    let parameters: Vec<String> =
        method.parameters.iter().map(|one| format!("{} {}", one.ty, one.name)).collect();
    let throws = method.throws.join(", ");
    let text = format!("{} {}({})", method.result, method.name, parameters.join(", "));
    let text = if throws.is_empty() { text } else { format!("{text} throws {throws}") };
    text.replace("java.lang.", "").replace("java.util.", "").replace("org.example.", "")
}

fn signatures(api: &Api, name: &str) -> Vec<String> {
    service(api, name).methods.iter().map(signature).collect()
}

fn fields(api: &Api, name: &str) -> Vec<String> {
    let fields = &class(api, name).fields;
    fields.iter().map(|field| format!("{} {}", field.ty, field.name)).collect()
}

fn notes(api: &Api) -> Vec<String> {
    api.notes.iter().map(ToString::to_string).collect()
}

/// The signature of a method `m` whose parameter and result have a type; or the notes.
fn of_type(ty: &str) -> String {
    let source = format!(
        "use std::collections::*; use std::sync::Arc;
         use dubhe::{{java, prelude::*, hessian2::Array}};
         #[derive(Java)] #[java(class = \"org.example.User\")] struct User {{}}
         #[derive(Java)] #[java(class = \"org.example.Page\")] struct Page<T> {{ items: Array<T> }}
         #[dubhe::interface(\"org.example.S\")]
         trait S {{ async fn m(&self, v: {ty}) -> Result<{ty}, Status>; }}"
    );
    let api = read(&[("lib.rs", &source)]);
    signatures(&api, "org.example.S").first().cloned().unwrap_or_else(|| notes(&api).join("\n"))
}

#[test]
fn types_are_those_of_the_page_of_types() {
    for (rust, java) in [
        ("bool", "boolean"),
        ("i8", "byte"),
        ("u8", "byte"),
        ("u16", "char"),
        ("char", "char"),
        ("f32", "float"),
        ("Option<i64>", "Long"),
        ("Option<char>", "Character"),
        ("&str", "String"),
        ("std::string::String", "String"),
        ("Vec<u8>", "byte[]"),
        ("&[u8]", "byte[]"),
        ("bytes::Bytes", "byte[]"),
        ("Vec<i8>", "List<Byte>"),
        ("[i32; 4]", "List<Integer>"),
        ("VecDeque<Option<i32>>", "List<@Nullable Integer>"),
        ("Vec<Vec<u8>>", "List<byte[]>"),
        ("Array<i32>", "int[]"),
        ("Array<Option<i32>>", "@Nullable Integer[]"),
        ("dubhe::java::Array<java::Array<i64>>", "long[][]"),
        ("BTreeSet<i64>", "Set<Long>"),
        ("HashMap<String, Vec<User>>", "Map<String, List<User>>"),
        ("Value", "Object"),
        ("java::Date", "Date"),
        ("dubhe::java::SqlDate", "java.sql.Date"),
        ("java::Uuid", "UUID"),
        ("Box<User>", "User"),
        ("Arc<Option<&User>>", "User"),
        ("Page<Option<i32>>", "Page<Integer>"),
        ("Page<Array<i32>>", "Page<int[]>"),
    ] {
        assert_eq!(of_type(rust), format!("{java} m({java} v)"), "{rust}");
    }
}

#[test]
fn what_java_lacks_is_a_note_with_its_line() {
    for (rust, what) in [
        ("chrono::DateTime<Utc>", "`chrono::DateTime<Utc>` is no type of Java"),
        ("std::time::Duration", "`std::time::Duration` is no type of Java"),
        ("(i32, i32)", "`(i32, i32)` is no type of Java"),
        ("u64", "Java has no `u64`: take `i32`, `i64` or `dubhe::java::BigInteger`"),
        ("vec![i32]", "a type that a macro writes: write the type itself"),
    ] {
        let note = of_type(rust);
        assert!(note.starts_with("lib.rs:6: `S.m` is left out: "), "{note}");
        assert!(note.contains(what), "{note}");
    }
}

#[test]
fn services_have_their_methods_and_documents() {
    let api = read(&[(
        "lib.rs",
        "use dubhe::interface as rpc;
         use dubhe::{Context as _, Streaming, Status};
         use org::Unknown;
         /// Users of the shop.
         ///
         /// Found by number.
         #[rpc(\"org.example.Users\", version = \"1.0.0\", group = \"shop\")]
         pub trait Users: Clone {
             /// A user.
             #[deprecated]
             #[java(name = \"getUser\", timeout_ms = 5)]
             async fn user_of(&self, ctx: &dubhe::Context, r#type: i32, user_id: Option<i64>) -> Result<Option<String>, Status>;
             #[java(oneway)]
             async fn forget(&self) -> Result<(), Status> { Ok(()) }
             async fn watch(&self, since: i64) -> Result<impl Stream<Item = Result<i64, Status>>, Status>;
             async fn store(&self, users: Streaming<i32>) -> Result<i64, Status>;
             async fn any<T>(&self, value: T) -> Result<(), Status>;
             async fn odd(&self, value: Unknown) -> Result<(), Status>;
             async fn items(
                 &self,
                 #[java(type = \"java.util.Collection\")] items: Vec<String>,
                 #[java(type = \"java.io.Serializable\")] one: Vec<String>,
                 #[java(type = \"int[]\")] many: Vec<i32>,
             ) -> Result<(), Status>;
             more!();
         }",
    )]);
    let users = service(&api, "org.example.Users");
    assert_eq!((users.group.as_deref(), users.version.as_deref()), (Some("shop"), Some("1.0.0")));
    assert_eq!(
        signatures(&api, "org.example.Users"),
        [
            "String getUser(int type, Long userId)",
            "void forget()",
            "Long watch(long since)",
            "Long store(Integer users)",
            "void items(Collection<String> items, java.io.Serializable one, int[] many)",
        ]
    );
    let [user, forget, watch, store, _] = users.methods.as_slice() else { panic!() };
    assert_eq!((user.doc.as_deref(), user.deprecated), (Some("A user."), true));
    assert_eq!(user.result_null, Nullness::Nullable);
    let nulls: Vec<Nullness> = user.parameters.iter().map(|one| one.null).collect();
    assert_eq!(nulls, [Nullness::Unknown, Nullness::Nullable]);
    assert_eq!((forget.doc.as_deref(), forget.deprecated), (None, false));
    assert_eq!((watch.stream, store.stream), (Stream::Server, Stream::Both));
    let declared = api.types.get("org.example.Users").unwrap();
    assert_eq!(declared.doc.as_deref(), Some("Users of the shop.\n\nFound by number."));
    assert_eq!(declared.source, "lib.rs");
    assert_eq!(
        notes(&api),
        [
            "lib.rs:17: `Users.any` is left out: a method has no type parameters such as `T`: Java calls it \
             by its descriptor; write the types, or `Value`",
            "lib.rs:18: `Users.odd` is left out: `Unknown` is no type of Java: take one of `dubhe::java`, or a \
             struct or enum of these sources with #[derive(Java)]",
            "lib.rs:25: what the macro `more!` writes in `Users` is left out: write the methods themselves",
        ]
    );
}

#[test]
fn classes_enums_and_exceptions_have_their_fields() {
    let api = read(&[(
        "lib.rs",
        "use dubhe::{Java as Class, JavaException, Value, java::StackTraceElement};
         /** A user.
          * Of the shop. */
         #[derive(Clone, Class)]
         #[java(class = \"org.example.User\")]
         pub struct User<'a> {
             /// Counts.
             user_id: i64,
             #[java(name = \"URL\")] url: Option<String>,
             #[java(skip)] cached: std::time::Duration,
             #[java(default)] friends: Vec<User<'a>>,
             odd: std::time::Duration,
         }
         #[derive(Class)] #[java(class = \"org.example.Employee\")]
         struct Employee { #[java(flatten)] user: User<'static>, boss: Option<Box<Employee>> }
         #[derive(Class)] #[java(class = \"org.example.Page$Row\")]
         struct Row<T> { value: T, rows: dubhe::java::Array<Vec<T>> }
         #[derive(Class)] #[java(class = \"org.example.Node\")]
         struct Node(Value);
         #[derive(Class)] #[java(class = \"org.example.Pair\")]
         struct Pair(i32, i32);
         #[derive(Class)] #[java(class = \"org.example.Colour\")]
         enum Colour { Red, /// Dark.
             DarkBlue, #[java(name = \"other\")] Other, #[java(other)] Unknown(String) }
         #[cfg_attr(all(), derive(JavaException))] #[java(class = \"org.example.NoFunds\")]
         struct NoFunds { #[java(message)] text: String, #[java(cause)] cause: Option<Box<dubhe::java::Throwable>>,
             #[java(stack)] stack: Vec<StackTraceElement>, missing: i64 }
         #[derive(JavaException)] #[java(class = \"org.example.Overdrawn\")]
         struct Overdrawn { #[java(flatten)] parent: NoFunds, limit: i64 }
         #[derive(JavaException)] #[java(class = \"org.example.NoFunds\")]
         enum Refused { Overdrawn(Overdrawn), NoFunds(Box<NoFunds>) }
         #[derive(Class)] struct Nameless {}
         type Answer<T> = Result<T, Refused>;
         mod bank {
             #[dubhe::interface(\"org.example.Bank\")]
             trait Bank {
                 async fn draw(&self, sum: i64) -> super::Answer<i64>;
                 async fn node(&self, node: super::Node) -> super::Done;
             }
         }
         type Done = std::result::Result<(), NoFunds>;",
    )]);
    assert_eq!(
        fields(&api, "org.example.User"),
        ["long userId", "java.lang.String URL", "java.util.List<org.example.User> friends"]
    );
    assert_eq!(
        api.types.get("org.example.User").unwrap().doc.as_deref(),
        Some("A user.\nOf the shop.")
    );
    let user = class(&api, "org.example.User");
    let nulls: Vec<Nullness> = user.fields.iter().map(|field| field.null).collect();
    assert_eq!(nulls, [Nullness::Unknown, Nullness::Nullable, Nullness::NonNull]);
    assert_eq!(user.fields.first().unwrap().doc.as_deref(), Some("Counts."));
    assert_eq!(user.subclasses, ["org.example.Employee"]);
    let employee = class(&api, "org.example.Employee");
    assert_eq!(employee.superclass.as_ref().unwrap().to_string(), "org.example.User");
    assert_eq!(fields(&api, "org.example.Employee"), ["org.example.Employee boss"]);
    assert_eq!(class(&api, "org.example.Page$Row").parameters, ["T"]);
    assert_eq!(fields(&api, "org.example.Page$Row"), ["T value", "java.util.List<T>[] rows"]);
    assert_eq!(fields(&api, "org.example.Node"), [""; 0]);
    let Kind::Enum(colour) = &api.types.get("org.example.Colour").unwrap().kind else { panic!() };
    let constants: Vec<_> =
        colour.constants.iter().map(|one| (one.name.as_str(), one.doc.as_deref())).collect();
    assert_eq!(constants, [("RED", None), ("DARK_BLUE", Some("Dark.")), ("other", None)]);
    let no_funds = class(&api, "org.example.NoFunds");
    assert!(no_funds.is_exception && !no_funds.is_abstract);
    assert_eq!(no_funds.superclass.as_ref().unwrap().to_string(), "java.lang.Exception");
    assert_eq!(fields(&api, "org.example.NoFunds"), ["long missing"]);
    assert_eq!(no_funds.subclasses, ["org.example.Overdrawn"]);
    let overdrawn = class(&api, "org.example.Overdrawn");
    assert_eq!(overdrawn.superclass.as_ref().unwrap().to_string(), "org.example.NoFunds");
    assert_eq!(
        signatures(&api, "org.example.Bank"),
        ["long draw(long sum) throws NoFunds", "void node(Node node) throws NoFunds"]
    );
    let notes = notes(&api);
    let begins = [
        "lib.rs:12: `User.odd` is left out: `std::time::Duration` is no type of Java",
        "lib.rs:19: `Node` holds a `Value`: the fields of org.example.Node are not known here",
        "lib.rs:21: `Pair` is left out: the fields of a Java class have names",
        "lib.rs:32: `Nameless` is left out: no #[java(class = \"..\")]",
    ];
    assert_eq!(notes.len(), begins.len(), "{notes:#?}");
    for (note, begin) in notes.iter().zip(begins) {
        assert!(note.starts_with(begin), "{note}");
    }
}

#[test]
fn an_enum_of_classes_is_their_superclass() {
    let api = read(&[(
        "lib.rs",
        "use dubhe::{Java, Value};
         #[derive(Java)] #[java(class = \"org.example.Animal\")]
         enum Animal { Dog(Dog), Pet(Pet), #[java(other)] Other(Value) }
         #[derive(Java)] #[java(class = \"org.example.Animal$Dog\")]
         struct Dog { name: Option<String>, bones: i32 }
         #[derive(Java)] #[java(class = \"org.example.Pet\")]
         enum Pet { Cat(Cat), Fish(Fish) }
         #[derive(Java)] #[java(class = \"org.example.Cat\")]
         struct Cat { name: Option<String>, owner: String, indoor: bool }
         #[derive(Java)] #[java(class = \"org.example.Fish\")]
         struct Fish { name: Option<String>, owner: String }
         #[derive(Java)] #[java(class = \"org.example.Alone\")]
         enum Alone { One(One) }
         #[derive(Java)] #[java(class = \"org.example.One\")]
         struct One { name: String }
         #[derive(Java)] #[java(class = \"org.example.Of\")]
         enum Of<K, T> { Some(Some<T, K>), Odd(i32) }
         #[derive(Java)] #[java(class = \"org.example.Some\")]
         struct Some<A, B> { a: A, b: B }",
    )]);
    let animal = class(&api, "org.example.Animal");
    assert!(animal.is_abstract && !animal.is_exception);
    assert_eq!(animal.subclasses, ["org.example.Animal$Dog", "org.example.Pet"]);
    assert_eq!(fields(&api, "org.example.Animal"), ["java.lang.String name"]);
    assert_eq!(fields(&api, "org.example.Animal$Dog"), ["int bones"]);
    assert_eq!(fields(&api, "org.example.Pet"), ["java.lang.String owner"]);
    assert_eq!(fields(&api, "org.example.Cat"), ["boolean indoor"]);
    assert_eq!(fields(&api, "org.example.Fish"), [""; 0]);
    let parent = |name: &str| class(&api, name).superclass.as_ref().unwrap().to_string();
    assert_eq!(parent("org.example.Cat"), "org.example.Pet");
    assert_eq!(parent("org.example.Pet"), "org.example.Animal");
    // Of one subclass nothing says which fields it inherits.
    assert_eq!(fields(&api, "org.example.Alone"), [""; 0]);
    assert_eq!(fields(&api, "org.example.One"), ["java.lang.String name"]);
    assert_eq!(parent("org.example.Some"), "org.example.Of<B, A>");
    let notes = notes(&api);
    assert_eq!(
        notes,
        ["lib.rs:17: `Of::Odd` is left out: a variant holds one class of these sources"]
    );
}

#[test]
fn modules_are_followed_and_names_found_through_them() {
    let api = read(&[
        (
            "lib.rs",
            "pub mod api; mod deep { pub mod inner; } mod missing; mod broken;
             #[cfg(test)] mod tests;",
        ),
        (
            "api/mod.rs",
            "mod types; pub use types::{User as Person, *}; use crate::deep::inner as stock;
             #[dubhe::interface(\"org.example.Users\")]
             pub trait Users {
                 async fn user(&self) -> Result<Person, dubhe::Status>;
                 async fn group(&self, of: Group) -> Result<stock::Item, dubhe::Status>;
                 async fn listen(&self, to: dubhe::Callback<self::types::ListenerClient>) -> Result<(), dubhe::Status>;
             }",
        ),
        (
            "api/types.rs",
            "#[derive(dubhe::Java)] #[java(class = \"org.example.User\")] pub struct User {}
             #[derive(dubhe::Java)] #[java(class = \"org.example.Group\")] pub struct Group { users: Users, next: Loop }
             type Users = Vec<super::Person>; type Loop = Box<Loop>;
             #[dubhe::interface(\"org.example.Listener\")] pub trait Listener {}",
        ),
        (
            "deep/inner.rs",
            "#[derive(dubhe::Java)] #[java(class = \"org.example.Item\")] pub struct Item {}",
        ),
        ("broken.rs", "\nfn ("),
        ("unused.rs", "#[derive(dubhe::Java)] #[java(class = \"org.example.Unused\")] struct Unused;"),
        ("tests.rs", "also broken"),
    ]);
    assert_eq!(
        signatures(&api, "org.example.Users"),
        ["User user()", "Item group(Group of)", "void listen(Listener to)"]
    );
    assert_eq!(fields(&api, "org.example.Group"), ["java.util.List<org.example.User> users"]);
    let names: Vec<&String> = api.types.keys().collect();
    assert_eq!(
        names,
        [
            "org.example.Group",
            "org.example.Item",
            "org.example.Listener",
            "org.example.User",
            "org.example.Users"
        ]
    );
    assert_eq!(api.types.get("org.example.Item").unwrap().source, "deep/inner.rs");
    let notes = notes(&api);
    assert_eq!(notes.len(), 3, "{notes:#?}");
    assert_eq!(
        notes.first().unwrap(),
        "lib.rs:1: the module `missing` is left out: no file missing.rs or missing/mod.rs"
    );
    assert!(
        notes[1].starts_with("broken.rs:2: is no Rust and left out with its modules: "),
        "{notes:#?}"
    );
    assert!(
        notes[2].starts_with(
            "api/types.rs:3: `Group.next` is left out: aliases that lead to themselves"
        ),
        "{notes:#?}"
    );
}

#[test]
fn a_folder_without_a_root_is_read_file_by_file() {
    let api = read(&[
        ("org/shop.rs", "use super::types::User; use shop_types::Item;
          #[dubhe::interface(\"org.example.Shop\")]
          trait Shop { async fn sell(&self, user: User, item: Item) -> Result<(), dubhe::Status>; }"),
        ("org/types.rs", "#[derive(dubhe::Java)] #[java(class = \"org.example.User\")] pub struct User;"),
        ("items.rs", "#[derive(dubhe::Java)] #[java(class = \"org.example.Item\")] pub struct Item;"),
    ]);
    assert_eq!(signatures(&api, "org.example.Shop"), ["void sell(User user, Item item)"]);
    assert_eq!(notes(&api), [""; 0]);
}

#[test]
fn modules_may_bring_in_all_of_one_another() {
    let names = ["a", "b", "c", "d", "e", "f"];
    let globs = names.map(|name| format!("pub use super::{name}::*; ")).concat();
    let modules = names.map(|name| format!("mod {name} {{ {globs} }}\n")).concat();
    let source = format!(
        "{modules} mod g {{ use super::a::*; use dubhe::*; use x::*;
         #[dubhe::interface(\"org.example.S\")] trait S {{ async fn m(&self, v: User) -> Result<(), Status>; }} }}"
    );
    let api = read(&[("lib.rs", &source)]);
    assert!(notes(&api)[0].contains("`User` is no type of Java"), "{:?}", notes(&api));
}

#[test]
fn types_by_hand_and_by_macros() {
    let api = read(&[(
        "lib.rs",
        "use dubhe::hessian2::JavaType; use dubhe::Value;
         struct Node(Value);
         impl JavaType for Node { fn descriptor() -> Cow<'static, str> { Cow::Borrowed(\"[Lorg/example/Node;\") } }
         enum Any { A }
         impl JavaType for Any { fn descriptor() -> Cow<'static, str> { Value::descriptor() } }
         macro_rules! declared { ($name:ident) => { impl JavaType for $name {} } }
         declared!(Made);
         thread_local!(static X: u8 = 0);
         #[dubhe::interface(\"org.example.Nodes\")]
         trait Nodes {
             async fn node(&self, node: Node, any: Any) -> Result<(), Status>;
             async fn made(&self, made: Made) -> Result<(), Status>;
         }
         #[dubhe::interface(\"org.example.Nodes\", version = \"2\")]
         trait Oneway {
             #[java(oneway)] async fn node(&self, other: Node, any: Value) -> Result<(), Status>;
             async fn node_too(&self) -> Result<(), Status>;
         }",
    )]);
    assert_eq!(
        signatures(&api, "org.example.Nodes"),
        ["void node(Node[] node, Object any)", "void nodeToo()"]
    );
    let notes = notes(&api);
    assert_eq!(notes.len(), 2, "{notes:#?}");
    assert!(
        notes[0].starts_with("lib.rs:7: what the macro `declared!` writes is left out"),
        "{notes:#?}"
    );
    assert!(
        notes[1].starts_with("lib.rs:12: `Nodes.made` is left out: `Made` is no type of Java"),
        "{notes:#?}"
    );
}

#[test]
fn the_traits_of_the_examples_are_read_from_the_disk() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/src");
    let api = rust_reader::read(&[folder]).unwrap();
    assert_eq!(notes(&api), [""; 0]);
    assert_eq!(
        signatures(&api, "org.example.Users"),
        ["User getUser(long id)", "List<User> listAll()"]
    );
    let missing = rust_reader::read(&["no/such/folder"]).unwrap_err();
    assert!(missing.to_string().starts_with("cannot read no/such/folder: "), "{missing}");
}

#[test]
fn types_of_elsewhere_are_known_by_their_paths_in_generated_code() {
    let text = r#"
#[derive(dubhe::Java)]
#[java(class = "org.example.Order")]
pub struct Order {
    pub total: crate::money::Money,
    pub parts: Option<Vec<crate::money::Money>>,
}
#[derive(dubhe::Java)]
#[java(class = "org.example.Shape")]
pub enum Shape {
    Circle(crate::Circle),
    Order(Order),
}
#[dubhe::interface("org.example.Orders")]
pub trait Orders {
    async fn total(&self, of: Order) -> Result<crate::money::Money, dubhe::Status>;
}
"#;
    let files = BTreeMap::from([(PathBuf::from("mod.rs"), text.to_owned())]);
    let left = rust_reader::read_files(&files);
    assert_eq!(left.notes.len(), 4, "{:?}", left.notes);
    let api = rust_reader::read_generated_files(&files);
    assert_eq!(api.notes, []);
    let kind = |name: &str| &api.types[name].kind;
    let Kind::Class(order) = kind("org.example.Order") else { panic!() };
    let types: Vec<String> = order.fields.iter().map(|field| field.ty.to_string()).collect();
    assert_eq!(types, ["crate::money::Money", "java.util.List<crate::money::Money>"]);
    let Kind::Class(shape) = kind("org.example.Shape") else { panic!() };
    assert_eq!(shape.subclasses, ["crate::Circle", "org.example.Order"]);
    let Kind::Service(orders) = kind("org.example.Orders") else { panic!() };
    assert_eq!(orders.methods[0].result, Type::class("crate::money::Money"));
}

#[test]
fn what_is_nested_too_deeply_is_left_out_with_a_note() {
    let deep = |count: usize| format!("Vec<{}i32{}>", "Vec<".repeat(count), ">".repeat(count));
    let lib = "mod deep;\nmod deeper;\n#[dubhe::interface(\"org.example.S\")]\npub trait S { async fn a(&self) -> Result<i32, Status>; }\n";
    let method = |ty: &str| {
        format!(
            "#[dubhe::interface(\"org.example.D\")]\npub trait D {{ async fn a(&self, v: {ty}) -> Result<(), Status>; }}\n"
        )
    };
    let api = read(&[
        ("lib.rs", lib),
        ("deep.rs", &method(&deep(250))),
        (
            "deeper.rs",
            &format!("pub const A: u8 = {}1{};\n", "(".repeat(100_000), ")".repeat(100_000)),
        ),
    ]);
    assert_eq!(signatures(&api, "org.example.S"), ["int a()"]);
    let notes = notes(&api);
    assert!(notes[0].starts_with("deeper.rs:1: is nested too deeply and left out"), "{notes:?}");
    assert!(
        notes.iter().any(|note| note.starts_with("deep.rs:2: ") && note.len() < 20_000),
        "{notes:?}"
    );
}
