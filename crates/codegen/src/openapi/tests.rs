//! Documents as springdoc 2.8.14 wrote them for Spring controllers, and others.

use std::fmt::Write as _;

use super::build::Build;
use super::items::ItemKind;
use super::object::{MAX_FIELDS, MAX_PARTS};
use super::{Generated, MAX_BYTES, OpenApiError, generate};

const JSON: &str = include_str!("../../tests/data/openapi/springdoc.json");
const YAML: &str = include_str!("../../tests/data/openapi/springdoc.yaml");

fn made(document: &str) -> Generated {
    let made = generate(document, "test").unwrap();
    syn::parse_file(&made.rust).unwrap_or_else(|error| panic!("{error}: {}", made.rust));
    made
}

/// A document with these schemas, and an operation that returns each.
fn schemas(schemas: &str) -> Generated {
    made(&format!(
        r#"{{"openapi": "3.1.0", "info": {{"title": "T", "version": "1"}}, "paths": {{}},
        "components": {{"schemas": {schemas}}}}}"#
    ))
}

/// A document with these operations below one path.
fn path(path: &str, operations: &str) -> Generated {
    made(&format!(
        r#"{{"openapi": "3.0.1", "info": {{"title": "T", "version": "1"}}, "paths": {{"{path}": {operations}}}}}"#
    ))
}

#[track_caller]
fn has(made: &Generated, texts: &[&str]) {
    // Without the breaks and commas of formatting.
    let squeezed = |text: &str| {
        text.split_whitespace().collect::<String>().replace(",)", ")").replace(",}", "}")
    };
    let rust = squeezed(&made.rust);
    for text in texts {
        assert!(rust.contains(&squeezed(text)), "{text} is not in {}", made.rust);
    }
}

fn notes(made: &Generated) -> Vec<String> {
    made.notes.iter().map(ToString::to_string).collect()
}

#[test]
fn json_and_yaml_of_springdoc_are_the_same() {
    let json = made(JSON);
    assert_eq!(json, made(YAML));
    assert_eq!(json, made(JSON), "and the same each time");
    assert_eq!(
        notes(&json),
        [
            "components.schemas.Animal: the document does not say the values of `kind`: they are taken for the names of the \
             schemas, in any case; set the field where they differ",
            "GET /shop/session: left out: the required parameter SESSION (cookie) has no place in the client",
            "POST /shop/upload: left out: multipart/form-data is not written; send it with `HttpClient::send`",
        ]
    );
    has(
        &json,
        &[
            "pub struct ShopClient(dubhe::http::HttpClient);",
            "pub async fn find(&self, id: i64, verbose: Option<bool>) -> Result<Order, dubhe::Status>",
            "pub async fn list(&self, state: &[ListStateItem], size: Option<i32>, x_trace: Option<&str>)",
            "pub async fn pet(&self, id: i64, body: &Animal) -> Result<Animal, dubhe::Status>",
            "pub previous: Option<Box<Order>>",
            "pub pet: Option<Animal>",
            "pub id: i64",
            "pub extra: Option<BTreeMap<String, Value>>",
            "#[deprecated]",
            "/// What a customer bought.",
            "#[serde(rename = \"SENT_OFF\")] SentOff",
        ],
    );
}

#[test]
fn schemas_become_types() {
    let made = schemas(
        r##"{
        "Ids": {"type": "array", "items": {"type": "integer"}},
        "Maybe": {"type": ["string", "null"]},
        "Several": {"type": ["string", "integer"]},
        "Numbers": {"type": "object", "required": ["a", "b", "maybe"], "properties": {
            "a": {"type": "integer", "format": "int32"}, "b": {"type": "number", "format": "float"},
            "c": {"type": "number", "nullable": true}, "maybe": {"$ref": "#/components/schemas/Maybe"},
            "type": {"type": "boolean", "description": "A [link] and <b>\n```\ncode"}, "firstName": {"type": "string"},
            "first_name": {"type": "string"}, "inner": {"type": "object", "properties": {"x": {}}}}},
        "Rest": {"type": "object", "properties": {"other": {"type": "string"}}, "additionalProperties": {"type": "integer"}},
        "Either": {"oneOf": [{"type": "string"}, {"$ref": "#/components/schemas/Ids"}, {"type": "null"}]},
        "One": {"anyOf": [{"$ref": "#/components/schemas/Rest"}, {"type": "null"}]},
        "Wrapped": {"allOf": [{"$ref": "#/components/schemas/Rest"}], "nullable": true},
        "Odd": {"$ref": "other.yaml#/X"},
        "Result": {"type": "object"},
        "result": {"const": "fixed"},
        "Free": {}
    }"##,
    );
    has(
        &made,
        &[
            "pub type Ids = Vec<i64>;",
            "pub type Maybe = String;",
            "pub type Several = Value;",
            "pub a: i32, pub b: f32,",
            "pub c: Option<f64>",
            "pub maybe: Option<Maybe>",
            "pub r#type: Option<bool>",
            "#[serde(rename = \"firstName\")]",
            "pub first_name2: Option<String>",
            "pub inner: Option<NumbersInner>",
            "pub other: Option<String>",
            "pub other_entries: BTreeMap<String, i64>",
            "#[serde(untagged, from = \"Value\")] pub enum Either {",
            "Text(String)",
            "Ids(Ids)",
            "pub type One = Rest;",
            "pub type Wrapped = Rest;",
            "pub type Odd = Value;",
            "pub type Result2 = BTreeMap<String, Value>;",
            "pub enum Result3 {",
            "pub type Free = Value;",
            "/// A \\[link\\] and \\<b> /// ```text /// code /// ```",
        ],
    );
    assert_eq!(made.notes.len(), 5, "{:#?}", notes(&made));
}

#[test]
fn circles_end() {
    let made = schemas(
        r##"{
        "Node": {"type": "object", "required": ["next", "pair"], "properties": {"next": {"$ref": "#/components/schemas/Link"},
            "pair": {"$ref": "#/components/schemas/Pair"}, "many": {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}}},
        "Link": {"$ref": "#/components/schemas/Node"},
        "Pair": {"oneOf": [{"$ref": "#/components/schemas/Node"}, {"type": "string"}]},
        "Self": {"$ref": "#/components/schemas/Self"},
        "List": {"type": "array", "items": {"$ref": "#/components/schemas/List"}},
        "All": {"allOf": [{"$ref": "#/components/schemas/All"}, {"properties": {"x": {"type": "string"}}}]}
    }"##,
    );
    has(
        &made,
        &[
            "pub next: Box<Link>",
            "pub pair: Box<Pair>",
            "pub many: Option<Vec<Node>>",
            "Node(Box<Node>)",
            "pub type SelfType = Value;",
            "pub type List = Value;",
            "pub x: Option<String>",
        ],
    );
}

#[test]
fn a_discriminator_makes_an_enum() {
    let made = schemas(
        r##"{
        "Pet": {"oneOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Cat"}],
            "discriminator": {"propertyName": "kind", "mapping": {"d": "#/components/schemas/Dog", "hound": "Dog"}}},
        "Dog": {"type": "object", "properties": {"bones": {"type": "integer"}}},
        "Cat": {"type": "object", "properties": {"kind": {"type": "string"}}}
    }"##,
    );
    has(
        &made,
        &[
            "pub enum Pet {",
            "Dog(Dog)",
            "[\"d\", \"hound\"].iter()",
            "[\"Cat\"].iter()",
            "value.get(\"kind\")",
        ],
    );
}

#[test]
fn forms_without_a_tag_are_told_by_their_properties() {
    let made = schemas(
        r##"{
        "Cat": {"type": "object", "properties": {"meow": {"type": "string"}}},
        "Dog": {"type": "object", "properties": {"bark": {"type": "number"}}, "additionalProperties": {"type": "string"}},
        "Dogs": {"type": "array", "items": {"$ref": "#/components/schemas/Dog"}},
        "Pet": {"oneOf": [{}, {"type": "number"}, {"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dogs"},
            {"type": "integer"}]}
    }"##,
    );
    has(
        &made,
        &[
            "impl Cat { const PROPERTIES: &'static [&'static str] = &[\"meow\"]; }",
            "impl Dog { const PROPERTIES: &'static [&'static str] = &[\"bark\"]; }",
            "impl From<Value> for Pet {",
            "( Cat::PROPERTIES, false, |value| serde_json::from_value(value).map(Self::Cat), ), \
             ( Dog::PROPERTIES, true, |value| serde_json::from_value(value).map(Self::Dogs), ), \
             ( &[], true, |value| serde_json::from_value(value).map(Self::Number2), ), \
             (&[], true, |value| serde_json::from_value(value).map(Self::Number)), \
             (&[], true, |value| serde_json::from_value(value).map(Self::Any)),",
            "fn best_form<T>(",
        ],
    );
}

#[test]
fn operations_become_methods() {
    let made = path(
        "/a/{id}/b",
        r##"{
        "parameters": [{"name": "id", "in": "path", "required": true, "schema": {"type": "string"}},
            {"name": "page", "in": "query", "schema": {"type": "integer"}}],
        "get": {"tags": ["the-tag"], "parameters": [
            {"name": "page", "in": "query", "required": true, "explode": false, "description": "Which.",
                "schema": {"type": "array", "items": {"type": "integer", "format": "int32"}}},
            {"name": "Accept", "in": "header", "schema": {"type": "string"}},
            {"name": "c", "in": "cookie", "schema": {"type": "string"}}],
            "responses": {"200": {"content": {"application/json": {"schema": {"type": "string"}}}}, "204": {}}},
        "post": {"operationId": "new", "tags": ["the-tag"], "requestBody": {"content": {"text/plain": {}}},
            "responses": {"default": {"content": {"application/octet-stream": {}}}}, "callbacks": {}},
        "put": {"operationId": "new", "responses": {}, "requestBody": {"$ref": "#/nowhere"}},
        "delete": {"operationId": "new", "tags": ["the-tag"], "responses": {}}
    }"##,
    );
    has(
        &made,
        &[
            "pub struct TheTagClient(",
            "pub async fn get_a_id_b(&self, page: &[i32], id: &str) -> Result<Option<String>, dubhe::Status>",
            "call.text(\"/a/\"); call.path(\"id\", &id)?; call.text(\"/b\"); call.query(\"page\", &page, false)?;",
            "json_text_or_nothing",
            "/// - `page`: Which.",
            "pub async fn new2(&self, id: &str, page: Option<i64>, body: Option<&str>) -> Result<Vec<u8>, dubhe::Status>",
            "pub async fn new3(&self, id: &str, page: Option<i64>) -> Result<(), dubhe::Status>",
        ],
    );
    let found = notes(&made).join("\n");
    for text in [
        "GET /a/{id}/b: the parameter c is left out",
        "POST /a/{id}/b: its callbacks are left out",
        "PUT /a/{id}/b: left out: the reference of its body leads nowhere",
        "it is called new2",
    ] {
        assert!(found.contains(text), "{text} is not in {found}");
    }
}

#[test]
fn operations_without_a_place_are_left_out() {
    for (at, operation, why) in [
        ("/{x}", r#"{"get": {}}"#, "is no parameter"),
        ("/{x", r#"{"get": {}}"#, "has no `}`"),
        ("/a b", r#"{"get": {}}"#, "letters that a path has not"),
        ("/a", r#"{"get": {"parameters": [{"in": "query"}]}}"#, "a parameter without a name"),
        ("/a", r#"{"get": {"parameters": [{"in": "query", "name": "a"}]}}"#, "has no schema"),
        ("/a", r##"{"get": {"parameters": [{"$ref": "#/a"}]}}"##, "leads nowhere"),
        (
            "/a",
            r#"{"get": {"parameters": [{"in": "header", "name": "a b", "required": true}]}}"#,
            "no place in the client",
        ),
        (
            "/a",
            r#"{"post": {"requestBody": {"content": {"image/png": {}}}}}"#,
            "neither JSON nor text",
        ),
    ] {
        let made = path(at, operation);
        assert!(
            notes(&made).iter().any(|note| note.contains("left out") && note.contains(why)),
            "{why}: {:?}",
            made.notes
        );
        assert!(!made.rust.contains("Call::new(http"), "{}", made.rust);
    }
}

#[test]
fn the_path_of_the_server_is_in_front() {
    let document = |url: &str| {
        format!(
            r#"{{"openapi": "3.0.1", "servers": [{{"url": "{url}"}}], "paths": {{"/a": {{"get": {{"operationId": "a"}}}}}}}}"#
        )
    };
    has(
        &made(&document("http://h:1/api/v1/")),
        &["call.text(\"/api/v1/a\");", "\"GET /api/v1/a\""],
    );
    has(&made(&document("/api")), &["call.text(\"/api/a\");"]);
    has(&made(&document("http://h:1")), &["call.text(\"/a\");"]);
    let variable = made(&document("http://h:1/{v}"));
    has(&variable, &["call.text(\"/a\");"]);
    assert_eq!(variable.notes.len(), 1);
}

#[test]
fn other_texts_are_refused() {
    let refused = |text: &str| generate(text, "http://x").unwrap_err().to_string();
    assert!(refused("{").starts_with("http://x: neither JSON nor YAML: EOF while parsing"));
    assert!(refused("a: [").starts_with("http://x: neither JSON nor YAML: "));
    assert!(refused("swagger: '2.0'").contains("Swagger 2 is not read"));
    assert!(refused(r#"{"openapi": "4.0"}"#).contains("neither 3.0 nor 3.1"));
    assert!(refused("[]").contains("`openapi` with the version is missing"));
    let long = " ".repeat(MAX_BYTES + 1);
    assert!(matches!(generate(&long, "x"), Err(OpenApiError::TooLong { .. })));
    let deep = format!(r#"{{"openapi": "3.0.0", "a": {}{}}}"#, "[".repeat(110), "]".repeat(110));
    assert!(refused(&deep).contains("nested deeper than 100 levels"));
}

#[test]
fn many_fields_and_names_are_bounded() {
    // Each schema is all of the one before: the fields of all together are in the square of the document.
    let mut text = String::from("{");
    for i in 0..400 {
        let before = i.max(1) - 1;
        let _ = write!(
            text,
            r##""S{i}": {{"allOf": [{{"$ref": "#/components/schemas/S{before}"}}, {{"properties": {{"f{i}": {{"type": "string"}}}}}}]}},"##
        );
    }
    let schemas = text.trim_end_matches(',').to_owned() + "}";
    let root =
        serde_json::from_str(&format!(r#"{{"components": {{"schemas": {schemas}}}}}"#)).unwrap();
    let mut build = Build::new(&root);
    build.components();
    let (items, notes) = build.finish();
    let fields = items.values().map(|item| match &item.kind {
        ItemKind::Struct { fields, .. } => fields.len(),
        _ => 0,
    });
    assert!(fields.sum::<usize>() <= MAX_FIELDS);
    assert!(notes.iter().any(|note| note.text.contains("more than 50000 fields")));
}

#[test]
fn schemas_all_of_each_other_are_bounded() {
    let count = 200;
    let mut text = String::from("{");
    for i in 0..count {
        let others = (0..count).map(|j| format!(r##"{{"$ref": "#/components/schemas/S{j}"}}"##));
        let all: Vec<String> = others.collect();
        let _ = write!(text, r#""S{i}": {{"allOf": [{}]}},"#, all.join(","));
    }
    let schemas = text.trim_end_matches(',').to_owned() + "}";
    let root =
        serde_json::from_str(&format!(r#"{{"components": {{"schemas": {schemas}}}}}"#)).unwrap();
    let mut build = Build::new(&root);
    build.components();
    assert!(build.parts <= MAX_PARTS + 1, "{}", build.parts);
    let (_, notes) = build.finish();
    assert!(notes.iter().any(|note| note.text.contains("more than 500000 parts of objects")));
}

#[test]
fn names_of_rust_are_not_taken() {
    let names = [
        "Serialize",
        "Deserialize",
        "Sized",
        "Default",
        "PartialEq",
        "Eq",
        "Hash",
        "Option",
        "Vec",
        "Box",
        "String",
        "Result",
        "Send",
        "Iterator",
        "Into",
        "Some",
        "Value",
        "BTreeMap",
    ];
    let of = |name: &str| format!(r#""{name}": {{"type": "object", "properties": {{"": {{}}}}}}"#);
    let all: Vec<String> = names.into_iter().map(of).collect();
    let made = schemas(&format!("{{{}}}", all.join(",")));
    for name in names {
        let note =
            format!("components.schemas.{name}: Rust itself has its name: it is called {name}2");
        assert!(notes(&made).contains(&note), "{name}: {:?}", made.notes);
        has(&made, &[&format!("pub struct {name}2 {{ #[serde(rename = \"\"")]);
    }
}

#[test]
fn a_mark_of_an_editor_is_passed_over() {
    assert_eq!(made(&format!("\u{feff}{JSON}")), made(JSON));
    assert_eq!(made(&format!("\u{feff}{YAML}")), made(JSON));
}

/// Parts of a real document, put together by chance.
#[test]
fn broken_documents_end_without_a_panic() {
    let mut read_any = 0;
    for text in [JSON, YAML] {
        for broken in crate::broken::texts(text, 40) {
            if let Ok(made) = generate(&broken, "broken") {
                assert!(syn::parse_file(&made.rust).is_ok(), "{broken}");
                read_any += 1;
            }
        }
    }
    assert!(read_any > 10, "{read_any}");
}

#[test]
fn anchors_versions_and_keys_of_yaml_are_told_in_plain_words() {
    let head = "openapi: 3.1\ninfo: {title: x, version: 1}\n";
    assert!(generate(&format!("{head}paths: {{}}\n"), "test").is_ok());
    let refused = |text: &str| generate(&format!("{head}{text}"), "test").unwrap_err().to_string();
    let error = refused("paths: &p {a: *p}\n");
    assert!(error.contains("line 3") && error.contains("an anchor refers to itself"), "{error}");
    let error = refused("paths: {}\npaths: {}\n");
    assert!(error.contains("duplicate mapping key: paths") && !error.contains("Policy"), "{error}");
    let mut bomb = "a0: &a0 [x, x]\n".to_owned();
    for i in 1..40 {
        let before = i - 1;
        bomb = format!("{bomb}a{i}: &a{i} [*a{before}, *a{before}]\n");
    }
    let error = refused(&bomb);
    assert!(
        error.ends_with("it has more parts than are read, as anchors within anchors make them"),
        "{error}"
    );
}

#[test]
fn paths_without_a_slash_and_clients_without_operations_are_left_out() {
    let made = generate(
        r#"{"openapi": "3.0.1", "info": {"title": "T", "version": "1"}, "paths": {
            "": {"get": {"tags": ["a"], "responses": {"200": {}}}},
            "users": {"get": {"tags": ["a"], "responses": {"200": {}}}},
            "/x": {"get": {"tags": ["b"], "responses": {"200": {}}}}}}"#,
        "test",
    )
    .unwrap();
    assert!(
        made.rust.contains("pub struct BClient") && !made.rust.contains("AClient"),
        "{}",
        made.rust
    );
    assert_eq!(
        notes(&made),
        [
            "GET : left out: its path does not begin with `/`",
            "GET users: left out: its path does not begin with `/`"
        ]
    );
}
