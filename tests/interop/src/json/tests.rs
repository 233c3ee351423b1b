//! Values of our provider: over plain HTTP, and results that are sent back.

use dubhe::{App, RunningServer, Server, Value, json};

use super::answer::Answer;
use super::{Echo, Form, Provider, cases, exchange, http, provider};
use crate::java::api::JsonServiceServer;

/// Starts a provider, and a client of it.
async fn start() -> (RunningServer, App, Provider) {
    let server = Server::builder().service(JsonServiceServer::new(Echo));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("json-test").build().unwrap();
    let ours = provider(&app, &server.addr().to_string()).unwrap();
    (server, app, ours)
}

/// The answers over plain HTTP, and a part of the error where a value is refused.
const ANSWERS: &[(&str, &str, Result<&str, &str>)] = &[
    ("date", r#""2024-01-01 00:00:00""#, Ok(r#""2024-01-01 00:00:00""#)),
    ("date", "5", Ok(r#""1970-01-01 00:00:00.005""#)),
    ("bigDecimal", "1.5", Ok("1.5")),
    ("bigDecimal", r#""1.50""#, Ok("1.50")),
    ("invoice", r#"{"total":1.5}"#, Ok(r#"{"total":1.5,"paid":false,"discount":0.0}"#)),
    ("invoice", r#"{"total":"1.50"}"#, Ok(r#"{"total":1.50,"paid":false,"discount":0.0}"#)),
    ("bigInteger", "5", Ok("5")),
    ("bigInteger", "123456789012345678901234567890", Ok("123456789012345678901234567890")),
    ("localDate", r#""2024-01-01""#, Ok(r#""2024-01-01""#)),
    ("bytes", r#""AP8=""#, Ok("[0,-1]")),
    ("bytes", "[1,2]", Ok("[1,2]")),
    (
        "invoice",
        r#"{"byCount":{"5":{"count":1}}}"#,
        Ok(r#"{"byCount":{"5":{"count":1}},"paid":false,"discount":0.0}"#),
    ),
    ("intValue", r#""5""#, Ok("5")),
    ("bool", r#""true""#, Ok("true")),
    ("doubleValue", "1e400", Err("a number is beyond a double")),
    ("longValue", "12345678901234567890", Err("expected long, found a number that it cannot hold")),
    ("floatValue", "3.5e38", Err("expected float, found a number that it cannot hold")),
    ("any", "12345678901234567890", Ok("12345678901234567890")),
    ("timeUnit", "5", Ok(r#""HOURS""#)),
    ("timeUnit", "7", Err("expected java.util.concurrent.TimeUnit, found the ordinal 7")),
    ("bitSet", r#""[5,1]""#, Ok("[5,1]")),
    ("any", r#"{"a":null,"b":[null]}"#, Ok(r#"{"b":[null]}"#)),
    ("ints", "[1,null]", Err("argument 1, [1]: expected int, found null; make it an Option")),
    (
        "invoice",
        r#"{"lines":[{"price":"x"}]}"#,
        Err("argument 1, lines[0].price: expected java.math.BigDecimal"),
    ),
];

#[tokio::test]
async fn values_over_plain_http_are_those_of_java() {
    let (server, app, ours) = start().await;
    for (method, sent, right) in ANSWERS {
        let answer = http::post(&ours.address, method, sent).await;
        match (answer, right) {
            (Ok(answer), Ok(right)) => assert_eq!(answer, *right, "{method}({sent})"),
            (Err(error), Err(part)) => assert!(error.contains(part), "{method}({sent}): {error}"),
            (answer, _) => panic!("{method}({sent}) is {answer:?}"),
        }
    }
    app.close();
    server.stop().await;
}

#[tokio::test]
async fn a_null_for_a_primitive_is_refused_in_a_generic_call() {
    let (server, app, ours) = start().await;
    for (form, null) in [(Form::Typed, Value::Null), (Form::Gson, "null".into())] {
        let error = exchange(&ours, form, "intValue", "int", null.clone()).await.unwrap_err();
        let part = "argument 1: expected int, found null; make it an Option";
        assert!(error.contains(part), "{error}");
        let boxed = exchange(&ours, form, "boxedInt", "java.lang.Integer", null.clone()).await;
        assert_eq!(boxed.unwrap(), null);
    }
    app.close();
    server.stop().await;
}

#[tokio::test]
async fn what_is_returned_can_be_sent_back() {
    let (server, app, ours) = start().await;
    let mut returned = 0;
    for (method, java_type, argument) in cases::CASES {
        for form in [Form::Http, Form::Typed, Form::Gson] {
            let name = format!("{form} {method}({argument})");
            let argument = match form {
                // Some are no JSON that can be held.
                Form::Typed => json::from_str(argument).unwrap_or(Value::Null),
                Form::Http | Form::Gson => Value::from(*argument),
            };
            let send = |argument| exchange(&ours, form, method, java_type, argument);
            let Ok(first) = send(argument).await else { continue };
            let again = send(first.clone()).await;
            let (first, again) = (Answer::of(form, Ok(first)), Answer::of(form, again));
            assert!(first.is_same(&again), "{name} is {first}, then {again}");
            returned += 1;
        }
    }
    assert!(returned > 400, "only {returned} answers");
    app.close();
    server.stop().await;
}
