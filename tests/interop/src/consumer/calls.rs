//! Typed calls: overloads, exceptions, timeouts, attachments, one-way.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use dubhe::java::Throwable;
use dubhe::{CallOptions, Client, Method, ReplyAttachments, Status, Value};
use dubhe_hessian2::payload;
use futures_util::future::try_join_all;

use super::Services;
use super::cases::{CaseResult, Cases, agree, same};
use super::echo::{self, user};
use crate::java::api::{GreetException, GreetRuntimeException, GreetServiceClient};

pub(super) async fn run(cases: &mut Cases, services: &Services) {
    let s = &services.greet;
    cases.equal("greet", "Hello, world", s.greet("world".into())).await;
    cases.equal("greet/unicode", "Hello, é中😀", s.greet("é中😀".into())).await;
    echo::run(cases, s).await;
    arguments(cases, s).await;
    exceptions(cases, s).await;
    cases.equal("greetAsync", "Hello, async", s.greet_async("async".into())).await;
    cases.check("concurrent/100", concurrent(s)).await;
    let impatient = s.with(CallOptions::new().timeout(Duration::from_millis(500)));
    cases.fails("timeout", Status::is_timeout, impatient.sleep(2_000)).await;
    cases.check("attachment", attachment(s)).await;
    for text in ["é", "😀"] {
        cases.check(format!("attachment/{text}"), attachment_of(s, text)).await;
    }
    cases.equal("oneway", (), services.oneway.nothing()).await;
    cases.equal("echoService", Value::from("ping"), echo_service(&services.client)).await;
}

async fn arguments(cases: &mut Cases, s: &GreetServiceClient) {
    cases.equal("nothing", (), s.nothing()).await;
    cases.equal("overload/string", "string x", s.overload_string("x".into())).await;
    cases.equal("overload/int", "int 7", s.overload_int(7)).await;
    cases.equal("overload/both", "both x 7", s.overload_string_int("x".into(), 7)).await;
    cases.equal("joinAll/none", "a", s.join_all("a".into(), Vec::new().into())).await;
    let some: Vec<Value> = vec![1.into(), "b".into(), Value::Null];
    cases.equal("joinAll/some", "a,1,b,null", s.join_all("a".into(), some.into())).await;
    let texts = vec!["x".into(), "y".into()];
    let many = s.many_arguments(1, 2, 3.5, true, "four".into(), texts, user(1));
    cases.equal("manyArguments", 34, many).await;
}

async fn exceptions(cases: &mut Cases, s: &GreetServiceClient) {
    let judge = |status: &Status| {
        GreetException::from_status(status).is_some_and(|caught| {
            (caught.message.as_deref(), caught.code) == (Some("checked"), 42)
                && caught.detail.as_deref() == Some("why")
        })
    };
    cases.fails("throwChecked", judge, s.throw_checked("why".into())).await;
    let judge = |status: &Status| {
        let caught = GreetRuntimeException::from_status(status);
        caught.is_some_and(|caught| caught.message.as_deref() == Some("boom"))
    };
    cases.fails("throwRuntime", judge, s.throw_runtime("boom".into())).await;
    let judge = |status: &Status| {
        status.message() == "state"
            && status.java().is_some_and(|e| e.class() == "java.lang.IllegalStateException")
    };
    cases.fails("throwJdk", judge, s.throw_jdk("state".into())).await;
    let value = async {
        let Throwable { class, message, .. } = s.return_throwable("value".into()).await?;
        same(&"java.lang.IllegalArgumentException", &&*class)?;
        same(&Some("value".to_owned()), &message)
    };
    cases.check("returnThrowable", value).await;
}

async fn concurrent(s: &GreetServiceClient) -> CaseResult {
    let calls = (0..100).map(|i| s.greet_async(format!("c{i}")));
    let expected: Vec<_> = (0..100).map(|i| format!("Hello, c{i}")).collect();
    same(&expected, &try_join_all(calls).await?)
}

async fn attachment(s: &GreetServiceClient) -> CaseResult {
    let reply = ReplyAttachments::new();
    let options = CallOptions::new().attachment("trace", "t-1").reply_attachments(&reply);
    same(&Some("t-1".to_owned()), &s.with(options).attachment("trace".into()).await?)?;
    same(&Some("reply to t-1"), &reply.get().get_str("reply-trace"))
}

/// Text beyond ASCII arrives as it is but for what Java has not the bytes of over Triple: it reads a byte a
/// character, also of UTF-8, and writes it back so.
async fn attachment_of(s: &GreetServiceClient, text: &str) -> CaseResult {
    let reply = ReplyAttachments::new();
    let options = CallOptions::new().attachment("trace", text.to_owned()).reply_attachments(&reply);
    let seen = s.with(options).attachment("trace".into()).await?.unwrap_or_default();
    let bytes: String = text.bytes().map(char::from).collect();
    agree(seen == text || seen == bytes && !text.starts_with('é'), &text, &seen)?;
    same(&Some(&*format!("reply to {text}")), &reply.get().get_str("reply-trace"))
}

/// `$echo`, which every service has.
fn echo_service(client: &Client) -> impl Future<Output = Result<Value, Status>> {
    let method = Arc::new(Method::java("$echo", "Ljava/lang/Object;"));
    async move {
        let ping = payload::args((Value::from("ping"),));
        payload::reply(&client.call(&method, ping, &CallOptions::new()).await?)
    }
}
