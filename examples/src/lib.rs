//! Parts that the examples share: a Java interface in Rust, and a provider of it.
//!
//! Each program in `src/bin` shows one thing, checks what it shows, and ends by itself:
//! `cargo run -p dubhe-examples --bin consumer`. In a fleet, a crate like this one would hold the
//! interfaces, as the API module of a Java project does.

#![allow(clippy::print_stdout, reason = "an example shows what it does")]

pub mod hello;

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use dubhe::balance::{Balance, Pick, Selection};
use dubhe::prelude::*;
use dubhe::registry::Memory;
use dubhe::{ClientBuilder, RunningServer, java};

/// `org.example.User`: in Java a class with `long id`, `String name` and `Date born`.
#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.User")]
pub struct User {
    /// The user's number.
    pub id: i64,
    /// The user's name.
    pub name: String,
    /// The time of birth.
    pub born: java::Date,
}

/// `org.example.Users`: in Java an interface with `User getUser(long id)` and
/// `List<User> listAll()`.
#[dubhe::interface("org.example.Users", version = "1.0.0")]
pub trait Users {
    /// The user of that number, if there is one.
    async fn get_user(&self, id: i64) -> Result<Option<User>, Status>;

    /// All users.
    #[java(name = "listAll", timeout_ms = 5000)]
    async fn list(&self) -> Result<Vec<User>, Status>;
}

/// A provider with one user.
#[derive(Clone, Copy, Debug)]
pub struct OneUser;

impl Users for OneUser {
    async fn get_user(&self, id: i64) -> Result<Option<User>, Status> {
        Ok(Some(ada()).filter(|user| user.id == id))
    }

    async fn list(&self) -> Result<Vec<User>, Status> {
        Ok(vec![ada()])
    }
}

/// The one user.
pub fn ada() -> User {
    User { id: 1, name: "Ada".into(), born: java::Date(-4_874_688_000_000) }
}

/// A provider of [`Users`] on a free port of this host.
///
/// # Errors
/// When no port can be listened on.
pub async fn users() -> Result<RunningServer, Status> {
    Server::builder().service(UsersServer::new(OneUser)).start("127.0.0.1:0").await
}

/// A provider of [`Users`] that never answers.
///
/// # Errors
/// When no port can be listened on.
pub async fn hung() -> Result<RunningServer, Status> {
    let never = |_: Call, _: Next| std::future::pending();
    let server = Server::builder().service(UsersServer::new(OneUser)).filter(never);
    server.start("127.0.0.1:0").await
}

/// Three providers of [`Users`] in two zones, and an application that finds them.
#[derive(Debug)]
pub struct Fleet {
    app: App,
    providers: Vec<(RunningServer, Arc<AtomicUsize>)>,
}

impl Fleet {
    /// Starts the providers on free ports of this host.
    ///
    /// # Errors
    /// When no port can be listened on.
    pub async fn start() -> Result<Self, Status> {
        let (registry, mut providers) = (Memory::new(), Vec::new());
        for zone in ["hz", "sh", "hz"] {
            let server = Server::builder().service(UsersServer::new(OneUser)).zone(zone);
            let calls = Arc::new(AtomicUsize::new(0));
            let counted = calls.clone();
            let count = move |call: Call, next: Next| {
                counted.fetch_add(1, Ordering::Relaxed);
                next.run(call)
            };
            let server = server.registry(registry.clone()).filter(count);
            providers.push((server.start("127.0.0.1:0").await?, calls));
        }
        let app = App::builder("consumer").registry_instance(registry).build()?;
        Ok(Self { app, providers })
    }

    /// A client that finds the providers in their registry.
    pub fn client(&self) -> ClientBuilder<UsersClient> {
        self.app.client()
    }

    /// Makes calls one after the other, and prints how many of the providers they went to.
    ///
    /// # Errors
    /// That of the first call that fails.
    pub async fn call(&self, calls: usize, users: &UsersClient) -> Result<(), Status> {
        for _ in 0..calls {
            users.get_user(1).await?;
        }
        println!("{calls} calls went to {} of {} providers", self.called(), self.providers.len());
        Ok(())
    }

    /// The number of providers that were called.
    pub fn called(&self) -> usize {
        self.providers.iter().filter(|(_, calls)| calls.load(Ordering::Relaxed) > 0).count()
    }
}

/// Asks for the user and prints the name.
///
/// # Errors
/// Those of the call.
pub async fn show(users: &UsersClient) -> Result<(), Status> {
    println!("found {:?}", users.get_user(1).await?.map(|user| user.name));
    Ok(())
}

/// A hash of a text, the same in every process.
pub fn hash(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}

/// A balancer that always picks the first provider that can be asked.
#[derive(Clone, Copy, Debug)]
pub struct First;

impl Balance for First {
    fn prepare(&self, _: &Selection) -> Box<dyn Pick> {
        Box::new(*self)
    }
}

impl Pick for First {
    fn pick<'a>(&self, _: &CallView<'_>, from: &'a Selection, _: Instant) -> Option<&'a Endpoint> {
        from.get(0)
    }
}

/// The address that the command line names.
pub fn address() -> Option<String> {
    std::env::args().nth(1)
}

/// The snippets of the pages are tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
#[doc = include_str!("../../docs/user/configuration.md")]
#[doc = include_str!("../../docs/user/logs.md")]
#[doc = include_str!("../../docs/user/deadlines.md")]
#[doc = include_str!("../../docs/user/discovery.md")]
#[doc = include_str!("../../docs/user/from-dubbo-go.md")]
#[doc = include_str!("../../docs/user/from-dubbo-java.md")]
#[doc = include_str!("../../docs/user/from-tonic.md")]
#[doc = include_str!("../../docs/user/testing.md")]
#[doc = include_str!("../../docs/user/http.md")]
#[doc = include_str!("../../docs/user/rules.md")]
#[doc = include_str!("../../docs/user/protobuf.md")]
struct Pages;
