use super::super::{Change, Compatibility};
use super::{is_same_code, openapi_differences};
use crate::openapi::generate;
use serde_json::{Value, json};

const SPRINGDOC: &str = include_str!("../../../tests/data/openapi/springdoc.json");

fn rust(document: &Value) -> String {
    generate(&document.to_string(), "test").unwrap().rust
}

/// A document whose operations take `Order` and return `Receipt`.
fn sample() -> Value {
    json!({
        "openapi": "3.0.1", "info": {"title": "Shop", "version": "1"},
        "paths": {
            "/orders/{id}": {"get": {
                "tags": ["shop"], "operationId": "find",
                "parameters": [
                    {"name": "id", "in": "path", "required": true, "schema": {"type": "integer"}},
                    {"name": "size", "in": "query", "schema": {"type": "integer", "format": "int32"}},
                    {"name": "states", "in": "query", "schema": {"type": "array", "items": {"type": "string"}}},
                    {"name": "X-Trace", "in": "header", "schema": {"type": "string"}}
                ],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Receipt"}}}}}
            }},
            "/orders": {"post": {
                "tags": ["shop"], "operationId": "create",
                "requestBody": {"required": true, "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {"204": {}}
            }}
        },
        "components": {"schemas": {
            "Order": {"type": "object", "required": ["id", "state"], "properties": {
                "id": {"type": "integer", "format": "int32"}, "state": {"$ref": "#/components/schemas/State"},
                "note": {"type": "string"}, "price": {"type": "number"}
            }},
            "State": {"type": "string", "enum": ["NEW", "SENT"]},
            "Receipt": {"type": "object", "required": ["id"], "properties": {
                "id": {"type": "integer"}, "lines": {"type": "array", "items": {"type": "string"}},
                "paid": {"$ref": "#/components/schemas/Paid"}
            }},
            "Paid": {"type": "string", "enum": ["YES", "NO"]},
            "Pet": {"oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Paw"}, {"$ref": "#/components/schemas/Dog"}],
                "discriminator": {"propertyName": "kind", "mapping": {
                    "cat": "#/components/schemas/Cat", "dog": "#/components/schemas/Dog", "paw": "#/components/schemas/Paw"}}},
            "Paw": {"type": "object", "properties": {"kind": {"type": "string"}}},
            "Cat": {"type": "object", "properties": {"kind": {"type": "string"}}},
            "Dog": {"type": "object", "properties": {"kind": {"type": "string"}}}
        }}
    })
}

/// The names of changes of the sample: each with `old consumers/old providers`.
fn told(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut new = sample();
    change(&mut new);
    let changes = openapi_differences(&rust(&sample()), &rust(&new)).unwrap();
    let letter = |of: Compatibility| match of {
        Compatibility::Compatible => "ok",
        Compatibility::Conditional => "if",
        Compatibility::Incompatible => "no",
    };
    let line = |of: &Change| {
        let (a, b) = (of.consumers.compatibility, of.providers.compatibility);
        format!("{}: {}: {}/{}", of.at(), of.text, letter(a), letter(b))
    };
    changes.iter().map(line).collect()
}

/// Sets what a pointer leads to.
fn set(document: &mut Value, at: &str, to: Value) {
    let (parent, name) = at.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap();
    match parent {
        Value::Array(items) if name == "-" => items.push(to),
        Value::Array(items) => items[name.parse::<usize>().unwrap()] = to,
        other => other[name.replace("~1", "/").replace("~0", "~")] = to,
    }
}

fn remove(document: &mut Value, at: &str) -> Value {
    let (parent, name) = at.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        Value::Array(items) => items.remove(name.parse().unwrap()),
        Value::Object(fields) => fields.remove(&name.replace("~1", "/")).unwrap(),
        _ => unreachable!(),
    }
}

const FIND: &str = "/paths/~1orders~1{id}/get";
const CREATE: &str = "/paths/~1orders/post";

#[test]
fn the_same_document_has_no_changes() {
    assert_eq!(told(|_| {}), Vec::<String>::new());
    let made = generate(SPRINGDOC, "test").unwrap().rust;
    assert_eq!(openapi_differences(&made, &made), Some(Vec::new()));
    // Comments are no code.
    let mut other = sample();
    set(&mut other, &format!("{FIND}/description"), "Finds.".into());
    set(&mut other, "/info/version", "2".into());
    let (old, new) = (rust(&sample()), rust(&other));
    assert!(old != new && is_same_code(&old, &new));
    assert!(!is_same_code(&old, &new.replace("i32", "i64")));
}

#[test]
fn operations_are_told_by_verb_and_path() {
    assert_eq!(
        told(|new| drop(remove(new, "/paths/~1orders"))),
        ["POST /orders: the operation is gone: no/ok"]
    );
    assert_eq!(
        told(|new| set(
            new,
            "/paths/~1ping",
            json!({"get": {"tags": ["shop"], "responses": {"200": {}}}})
        )),
        ["GET /ping: the operation is new: ok/no"]
    );
    assert_eq!(
        told(|new| {
            let operation = remove(new, CREATE);
            set(new, "/paths/~1orders/put", operation);
        }),
        ["POST /orders: the verb of create changed from POST to PUT: no/no"]
    );
    assert_eq!(
        told(|new| {
            let item = remove(new, "/paths/~1orders");
            set(new, "/paths/~1v2~1orders", item);
        }),
        ["POST /orders: the path of create changed from /orders to /v2/orders: no/no"]
    );
    assert_eq!(
        told(|new| set(new, &format!("{CREATE}/operationId"), "place".into())),
        ["POST /orders: it is `ShopClient.place` in Rust and no longer `ShopClient.create`: ok/ok"]
    );
    assert_eq!(
        told(|new| {
            let item = remove(new, "/paths/~1orders~1{id}");
            set(new, "/paths/~1orders~1{key}", item);
            set(new, "/paths/~1orders~1{key}/get/parameters/0/name", "key".into());
        }),
        ["GET /orders/{id} path id: it is called key and no longer id: ok/ok"]
    );
}

#[test]
fn parameters_are_told_by_place_and_name() {
    let parameter = |name: &str, place: &str, required: bool| json!({"name": name, "in": place, "required": required, "schema": {"type": "string"}});
    let all = format!("{FIND}/parameters");
    let at = |last: &str| format!("{all}/{last}");
    assert_eq!(
        told(|new| set(new, &at("-"), parameter("sort", "query", false))),
        ["GET /orders/{id} query sort: it is new: string, optional: ok/ok"]
    );
    assert_eq!(
        told(|new| set(new, &at("-"), parameter("tenant", "header", true))),
        ["GET /orders/{id} header tenant: it is new: string, required: no/ok"]
    );
    assert_eq!(
        told(|new| drop(remove(new, &at("1")))),
        ["GET /orders/{id} query size: it is gone: integer of 32 bits, optional: ok/ok"]
    );
    assert_eq!(
        told(|new| set(new, &at("1/required"), true.into())),
        ["GET /orders/{id} query size: it is required and no longer optional: if/ok"]
    );
    assert_eq!(
        told(|new| set(new, &at("1/schema"), json!({"type": "integer"}))),
        ["GET /orders/{id} query size: the type changed from integer of 32 bits to integer: ok/if"]
    );
    assert_eq!(
        told(|new| set(new, &at("1/schema"), json!({"type": "string"}))),
        ["GET /orders/{id} query size: the type changed from integer of 32 bits to string: ok/if"]
    );
    assert_eq!(
        told(|new| set(new, &at("3/in"), "query".into())),
        ["GET /orders/{id} header X-Trace: it is in the query and no longer in the header: if/if"]
    );
    assert_eq!(
        told(|new| set(new, &at("2/explode"), false.into())),
        [
            "GET /orders/{id} query states: it is written as one parameter with all items and no longer as one parameter for \
          each item: if/if"
        ]
    );
    assert_eq!(
        told(|new| set(new, &at("3/name"), "x-trace".into())),
        ["GET /orders/{id} header X-Trace: it is called x-trace and no longer X-Trace: ok/ok"]
    );
}

#[test]
fn bodies_and_responses_are_told() {
    let array = json!({"type": "array", "items": {"$ref": "#/components/schemas/Order"}});
    let body = format!("{CREATE}/requestBody");
    assert_eq!(
        told(|new| set(
            new,
            &format!("{body}/content"),
            json!({"application/json": {"schema": array}})
        )),
        ["POST /orders body: the type changed from Order to array of Order: no/no"]
    );
    assert_eq!(
        told(|new| set(new, &format!("{body}/required"), false.into())),
        ["POST /orders body: it is optional and no longer required: ok/if"]
    );
    assert_eq!(
        told(|new| drop(remove(new, &body))),
        ["POST /orders body: it is gone: Order, required: ok/no"]
    );
    assert_eq!(
        told(|new| set(
            new,
            &format!("{CREATE}/responses"),
            json!({"200": {"content": {"application/json": {"schema": {"type": "integer"}}}}})
        )),
        ["POST /orders: the response changed from no content to integer: ok/no"]
    );
}

#[test]
fn other_media_types_are_told() {
    let content = |media: &str, schema: Value| {
        let mut content = json!({});
        content[media] = json!({"schema": schema});
        content
    };
    let order = json!({"$ref": "#/components/schemas/Order"});
    let receipt = json!({"$ref": "#/components/schemas/Receipt"});
    let body = format!("{CREATE}/requestBody/content");
    let response = format!("{FIND}/responses/200/content");
    assert_eq!(
        told(|new| set(new, &body, content("application/vnd.shop.v2+json", order.clone()))),
        [
            "POST /orders body: it is written as application/vnd.shop.v2+json and no longer as application/json: no/no"
        ]
    );
    assert_eq!(
        told(|new| set(new, &response, content("application/hal+json", receipt.clone()))),
        [
            "GET /orders/{id}: the response is asked for as application/hal+json and no longer as application/json: no/no"
        ]
    );
    // A new version of both: the type as well.
    assert_eq!(
        told(|new| set(new, &response, content("application/v2+json", json!({"type": "integer"})))),
        [
            "GET /orders/{id}: the response changed from Receipt to integer: no/no",
            "GET /orders/{id}: the response is asked for as application/v2+json and no longer as application/json: no/no"
        ]
    );
    assert_eq!(
        told(|new| set(new, &response, content("text/csv", json!({"type": "string"})))),
        ["GET /orders/{id}: the response changed from Receipt to string: no/no"]
    );
    // The same type of what is the same otherwise.
    assert_eq!(
        told(|new| set(new, &response, content("*/*", receipt.clone()))),
        Vec::<String>::new()
    );
    let text = |media: &str| {
        let mut document = sample();
        set(&mut document, &response, content(media, json!({"type": "string"})));
        rust(&document)
    };
    let told = |old: &str, new: &str| {
        let changes = openapi_differences(&text(old), &text(new)).unwrap();
        changes.iter().map(|of| of.consumers.compatibility).collect::<Vec<_>>()
    };
    assert_eq!(told("text/csv", "text/plain"), [Compatibility::Incompatible]);
    assert_eq!(told("text/csv", "Text/CSV; charset=utf-8"), []);
    // Code of before, whose calls name no media type of a body.
    let made = rust(&sample());
    let before = made.replace(r#"call.json(&body, "application/json")"#, "call.json(&body)");
    assert!(before != made);
    assert_eq!(openapi_differences(&before, &made), Some(Vec::new()));
}

#[test]
fn schemas_are_judged_in_the_direction_in_which_they_travel() {
    let of = |schema: &str, rest: &str| format!("/components/schemas/{schema}{rest}");
    // `Order` is in requests: the old consumer writes it.
    assert_eq!(
        told(|new| set(new, &of("Order", "/properties/tax"), json!({"type": "number"}))),
        ["Order.tax: the property is new: number, may be missing: ok/ok"]
    );
    assert_eq!(
        told(|new| {
            set(new, &of("Order", "/properties/tax"), json!({"type": "number"}));
            set(new, &of("Order", "/required/-"), "tax".into());
        }),
        ["Order.tax: the property is new: number, is required: no/ok"]
    );
    assert_eq!(
        told(|new| drop(remove(new, &of("Order", "/properties/id")))),
        ["Order.id: the property is gone: integer of 32 bits, is required: ok/no"]
    );
    assert_eq!(
        told(|new| set(new, &of("Order", "/required/-"), "note".into())),
        ["Order.note: it is required and no longer may be missing: if/ok"]
    );
    assert_eq!(
        told(|new| set(new, &of("Order", "/properties/id/nullable"), true.into())),
        ["Order.id: it is required, and may be null and no longer is required: ok/if"]
    );
    assert_eq!(
        told(|new| set(new, &of("Order", "/properties/price"), json!({"type": "string"}))),
        ["Order.price: the type changed from number to string: no/no"]
    );
    assert_eq!(
        told(|new| set(new, &of("State", "/enum/-"), "LOST".into())),
        ["State.LOST: the value is new: ok/if"]
    );
    assert_eq!(
        told(|new| drop(remove(new, &of("State", "/enum/0")))),
        ["State.NEW: the value is gone: if/ok"]
    );
    // `Receipt` is in responses: the new provider writes it.
    assert_eq!(
        told(|new| set(new, &of("Paid", "/enum/-"), "LATER".into())),
        ["Paid.LATER: the value is new: if/ok"]
    );
    assert_eq!(
        told(|new| drop(remove(new, &of("Receipt", "/required/0")))),
        ["Receipt.id: it may be missing and no longer is required: if/ok"]
    );
    assert_eq!(
        told(|new| set(new, &of("Receipt", "/properties/lines/items"), json!({"type": "integer"}))),
        ["Receipt.lines: the type changed from array of string to array of integer: no/no"]
    );
    // No operation leads to `Pet`.
    assert_eq!(
        told(|new| {
            drop(remove(new, &of("Pet", "/oneOf/2")));
            drop(remove(new, &of("Pet", "/discriminator/mapping/dog")));
        }),
        ["Pet.dog: the form is gone: if/if"]
    );
    assert_eq!(
        told(|new| set(new, &of("Pet", "/discriminator/propertyName"), "type".into())),
        ["Pet: the property that tells the form changed from `kind` to `type`: if/if"]
    );
    assert_eq!(
        told(|new| set(
            new,
            &of("State", ""),
            json!({"type": "object", "properties": {"a": {"type": "string"}}})
        )),
        ["State: it was a string with fixed values and is an object: no/no"]
    );
    assert_eq!(
        told(|new| set(new, &of("Extra", ""), json!({"type": "string"}))),
        ["Extra: the schema is new: ok/ok"]
    );
}

#[test]
fn what_is_no_such_rust_is_not_compared() {
    let made = rust(&sample());
    assert_eq!(openapi_differences("fn main( {", &made), None);
    assert_eq!(
        openapi_differences(
            &format!("const A: u8 = {}1{};", "(".repeat(9000), ")".repeat(9000)),
            &made
        ),
        None
    );
    let own =
        made.clone() + "\nimpl Order { pub async fn own(&self) -> u8 { 1 } }\npub fn helper() {}\n";
    assert_eq!(openapi_differences(&own, &made), Some(Vec::new()));
    assert!(!is_same_code(&own, &made));
}

/// A document that is broken by chance stops nothing, and equals itself.
#[test]
fn any_document_equals_itself() {
    for text in crate::broken::texts(SPRINGDOC, 60) {
        if let Ok(made) = generate(&text, "test") {
            assert_eq!(openapi_differences(&made.rust, &made.rust), Some(Vec::new()), "{text}");
        }
    }
}
