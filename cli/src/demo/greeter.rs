//! The service of the demo, as a Java interface would declare it.

use dubhe::{Context, Java, JavaException, Status};

/// The attachment with the name of the provider that answered.
pub(super) const PROVIDER: &str = "provider";

#[derive(Java, Clone, Debug)]
#[java(class = "org.example.User")]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
}

#[derive(JavaException, Clone, Debug)]
#[java(class = "org.example.NoSuchUserException")]
pub(crate) struct NoSuchUser {
    #[java(message)]
    pub(crate) message: String,
    pub(crate) id: i64,
}

#[dubhe::interface("org.example.Greeter")]
pub(crate) trait Greeter {
    async fn greet(&self, ctx: &Context, name: String) -> Result<String, Status>;
    async fn get_user(&self, ctx: &Context, id: i64) -> Result<User, NoSuchUser>;
}

/// A provider that answers under a name of its own.
#[derive(Debug)]
pub(super) struct Named(pub(super) String);

impl Greeter for Named {
    async fn greet(&self, ctx: &Context, name: String) -> Result<String, Status> {
        ctx.set_reply_attachment(PROVIDER, self.0.as_str());
        Ok(format!("Hello, {name}"))
    }

    async fn get_user(&self, ctx: &Context, id: i64) -> Result<User, NoSuchUser> {
        ctx.set_reply_attachment(PROVIDER, self.0.as_str());
        match id {
            1 => Ok(User { id, name: "Ada".into(), roles: vec!["admin".into()] }),
            _ => Err(NoSuchUser { message: format!("no user {id}"), id }),
        }
    }
}
