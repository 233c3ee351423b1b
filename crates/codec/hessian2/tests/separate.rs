//! Arguments that are each a message of its own, as Triple's wrapper has them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use dubhe_core::{Encoded, Format, Payload, Value};
use dubhe_hessian2::payload::{args, arguments, write_content};
use dubhe_hessian2::{Encoder, to_bytes};

fn user(name: &str) -> Value {
    Value::object("a.User").field("name", name).into()
}

#[test]
fn each_argument_has_tables_of_its_own() {
    let values = (user("a"), 5i32, user("b"));
    let Payload::Args(call) = args(values.clone()) else { unreachable!() };
    let mut encoder = Encoder::separate();
    write_content(&call.values, &mut encoder).unwrap();
    let chunks = encoder.into_arguments();
    let alone = [&values.0, &Value::Int(5), &values.2].map(|v| to_bytes(v).unwrap());
    assert_eq!(chunks, alone);
    let payload = Payload::Encoded(Encoded::from_chunks(Format::Hessian2, chunks));
    assert_eq!(arguments::<(Value, i32, Value)>(&payload).unwrap(), values);
}
