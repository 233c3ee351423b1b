//! What a method of ours returns can be sent back to it.

use dubhe::{App, Server, Value, json};

use super::answer::Answer;
use super::{Echo, Form, JsonServiceServer, cases, exchange, provider};

#[tokio::test]
async fn what_is_returned_can_be_sent_back() {
    let server = Server::builder().service(JsonServiceServer::new(Echo));
    let server = server.start("127.0.0.1:0").await.unwrap();
    let app = App::builder("json-test").build().unwrap();
    let ours = provider(&app, &server.addr().to_string()).unwrap();
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
