//! The cases of the Java consumer for Dubbo's own conventions, by the same names.

use std::time::Duration;

use dubhe::hessian2::Array;
use dubhe::{App, Callback, ClientBuilder, Code, Generic, Status, args};

use super::Source;
use super::cases::{CaseResult, Cases, same};
use crate::java::api::{
    AnyGreetException, ArrayPage, CallbackListener, CallbackListenerClient, CallbackListenerServer,
    CallbackServiceClient, ConventionServiceClient, PlaceServiceClient, TooLongException, User,
};

type Result<T> = std::result::Result<T, Status>;

// What the provider publishes, for a consumer that looks in no registry.
const PUBLISHED: &str = "slow.timeout=300&patient.timeout=5000";

pub(super) async fn run(
    cases: &mut Cases,
    app: &App,
    source: &Source,
    generic: &Generic,
) -> Result<()> {
    places(cases, app, source).await?;
    values(cases, &source.client(app.client())?).await;
    if source.wire() == "dubbo" {
        callbacks(cases, app, source).await?;
    }
    for (method, class) in [
        ("throwChecked", "peer.api.GreetException"),
        ("throwRuntime", "peer.api.GreetRuntimeException"),
        ("throwJdk", "java.lang.IllegalStateException"),
    ] {
        let call = generic.call(method, args!["java.lang.String" => "why"]);
        let named = |status: &Status| {
            if source.wire() != "dubbo" {
                // Over Triple the fields of the exception are lost, and its text is not.
                return status.message().contains(class);
            }
            let value = status.java().and_then(|exception| exception.value());
            value.and_then(|value| value.get("exceptionClass")?.as_str()) == Some(class)
        };
        cases.fails(format!("generic/exception-class/{method}"), named, call).await;
    }
    Ok(())
}

/// A client without a timeout of its own, which reaches providers of this group and version; one at a
/// URL is told which by `at`.
fn place(
    app: &App,
    source: &Source,
    service: (&'static str, &'static str),
    at: &str,
) -> ClientBuilder<PlaceServiceClient> {
    let client = app.client::<PlaceServiceClient>().group(service.0).version(service.1).retries(0);
    match &source.url {
        Some(url) => client.url(&format!("{url}?{at}&{PUBLISHED}")),
        None => client.protocol(source.wire().to_owned()),
    }
}

async fn places(cases: &mut Cases, app: &App, source: &Source) -> Result<()> {
    for (name, service, at, any) in [
        ("one", ("south", "2.0.0"), "group=south&version=2.0.0", &["south:2.0.0"][..]),
        (
            "any",
            ("*", "*"),
            "group=south&version=1.0.0",
            &["north:1.0.0", "south:1.0.0", "south:2.0.0"],
        ),
        ("list", ("east,north", "1.0.0"), "group=north&version=1.0.0", &["north:1.0.0"]),
        ("any-version", ("north", "*"), "group=north&version=1.0.0", &["north:1.0.0"]),
    ] {
        let client = place(app, source, service, at).build()?;
        let check = async {
            let mut seen = Vec::new();
            for _ in 0..30 {
                seen.push(client.r#where().await?);
            }
            seen.sort_unstable();
            seen.dedup();
            // A registry has them all.
            let expected = if source.url.is_some() { at_name(at) } else { any.join(" ") };
            same(&expected, &seen.join(" "))
        };
        cases.check(format!("groups/{name}"), check).await;
    }

    let at = "group=north&version=1.0.0";
    let client = place(app, source, ("north", "1.0.0"), at).build()?;
    cases.fails("published/slow", Status::is_timeout, client.slow(1_500)).await;
    cases.equal("published/patient", "slept 1500", client.patient(1_500)).await;
    let own = place(app, source, ("north", "1.0.0"), at)
        .method("patient", |m| m.timeout(Duration::from_millis(300)))
        .build()?;
    cases.fails("published/own", Status::is_timeout, own.patient(1_500)).await;
    Ok(())
}

/// `south:1.0.0` of `group=south&version=1.0.0`.
fn at_name(at: &str) -> String {
    at.replace("group=", "").replace("&version=", ":")
}

async fn values(cases: &mut Cases, s: &ConventionServiceClient) {
    let user = |id| User { id, name: Some(format!("user {id}")), ..User::default() };
    let page = ArrayPage {
        number: 3,
        items: Some(Array(vec![Some(user(1)), None, Some(user(2))])),
        rows: Some(Array(vec![vec![user(3)], Vec::new()])),
    };
    cases.equal("conventions/array-page", page.clone(), s.echo_array_page(page)).await;
    let rows = Array(vec![vec!["a".to_owned(), "b".to_owned()], Vec::new()]);
    cases.equal("conventions/rows", rows.clone(), s.echo_rows(rows)).await;
    cases.check("conventions/subclass", subclass(s)).await;
}

async fn subclass(s: &ConventionServiceClient) -> CaseResult {
    let status = s.throw_subclass(7).await.err().ok_or("no exception")?;
    let caught = AnyGreetException::from_status(&status);
    let Some(AnyGreetException::TooLongException(caught)) = caught else {
        return Err(format!("unexpected {status:?}").into());
    };
    let TooLongException { greet_exception: parent, limit } = caught;
    same(&7, &limit)?;
    same(&42, &parent.code)?;
    same(&Some("too long"), &parent.message.as_deref())?;
    same(&Some("d"), &parent.detail.as_deref())?;
    let of = |class: &str, message: &str| (class.to_owned(), Some(message.to_owned()));
    let cause = parent.cause.map(|cause| (cause.class.to_string(), cause.message));
    same(&Some(of("java.lang.IllegalStateException", "cause")), &cause)?;
    let suppressed: Vec<_> =
        parent.suppressed.into_iter().map(|one| (one.class.to_string(), one.message)).collect();
    same(&vec![of("java.lang.IllegalArgumentException", "suppressed")], &suppressed)
}

/// Answers with its name.
struct Named(&'static str);

impl CallbackListener for Named {
    async fn changed(&self, text: String) -> Result<String> {
        Ok(format!("{}: {text}", self.0))
    }
}

async fn callbacks(cases: &mut Cases, app: &App, source: &Source) -> Result<()> {
    let s: CallbackServiceClient = source.client(app.client())?;
    let [ada, bea]: [Callback<CallbackListenerClient>; 2] =
        ["Ada", "Bea"].map(|name| CallbackListenerServer::new(Named(name)).into());
    for n in 0..4 {
        let ask = s.ask("hello".into(), ada.clone());
        cases.equal(format!("callbacks/ask/{n}"), "Ada: hello", ask).await;
    }
    cases.equal("callbacks/follow", 1, s.follow(ada.clone())).await;
    cases.equal("callbacks/again", 1, s.follow(ada.clone())).await;
    cases.equal("callbacks/publish", ["Ada: x"], s.publish("x".into())).await;
    let one_too_many = |status: &Status| status.message().contains("CallbackListener");
    cases.fails("callbacks/limit", one_too_many, s.follow(bea.clone())).await;
    if let Some(url) = &source.url {
        // The provider counts, too. Without `payload` it has a connection of its own.
        let unlimited = app.client::<CallbackServiceClient>().url(&format!("{url}?callbacks=9"));
        let there = unlimited.retries(0).build()?;
        let eve: Callback<CallbackListenerClient> =
            CallbackListenerServer::new(Named("Eve")).into();
        cases.equal("callbacks/there", 2, there.follow(bea.clone())).await;
        let refused = |status: &Status| {
            // Java says only that it cannot decode the argument.
            let java = status.message().contains("Fail to decode request");
            java || status.code() == Code::ResourceExhausted
        };
        cases.fails("callbacks/limit-there", refused, there.follow(eve)).await;
        cases.equal("callbacks/leave-there", 1, there.leave(bea.clone())).await;
    }
    cases.equal("callbacks/leave", 0, s.leave(ada)).await;
    cases.equal("callbacks/other", 1, s.follow(bea.clone())).await;
    cases.equal("callbacks/published", ["Bea: y"], s.publish("y".into())).await;
    cases.equal("callbacks/end", 0, s.leave(bea)).await;
    Ok(())
}
