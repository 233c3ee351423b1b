//! Fields that the schema of a message does not have, and extensions, kept in generated messages.

use std::collections::HashMap;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher as _};

use dubhe::{App, Server, Status};
use dubhe_core::{Request, Response};
use dubhe_protobuf::prost::Message as _;
use dubhe_protobuf::{UnknownFields, json};
use dubhe_stubs::unknown::unknown::elsewhere::Tag;
use dubhe_stubs::unknown::unknown::extended::{self, Kind, Set, thing};
use dubhe_stubs::unknown::unknown::newer::{self, thing::r#box};
use dubhe_stubs::unknown::unknown::older::{self, Nothing, Things, ThingsClient, ThingsServer};

fn part(id: i32) -> newer::thing::Part {
    newer::thing::Part { id: Some(id), label: Some(format!("part {id}")), ..Default::default() }
}

/// A message with all fields set, those that the older schema lacks too.
fn full() -> newer::Thing {
    let nested = newer::thing::Box {
        id: Some(1),
        inner: Some(r#box::Inner { raw: Some(vec![1, 2].into()), ..Default::default() }),
        ..Default::default()
    };
    newer::Thing {
        id: Some(1),
        part: Some(part(2)),
        parts: vec![part(3), part(4)],
        named: HashMap::from([("a".to_owned(), part(5))]),
        either: Some(newer::thing::Either::One(part(6))),
        inner: Some(Box::new(newer::Thing { weight: Some(0.5), ..Default::default() })),
        unknown_fields: Some(vec![7].into()),
        big: Some(i64::MIN),
        weight: Some(-0.0),
        mark: Some(u32::MAX),
        numbers: vec![0, -1, 300],
        texts: vec![String::new(), "x".to_owned()],
        r#box: Some(nested),
        flags: HashMap::from([(-1, true)]),
        ..Default::default()
    }
}

#[test]
fn a_newer_message_passes_through_an_older_schema() {
    let wire = full().encode_to_vec();
    let older = older::Thing::decode(&*wire).unwrap();
    assert_eq!((older.id, &older.unknown_fields[..]), (1, &[7][..]));
    assert_eq!(older.parts[1].id, 4);
    let again = older.encode_to_vec();
    assert_eq!((older.encoded_len(), again.len()), (wire.len(), wire.len()));
    assert_eq!(newer::Thing::decode(&*again).unwrap(), full());
    // So does one whose oneof is a field that the older schema lacks.
    let raw = newer::thing::Either::Raw(vec![1].into());
    let newer = newer::Thing { either: Some(raw), ..Default::default() };
    let older = older::Thing::decode(&*newer.encode_to_vec()).unwrap();
    assert_eq!(older.either, None);
    assert_eq!(newer::Thing::decode(&*older.encode_to_vec()).unwrap(), newer);
    // All fields are unknown to a message without any.
    let nothing = Nothing::decode(&*wire).unwrap();
    assert_eq!(nothing.encode_to_vec(), wire);
    assert_eq!(nothing.unknown_fields.unwrap().decode::<newer::Thing>().unwrap(), full());
}

#[test]
fn an_older_message_has_no_unknown_fields() {
    let older = older::Thing { id: 1, ..Default::default() };
    let newer = newer::Thing::decode(&*older.encode_to_vec()).unwrap();
    assert_eq!(newer, newer::Thing { id: Some(1), ..Default::default() });
    assert_eq!((newer.unknown_fields_, newer.unknown_fields), (None, None));
}

#[test]
fn unknown_fields_are_part_of_the_message() {
    let of = |wire: &[u8]| older::thing::Part::decode(wire).unwrap();
    let (one, other, none) = (of(b"\x08\x01\x18\x05"), of(b"\x08\x01\x18\x06"), of(b"\x08\x01"));
    assert_eq!(one, of(b"\x18\x05\x08\x01"));
    assert_ne!(one, other);
    assert_ne!(one, none);
    assert_eq!(
        format!("{one:?}"),
        r#"Part { id: 1, unknown_fields: Some(b"\x18\x05") }"#.to_owned()
    );
    let hash = |part: &older::thing::Part| {
        let mut hasher = DefaultHasher::new();
        part.hash(&mut hasher);
        hasher.finish()
    };
    assert_eq!(hash(&one), hash(&of(b"\x18\x05\x08\x01")));
    assert_ne!(hash(&one), hash(&none));

    let mut merged = one.clone();
    merged.merge(&b"\x08\x02\x18\x06"[..]).unwrap();
    assert_eq!(merged.encode_to_vec(), b"\x08\x02\x18\x05\x18\x06");
    merged.clear();
    assert_eq!(merged, older::thing::Part::default());
    // The copies of a message that comes in two parts are merged as well.
    let twice = older::Thing::decode(&b"\x12\x02\x18\x05\x12\x02\x18\x06"[..]).unwrap();
    let parts = twice.part.unwrap().unknown_fields.unwrap();
    assert_eq!(parts.as_bytes(), b"\x18\x05\x18\x06");
}

#[test]
fn json_has_no_unknown_fields_but_extensions() {
    let older = older::Thing::decode(&*full().encode_to_vec()).unwrap();
    let text = json::to_string(&older.part.unwrap()).unwrap();
    assert_eq!(text, r#"{"id":2}"#);
}

fn extended() -> (extended::Thing, thing::Extensions2) {
    let inner = extended::Thing { id: Some(9), ..Default::default() };
    let extensions = thing::Extensions2 {
        count: Some(3),
        label: Some("l".to_owned()),
        numbers: vec![1, 2],
        packed: vec![-1, 1],
        kind: Some(Kind::New.into()),
        thing: Some(inner.clone()),
        things: vec![inner.clone(), inner],
        raw: Some(vec![0, 255].into()),
        part: Some(extended::Part { id: Some(4), ..Default::default() }),
        unknown_elsewhere_label: Some(Tag { text: Some("t".to_owned()), ..Default::default() }),
        kinds: vec![Kind::Old.into(), 77],
    };
    let mut message = extended::Thing { id: Some(1), ..Default::default() };
    UnknownFields::add(&mut message.unknown_fields, &extensions);
    (message, extensions)
}

#[test]
fn extensions_are_read_and_written_by_their_type() {
    let (message, extensions) = extended();
    let again = extended::Thing::decode(&*message.encode_to_vec()).unwrap();
    assert_eq!(again, message);
    let read = |message: &extended::Thing| {
        message.unknown_fields.as_ref().unwrap().decode::<thing::Extensions2>().unwrap()
    };
    assert_eq!(read(&again), extensions);
    assert_eq!(thing::Extensions2::default().count(), 7);
}

#[test]
fn extensions_have_names_in_json() {
    let (message, _) = extended();
    let text = r#"{"id":1,"[unknown.extended.Thing.count]":3,"[unknown.extended.label]":"l",
        "[unknown.extended.numbers]":["1","2"],"[unknown.extended.packed]":[-1,1],
        "[unknown.extended.kind]":"NEW","[unknown.extended.thing]":{"id":9},
        "[unknown.extended.things]":[{"id":9},{"id":9}],"[unknown.extended.raw]":"AP8=",
        "[unknown.extended.part]":{"id":4},"[unknown.elsewhere.label]":{"text":"t"},
        "[unknown.extended.kinds]":["OLD",77]}"#;
    let text: String = text.lines().map(str::trim).collect();
    assert_eq!(json::to_string(&message).unwrap(), text);
    let read: extended::Thing = json::from_str(&text).unwrap();
    assert_eq!(json::to_string(&read).unwrap(), text);
    let bytes = |thing: &extended::Thing| thing.unknown_fields.clone().unwrap();
    assert_eq!(
        bytes(&read).decode::<thing::Extensions2>().unwrap(),
        bytes(&message).decode().unwrap()
    );
    // In messages of messages too.
    let text = r#"{"inner":{"[unknown.extended.weight]":0.5}}"#;
    let read: extended::Thing = json::from_str(text).unwrap();
    assert_eq!(json::to_string(&read).unwrap(), text);
}

#[test]
fn what_is_no_extension_is_no_field_in_json() {
    let refuse = |text: &str| {
        let budget = dubhe::payload::MemoryLimit::default().budget(text.len());
        json::read::<extended::Thing>(text.as_bytes(), budget, json::Unknown::Refuse)
    };
    for (text, error) in [
        (r#"{"label":"x"}"#, "a field that the message does not have"),
        (r#"{"[label]":"x"}"#, "a field that the message does not have"),
        (r#"{"[unknown.extended.weight]":1}"#, "a field that the message does not have"),
        (r#"{"[unknown.extended.label]":1}"#, "expected a string"),
        (r#"{"[unknown.extended.raw]":"","[unknown.extended.raw]":""}"#, "comes twice"),
    ] {
        let refused = refuse(text).unwrap_err().to_string();
        assert!(refused.contains(error), "{text}: {refused}");
    }
    let null = refuse(r#"{"[unknown.extended.label]":null}"#).unwrap();
    assert_eq!(null, extended::Thing::default());
    // An extension that has another type on the wire.
    let other = extended::Thing::decode(&b"\xa8\x06\x01"[..]).unwrap();
    let error = json::to_string(&other).unwrap_err().to_string();
    assert!(error.contains("Extensions2.label: invalid wire type"), "{error}");
}

#[test]
fn extensions_of_a_message_set_stay_as_they_came() {
    // A group with the number of a type in 2 and a message in 3.
    let wire = b"\x0b\x10\xe8\x07\x1a\x02\x08\x09\x0c";
    let set = Set::decode(&wire[..]).unwrap();
    assert_eq!(set.encode_to_vec(), wire);
    assert_eq!(json::to_string(&set).unwrap(), "{}");
}

/// Answers what it is asked.
struct Passing;

impl Things for Passing {
    async fn pass(&self, request: Request<older::Thing>) -> Result<Response<older::Thing>, Status> {
        Ok(request.into_inner().into())
    }
}

#[tokio::test]
async fn a_call_passes_them_on() {
    let server =
        Server::builder().service(ThingsServer::new(Passing)).start("127.0.0.1:0").await.unwrap();
    let app = App::builder("unknown").build().unwrap();
    let url = format!("tri://{}", server.addr());
    let things = app.client::<ThingsClient>().url(&url).build().unwrap();
    let sent = older::Thing::decode(&*full().encode_to_vec()).unwrap();
    let reply = things.pass(sent).await.unwrap().into_inner();
    assert_eq!(newer::Thing::decode(&*reply.encode_to_vec()).unwrap(), full());
}
