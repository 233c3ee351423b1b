//! The services of the Java peers for Dubbo's own conventions: groups, what providers publish,
//! callbacks, exceptions with subclasses, arrays of a type parameter.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dubhe::hessian2::Array;
use dubhe::java::{StackTraceElement, Throwable};
use dubhe::{Callback, Context, Export, Java, JavaException, Status, interface};

use crate::greet::types::{GreetException, User};

// As many programs have it.
type Result<T, E = Status> = std::result::Result<T, E>;

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "peer.api.ArrayPage")]
pub(crate) struct ArrayPage<T> {
    pub(crate) number: i32,
    pub(crate) items: Array<T>,
    pub(crate) rows: Array<Vec<T>>,
}

/// [`GreetException`], with what every throwable has.
#[derive(JavaException, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.GreetException")]
pub(crate) struct Greeting {
    #[java(message)]
    pub(crate) message: Option<String>,
    #[java(cause)]
    pub(crate) cause: Option<Box<Throwable>>,
    #[java(stack)]
    pub(crate) stack: Vec<StackTraceElement>,
    #[java(suppressed)]
    pub(crate) suppressed: Vec<Throwable>,
    pub(crate) code: i32,
    pub(crate) detail: Option<String>,
}

/// Inherits all fields of [`Greeting`].
#[derive(JavaException, Clone, Debug, Default, PartialEq)]
#[java(class = "peer.api.TooLongException")]
pub(crate) struct TooLong {
    #[java(flatten)]
    pub(crate) parent: Greeting,
    pub(crate) limit: i32,
}

/// The exceptions that `throws GreetException` stands for.
#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "peer.api.GreetException")]
pub(crate) enum Greetings {
    TooLong(Box<TooLong>),
    Plain(GreetException),
}

#[interface("peer.api.PlaceService")]
pub(crate) trait PlaceService {
    async fn r#where(&self, ctx: &Context) -> Result<String>;
    async fn slow(&self, millis: i32) -> Result<String>;
    async fn patient(&self, millis: i32) -> Result<String>;
}

#[interface("peer.api.ConventionService")]
pub(crate) trait ConventionService {
    async fn echo_array_page(&self, v: ArrayPage<User>) -> Result<ArrayPage<User>>;
    async fn echo_rows(&self, v: Array<Vec<String>>) -> Result<Array<Vec<String>>>;
    async fn throw_subclass(&self, limit: i32) -> Result<String, Greetings>;
}

#[interface("peer.api.CallbackListener")]
pub(crate) trait CallbackListener {
    async fn changed(&self, text: String) -> Result<String>;
}

#[interface("peer.api.CallbackService")]
pub(crate) trait CallbackService {
    async fn ask(&self, text: String, listener: Callback<CallbackListenerClient>)
    -> Result<String>;
    async fn follow(&self, listener: Callback<CallbackListenerClient>) -> Result<i32>;
    #[java(end_callbacks)]
    async fn leave(&self, listener: Callback<CallbackListenerClient>) -> Result<i32>;
    async fn publish(&self, text: String) -> Result<Vec<String>>;
}

/// The services as the Java provider exports them.
pub(crate) fn exports() -> impl Iterator<Item = Export> {
    let place = |(group, version): (&'static str, &'static str)| {
        Export::new(PlaceServiceServer::new(Place))
            .group(group)
            .version(version)
            .method("slow", |m| m.timeout(Duration::from_millis(300)))
            .method("patient", |m| m.timeout(Duration::from_secs(5)))
    };
    let places = [("north", "1.0.0"), ("south", "1.0.0"), ("south", "2.0.0")].map(place);
    let others = [
        Export::new(ConventionServiceServer::new(Conventions)),
        Export::new(CallbackServiceServer::new(Callbacks::default())),
    ];
    places.into_iter().chain(others)
}

struct Place;

async fn sleep(millis: i32) -> String {
    tokio::time::sleep(Duration::from_millis(millis.unsigned_abs().into())).await;
    format!("slept {millis}")
}

impl PlaceService for Place {
    async fn r#where(&self, ctx: &Context) -> Result<String> {
        Ok(format!("{}:{}", ctx.service().group(), ctx.service().version()))
    }

    async fn slow(&self, millis: i32) -> Result<String> {
        Ok(sleep(millis).await)
    }

    async fn patient(&self, millis: i32) -> Result<String> {
        Ok(sleep(millis).await)
    }
}

struct Conventions;

impl ConventionService for Conventions {
    async fn echo_array_page(&self, v: ArrayPage<User>) -> Result<ArrayPage<User>> {
        Ok(v)
    }

    async fn echo_rows(&self, v: Array<Vec<String>>) -> Result<Array<Vec<String>>> {
        Ok(v)
    }

    async fn throw_subclass(&self, limit: i32) -> Result<String, Greetings> {
        let parent = Greeting {
            message: Some("too long".into()),
            cause: Some(Box::new(Throwable::new("java.lang.IllegalStateException", "cause"))),
            stack: Vec::new(),
            suppressed: vec![Throwable::new("java.lang.IllegalArgumentException", "suppressed")],
            code: 42,
            detail: Some("d".into()),
        };
        Err(Greetings::TooLong(Box::new(TooLong { parent, limit })))
    }
}

/// The listeners that follow.
#[derive(Clone, Default)]
struct Callbacks(Arc<Mutex<Vec<Callback<CallbackListenerClient>>>>);

impl Callbacks {
    /// Changes the listeners; their number then.
    fn change(&self, change: impl FnOnce(&mut Vec<Callback<CallbackListenerClient>>)) -> i32 {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut all);
        i32::try_from(all.len()).unwrap_or(i32::MAX)
    }
}

impl CallbackService for Callbacks {
    async fn ask(
        &self,
        text: String,
        listener: Callback<CallbackListenerClient>,
    ) -> Result<String> {
        listener.changed(text).await
    }

    async fn follow(&self, listener: Callback<CallbackListenerClient>) -> Result<i32> {
        Ok(self.change(|all| {
            if !all.contains(&listener) {
                all.push(listener);
            }
        }))
    }

    async fn leave(&self, listener: Callback<CallbackListenerClient>) -> Result<i32> {
        Ok(self.change(|all| all.retain(|other| *other != listener)))
    }

    async fn publish(&self, text: String) -> Result<Vec<String>> {
        let mut all = Vec::new();
        self.change(|listeners| all.clone_from(listeners));
        let mut answers = Vec::new();
        for listener in all {
            answers.push(listener.changed(text.clone()).await?);
        }
        Ok(answers)
    }
}
