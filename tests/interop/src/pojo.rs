//! `org.example.interop.PojoService`: the Hessian service of the dubbo-go peer.

use std::collections::HashMap;

use dubhe::hessian2::Array;
use dubhe::java::{Date, Throwable};
use dubhe::{Code, Context, Java, Status, interface};

/// dubbo-go lowers the first letter of a field, so its `ID` is `iD`; its slices are Java's arrays.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "org.example.interop.User")]
pub(crate) struct User {
    #[java(name = "iD")]
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) age: i32,
    pub(crate) balance: i64,
    pub(crate) score: f64,
    pub(crate) active: bool,
    pub(crate) photo: Option<Vec<u8>>,
    pub(crate) birth: Option<Date>,
    pub(crate) tags: Option<Array<String>>,
    pub(crate) labels: Option<HashMap<String, String>>,
    pub(crate) manager: Option<Box<User>>,
}

/// The name of the service.
pub(crate) const INTERFACE: &str = "org.example.interop.PojoService";

#[interface("org.example.interop.PojoService")]
pub(crate) trait PojoService {
    /// "hello " and the name.
    async fn hello(&self, name: String) -> Result<String, Status>;
    async fn add(&self, a: i32, b: i32) -> Result<i32, Status>;
    async fn echo(&self, data: Vec<u8>) -> Result<Vec<u8>, Status>;
    /// Returns its argument, one year older.
    async fn user(&self, user: User) -> Result<User, Status>;
    /// Returns so many users, numbered from 0.
    async fn users(&self, count: i32) -> Result<Array<User>, Status>;
    /// Finds nobody.
    async fn find(&self, id: String) -> Result<Option<User>, Status>;
    /// Fails with that message, as Java does.
    async fn fail(&self, message: String) -> Result<String, Throwable>;
    /// The tags and "seen".
    async fn tags(&self, tags: Array<String>) -> Result<Array<String>, Status>;
    /// The attachment of the request under `key`.
    async fn attach(&self, ctx: &Context, key: String) -> Result<String, Status>;
}

/// Does what the provider of the dubbo-go peer does.
pub(crate) struct Pojos;

impl PojoService for Pojos {
    async fn hello(&self, name: String) -> Result<String, Status> {
        Ok(format!("hello {name}"))
    }

    async fn add(&self, a: i32, b: i32) -> Result<i32, Status> {
        Ok(a.wrapping_add(b))
    }

    async fn echo(&self, data: Vec<u8>) -> Result<Vec<u8>, Status> {
        Ok(data)
    }

    async fn user(&self, mut user: User) -> Result<User, Status> {
        user.age += 1;
        Ok(user)
    }

    async fn users(&self, count: i32) -> Result<Array<User>, Status> {
        let user =
            |n: i32| User { id: n.to_string(), age: n, birth: Some(Date(0)), ..User::default() };
        Ok((0..count).map(user).collect())
    }

    async fn find(&self, _id: String) -> Result<Option<User>, Status> {
        Ok(None)
    }

    async fn fail(&self, message: String) -> Result<String, Throwable> {
        Err(Throwable::new("java.lang.RuntimeException", message))
    }

    async fn tags(&self, mut tags: Array<String>) -> Result<Array<String>, Status> {
        tags.push("seen".into());
        Ok(tags)
    }

    async fn attach(&self, ctx: &Context, key: String) -> Result<String, Status> {
        let missing = || Status::business(Code::NotFound, format!("no attachment {key:?}"));
        ctx.attachment(&key).map(str::to_owned).ok_or_else(missing)
    }
}
