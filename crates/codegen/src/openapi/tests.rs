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

/// A document with these schemas, and an operation.
fn schemas(schemas: &str) -> Generated {
    made(&format!(
        r#"{{"openapi": "3.1.0", "info": {{"title": "T", "version": "1"}}, "paths": {{"/t": {{"get": {{"operationId": "t"}}}}}},
        "components": {{"schemas": {schemas}}}}}"#
    ))
}

/// A document with these operations below one path, and a schema.
fn path(path: &str, operations: &str) -> Generated {
    made(&format!(
        r#"{{"openapi": "3.0.1", "info": {{"title": "T", "version": "1"}}, "paths": {{"{path}": {operations}}},
        "components": {{"schemas": {{"Kept": {{}}}}}}}}"#
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

/// Read as they were, these would read the same value again until the stack is full.
#[test]
fn alternatives_that_lead_back_to_their_schema_are_left_out() {
    let made = schemas(
        r##"{
        "Own": {"oneOf": [{"$ref": "#/components/schemas/Own"}, {"type": "string"}]},
        "W1": {"oneOf": [{"$ref": "#/components/schemas/W2"}, {"type": "integer"}]},
        "W2": {"anyOf": [{"$ref": "#/components/schemas/W1"}, {"type": "string"}]},
        "A": {"oneOf": [{"$ref": "#/components/schemas/Alias"}, {"type": "boolean"}]},
        "Alias": {"allOf": [{"$ref": "#/components/schemas/A"}]},
        "Inner": {"oneOf": [{"oneOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "string"}]}, {"type": "integer"}]},
        "Nothing": {"oneOf": [{"$ref": "#/components/schemas/Nothing"}, {"$ref": "#/components/schemas/Nothing2"}]},
        "Nothing2": {"oneOf": [{"$ref": "#/components/schemas/Nothing"}, {"$ref": "#/components/schemas/Nothing2"}]},
        "Tagged": {"oneOf": [{"$ref": "#/components/schemas/Tagged"}, {"$ref": "#/components/schemas/Leaf"}],
            "discriminator": {"propertyName": "kind"}},
        "Leaf": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Tagged"}}},
        "List": {"oneOf": [{"type": "array", "items": {"$ref": "#/components/schemas/List"}}, {"type": "string"}]}
    }"##,
    );
    let left_out = |name: &str, of: &str| {
        format!(
            "components.schemas ({name}): the alternative {of} is left out: it leads back to the schema itself; what it alone \
             has is `Other`"
        )
    };
    let circle = |name: &str| {
        format!("components.schemas ({name}): any JSON value: the schema is nothing but itself")
    };
    assert_eq!(
        notes(&made),
        [
            left_out("A", "A"),
            left_out("Inner1", "Inner"),
            left_out("Nothing", "Nothing"),
            circle("Nothing2"),
            left_out("Own", "Own"),
            left_out("Tagged", "Tagged"),
            left_out("W2", "W1"),
        ]
    );
    has(
        &made,
        &[
            "pub enum Own { /// One of the forms. Text(String), /// Another",
            "pub enum W1 { /// `W2`. W2(W2), /// One of the forms. Number(i64),",
            "pub enum W2 { /// One of the forms. Text(String), /// Another",
            "pub enum A { /// One of the forms. Bool(bool), /// Another",
            "pub enum Tagged { /// `Leaf`. Leaf(Box<Leaf>), /// An object",
            "List(Vec<List>)",
            "pub type Alias = A;",
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
fn enums_among_forms_are_told_by_what_their_own_forms_know() {
    let made = schemas(
        r##"{
        "Cat": {"type": "object", "properties": {"meow": {"type": "string"}}},
        "Dog": {"type": "object", "properties": {"bark": {"type": "string"}}},
        "Pet": {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}]},
        "Fish": {"oneOf": [{"$ref": "#/components/schemas/Dog"}, {"$ref": "#/components/schemas/Cat"}], "discriminator": {"propertyName": "kind"}},
        "State": {"type": "string", "enum": ["NEW"]},
        "Thing": {"oneOf": [{"$ref": "#/components/schemas/Pet"}, {"type": "string"}, {"$ref": "#/components/schemas/State"},
            {"$ref": "#/components/schemas/Fish"}, {"type": "array", "items": {"$ref": "#/components/schemas/Pet"}}]}
    }"##,
    );
    has(
        &made,
        &[
            "( &[\"bark\", \"meow\"], false, |value| { own_form(value, |of: &Pet| matches!(of, Pet::Other(_))).map(Self::Pet) }, ), \
             ( &[], false, |value| { own_form(value, |of: &State| matches!(of, State::Other(_))).map(Self::State) }, ), \
             ( &[\"bark\", \"kind\", \"meow\"], false, |value| { own_form(value, |of: &Fish| matches!(of, Fish::Other(_))).map(Self::Fish) }, ),",
            "!all.is_empty() && all.iter().all(|of| matches!(of, Pet::Other(_)))",
            "(&[], true, |value| serde_json::from_value(value).map(Self::Text)),",
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
fn media_types_are_those_of_the_document() {
    let of = |body: &str, result: &str| {
        let schema = r#"{"schema": {"type": "string"}}"#;
        path(
            "/a",
            &format!(
                r#"{{"post": {{"operationId": "a", "requestBody": {{"required": true, "content": {{"{body}": {schema}}}}},
                "responses": {{"200": {{"content": {{{result}}}}}}}}}}}"#
            )
            .replace("SCHEMA", schema),
        )
    };
    for (body, sent, result, accept, read) in [
        (
            "application/vnd.shop.v2+json",
            "call.json(&body, \"application/vnd.shop.v2+json\")?;",
            r#""application/vnd.shop.v3+json": SCHEMA"#,
            "application/vnd.shop.v3+json",
            "json_text",
        ),
        (
            "application/merge-patch+json",
            "call.json(&body, \"application/merge-patch+json\")?;",
            r#""application/hal+json": SCHEMA, "text/csv": SCHEMA"#,
            "application/hal+json",
            "json_text",
        ),
        (
            "application/json;charset=UTF-8",
            "call.json(&body, \"application/json\")?;",
            r#""*/*": {}, "application/vnd.x+json; q=\"a\"": SCHEMA, "application/json": SCHEMA"#,
            "application/json",
            "json_text",
        ),
        (
            "text/csv",
            "call.plain(body, \"text/csv; charset=utf-8\");",
            r#""text/csv;charset=UTF-8": SCHEMA"#,
            "text/csv, */*",
            "plain",
        ),
        (
            "*/*",
            "call.plain(body, \"text/plain; charset=utf-8\");",
            r#""*/*": SCHEMA"#,
            "text/plain, */*",
            "plain",
        ),
        (
            "application/*",
            "call.json(&body, \"application/json\")?;",
            r#""image/png": {}, "image/jpeg": {}, "no type": {}"#,
            "image/png, image/jpeg, */*",
            "bytes",
        ),
    ] {
        let made = of(body, result);
        has(&made, &[sent, &format!("call.send(&self.0, \"{accept}\", {read}).await")]);
        assert_eq!(notes(&made), [""; 0]);
    }
    let made = of("a b/c+json", "");
    assert_eq!(notes(&made), ["POST /a: left out: `a b/c+json` is no media type"]);
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
fn documents_of_which_nothing_is_written_are_refused() {
    let of = |more: &str| generate(&format!(r#"{{"openapi": "3.0.1"{more}}}"#), "x");
    for (more, count) in [
        ("", 0),
        (r#", "paths": {}"#, 0),
        (r#", "paths": null, "components": {"schemas": {}}"#, 0),
        (r#", "paths": {"/a": {"get": null}, "/b": {}}"#, 0),
        (r#", "paths": {"a": {"get": {}}}, "webhooks": {}"#, 2),
    ] {
        match of(more) {
            Err(OpenApiError::Nothing { source_name, notes }) => {
                assert_eq!((&*source_name, notes.len()), ("x", count), "{more}");
            }
            other => panic!("{more}: {other:?}"),
        }
    }
    // A document that others refer to.
    let types =
        of(r#", "paths": {}, "components": {"schemas": {"A": {"type": "string"}}}"#).unwrap();
    assert_eq!(
        notes(&types),
        ["paths: the document has no operation: its types are written alone"]
    );
    has(&types, &["pub type A = String;"]);
}

#[test]
fn documents_of_a_wrong_form_are_refused_with_the_place() {
    for (more, wrong) in [
        (r#""paths": []"#, "`paths` is an array, and no object"),
        (r#""info": "T""#, "`info` is a string, and no object"),
        (r#""servers": {}"#, "`servers` is an object, and no array"),
        (r#""paths": {"/a": 1}"#, "`paths./a` is a number, and no object"),
        (r#""paths": {"/a": {"get": []}}"#, "`paths./a.get` is an array, and no object"),
        (
            r#""paths": {"/a": {"get": {"parameters": {}}}}"#,
            "`paths./a.get.parameters` is an object, and no array",
        ),
        (
            r#""paths": {"/a": {"get": {"parameters": [{}, {"schema": []}]}}}"#,
            "`paths./a.get.parameters.1.schema` is an array, and no object",
        ),
        (
            r#""paths": {"/a": {"get": {"responses": {"200": {"content": {"a/b": {"schema": "A"}}}}}}}"#,
            "`paths./a.get.responses.200.content.a/b.schema` is a string, and no object",
        ),
        (
            r#""paths": {"/a": {"put": {"requestBody": {"content": []}}}}"#,
            "`paths./a.put.requestBody.content` is an array, and no object",
        ),
        (r#""components": true"#, "`components` is a boolean, and no object"),
        (r#""components": {"schemas": []}"#, "`components.schemas` is an array, and no object"),
        (
            r#""components": {"schemas": {"A": {"properties": {"b": {"oneOf": [{}, {"items": []}]}}}}}"#,
            "`components.schemas.A.properties.b.oneOf.1.items` is an array, and no object",
        ),
        (
            r#""components": {"schemas": {"A": {"type": {}}}}"#,
            "`components.schemas.A.type` is an object, and no string",
        ),
    ] {
        let error = generate(&format!(r#"{{"openapi": 3.1, {more}}}"#), "x").unwrap_err();
        assert_eq!(error.to_string(), format!("x: not an OpenAPI document: {wrong}"));
    }
    // Extensions, and booleans of 3.1.
    let made = made(
        r#"{"openapi": "3.1.0", "paths": {"x-a": 1, "/a": {"get": {"responses": {"x-b": []}}}},
            "components": {"schemas": {"A": {"properties": {"b": true, "c": {"items": false}}}}}}"#,
    );
    has(&made, &["pub b: Option<Value>", "call.text(\"/a\");"]);
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

/// The core schema of YAML 1.2, section 10.3.2: nothing but `true` and `false` is a boolean, and no number has a bar.
#[test]
fn words_of_yaml_without_quotes_are_texts() {
    let made = made(
        "openapi: 3.1.0
info: {title: T, version: '1'}
paths:
  /a: {get: {operationId: a, tags: [on], parameters: [{name: off, in: query, required: true, schema: {type: string}}]}}
components:
  schemas:
    Point: {type: object, required: [y, n, no, on, Yes, 1_0], properties: {y: {type: integer}, n: {type: integer},
        no: {type: integer}, on: {type: integer}, Yes: {type: integer}, 1_0: {type: integer}, off: {type: integer}}}
    Land: {type: string, enum: [SE, NO, N, y, off, 1_000]}
    Flags: {type: object, required: [a], properties: {a: {type: boolean, deprecated: true}, b: {type: string, nullable: True}}}
",
    );
    has(
        &made,
        &[
            "pub struct OnClient(",
            "call.query(\"off\", &off, true)?;",
            "pub y: i64,",
            "pub n: i64,",
            "pub no: i64,",
            "pub on: i64,",
            "#[serde(rename = \"Yes\")] pub yes: i64,",
            "#[serde(rename = \"1_0\")] pub field_1_0: i64,",
            "pub off: Option<i64>",
            "pub enum Land {",
            "/// `NO`. #[serde(rename = \"NO\")] No,",
            "/// `y`. #[serde(rename = \"y\")] Y,",
            "#[serde(rename = \"off\")] Off,",
            "#[serde(rename = \"1_000\")]",
            "#[deprecated] pub a: bool,",
        ],
    );
    assert_eq!(notes(&made), [""; 0]);
}

#[test]
fn entries_of_any_name_beside_properties_are_kept() {
    let schema = |more: &str| {
        format!(r#"{{"type": "object", "properties": {{"a": {{"type": "string"}}}}{more}}}"#)
    };
    let of = |more: &str| schemas(&format!(r#"{{"S": {}}}"#, schema(more))).rust;
    let fields = |rust: &str| {
        let body = rust.split_once("pub struct S {").unwrap().1.split_once("\n}").unwrap().0;
        let names = body.lines().filter_map(|line| line.trim().strip_prefix("pub "));
        names.map(str::to_owned).collect::<Vec<_>>()
    };
    let a = "a: Option<String>,";
    for (more, other) in [
        ("", None),
        (r#", "additionalProperties": false"#, None),
        (r#", "additionalProperties": true"#, Some("other: BTreeMap<String, Value>,")),
        (r#", "additionalProperties": {}"#, Some("other: BTreeMap<String, Value>,")),
        (r#", "additionalProperties": {"type": "integer"}"#, Some("other: BTreeMap<String, i64>,")),
        (
            r#", "additionalProperties": {"type": "integer", "nullable": true}"#,
            Some("other: BTreeMap<String, Option<i64>>,"),
        ),
        (
            r#", "additionalProperties": true, "allOf": [{"additionalProperties": {"type": "boolean"}}, {}]"#,
            Some("other: BTreeMap<String, bool>,"),
        ),
        (
            r#", "additionalProperties": {"type": "boolean"}, "allOf": [{"additionalProperties": true}]"#,
            Some("other: BTreeMap<String, bool>,"),
        ),
    ] {
        let expected: Vec<&str> = [a].into_iter().chain(other).collect();
        assert_eq!(fields(&of(more)), expected, "{more}");
    }
}

#[test]
fn anchors_versions_and_keys_of_yaml_are_told_in_plain_words() {
    let head = "openapi: 3.1\ninfo: {title: x, version: 1}\n";
    assert!(generate(&format!("{head}paths: {{/a: {{get: {{}}}}}}\n"), "test").is_ok());
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
