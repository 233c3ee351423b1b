//! The services of the Java peers for Dubbo's own conventions: groups, what providers publish,
//! callbacks, exceptions with subclasses, arrays of a type parameter.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use dubhe::java::{Array, Throwable};
use dubhe::{Callback, Context, Export, Status};

use crate::java::api::{
    ArrayPage, CallbackListenerClient, CallbackService, CallbackServiceServer, ConventionService,
    ConventionServiceServer, GreetException, PlaceService, PlaceServiceServer, TooLongException,
    User,
};

type Result<T> = std::result::Result<T, Status>;

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

    async fn throw_subclass(&self, limit: i32) -> Result<String> {
        let parent = GreetException {
            message: Some("too long".into()),
            cause: Some(Box::new(Throwable::new("java.lang.IllegalStateException", "cause"))),
            stack: Vec::new(),
            suppressed: vec![Throwable::new("java.lang.IllegalArgumentException", "suppressed")],
            code: 42,
            detail: Some("d".into()),
        };
        Err(TooLongException { greet_exception: parent, limit }.into())
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
