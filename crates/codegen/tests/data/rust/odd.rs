//! Names and types that Java takes for something else, or not at all. It is read and not compiled.

use std::collections::HashMap;

use dubhe::prelude::*;

/// Ends the comment */ and has an escape \u002a/, a tag @Deprecated, {@code x and <b> & \
#[derive(Java)]
#[java(class = "org.example.odd.Fields")]
pub struct Fields {
    pub class: i32,
    pub is_on: bool,
    pub on: bool,
    pub url: String,
    pub u_rl: String,
    #[java(name = "URL")]
    pub upper_url: i32,
    #[java(name = "Class")]
    pub upper_class: i32,
    pub get_class: i32,
    pub hash_code: i32,
    pub other: i32,
    pub that: f64,
    #[java(name = "serialVersionUID")]
    pub serial: i64,
    pub r#yield: i32,
    pub r#type: String,
    pub a_b: i32,
    pub ab: Vec<Option<String>>,
    pub octet: u8,
    pub unit: u16,
    pub long: u64,
    pub huge: u128,
    pub pair: (i32, String),
}

#[derive(Java)]
#[java(class = "org.example.odd.Fields")]
pub struct Twice {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.FIELDS")]
pub struct UpperCase {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.String")]
pub struct Text {
    pub text: String,
    #[java(deprecated)]
    pub object: Object,
}

#[derive(Java)]
#[java(class = "org.example.odd.Object")]
pub struct Object {
    pub boxed: Option<i32>,
}

#[derive(Java)]
#[java(class = "org.example.odd.Override")]
pub struct Override {
    pub integer: Integer,
}

#[deprecated]
#[derive(Java)]
#[java(class = "org.example.odd.Deprecated")]
pub struct Deprecated {
    #[deprecated]
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.SuppressWarnings")]
pub struct SuppressWarnings {
    pub of: Deprecated,
    pub any: Value,
}

#[derive(Java)]
#[java(class = "org.example.odd.Integer")]
pub struct Integer {
    pub x: Option<i32>,
    pub list: Vec<i64>,
}

#[derive(Java)]
#[java(class = "org.example.odd.Objects")]
pub struct Objects {
    pub map: HashMap<String, Vec<Override>>,
    pub array: Vec<u8>,
    pub real: f32,
}

#[derive(Java)]
#[java(class = "org.example.odd.Java")]
pub struct NamesPackage {
    pub java: i32,
    pub org: Option<Text>,
}

#[derive(Java)]
#[java(class = "org.example.odd.org")]
pub struct NamedAsFirst {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.java")]
pub struct NamedAsJdk {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "Unpackaged")]
pub struct Unpackaged {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.Uses")]
pub struct Uses {
    pub top: Unpackaged,
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.List")]
pub struct List {
    pub list: Vec<List>,
}

#[derive(Java)]
#[java(class = "org.example.odd.Serializable")]
pub struct Serializable {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.yield")]
pub struct Yield {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.record")]
pub struct Record {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd._")]
pub struct Underscore {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.Outer$Inner$Outer")]
pub struct Around {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.inside")]
pub struct NamedAsPackage {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.inside.Thing")]
pub struct Inside {
    pub text: crate::Text,
}

#[derive(Java)]
#[java(class = "org.example.odd.Page")]
pub struct Page<T> {
    pub of: T,
    pub list: Vec<T>,
    pub next: Option<Box<Page<T>>>,
}

#[derive(Java)]
#[java(class = "org.example.odd.T")]
pub struct T {
    pub page: Page<i32>,
    pub own: Page<T>,
}

#[derive(Java)]
#[java(class = "org.example.odd.Hides")]
pub struct Hides<String> {
    pub of: String,
}

#[derive(Java)]
#[java(class = "org.example.odd.Keyword")]
pub struct Keyword<r#final> {
    pub of: r#final,
}

#[derive(Java)]
#[java(class = "org.example.odd.State")]
pub enum State {
    Class,
    ValueOf,
    #[java(name = "a-b")]
    AB,
    #[java(name = "true")]
    True,
    #[java(name = "CLASS")]
    ClassAgain,
    Override,
    String,
}

#[derive(Debug, JavaException)]
#[java(class = "org.example.odd.Exception")]
pub struct Exception {
    pub message: String,
    pub cause: String,
    pub stack_trace: String,
    pub suppressed: i32,
}

/// Ends the comment */ with \u0041 and @see Nothing.
#[dubhe::interface("org.example.odd.Service")]
pub trait Service {
    async fn get_class(&self) -> dubhe::Result<i32>;
    async fn wait(&self) -> dubhe::Result<()>;
    #[java(name = "wait")]
    async fn wait_for(&self, millis: i64) -> dubhe::Result<()>;
    async fn notify(&self) -> dubhe::Result<()>;
    async fn hash_code(&self) -> dubhe::Result<i32>;
    async fn to_string(&self) -> dubhe::Result<String>;
    async fn clone(&self) -> dubhe::Result<i32>;
    async fn finalize(&self) -> dubhe::Result<()>;
    async fn equals(&self, other: Object) -> dubhe::Result<bool>;
    async fn class(&self, class: i32) -> dubhe::Result<i32>;
    async fn words(&self, r#yield: i32, var: i32, int: i32, r#true: bool) -> dubhe::Result<i32>;
    async fn unnamed(&self, _: i32) -> dubhe::Result<i32>;
    async fn foo_bar(&self, of: Vec<i32>) -> dubhe::Result<i32>;
    #[java(name = "fooBar")]
    async fn foo_bar_of_texts(&self, of: Vec<String>) -> dubhe::Result<i32>;
    #[java(name = "foo")]
    async fn foo_of_boxed(&self, of: Option<i32>) -> dubhe::Result<i32>;
    #[java(name = "foo")]
    async fn foo_of_int(&self, of: i32) -> dubhe::Result<i32>;
    #[java(name = "foo")]
    async fn foo_of_text(&self, of: &str) -> dubhe::Result<i32>;
    #[java(name = "foo")]
    async fn foo_of_owned(&self, of: String) -> dubhe::Result<i32>;
    async fn unsigned(&self, a: u8, b: u16) -> dubhe::Result<u16>;
    async fn too_long(&self, a: u64) -> dubhe::Result<()>;
    async fn pair(&self, a: i32) -> dubhe::Result<(i32, String)>;
    async fn borrowed(
        &self,
        a: &str,
        b: &[u8],
        c: &[i32],
        d: &Fields,
        e: Option<&str>,
        f: &[String],
        g: &HashMap<String, i32>,
    ) -> Result<i32, Exception>;
    async fn generic<A>(&self, a: A) -> dubhe::Result<i32>;
    async fn pages(&self, a: Page<String>, b: Page<Page<i32>>) -> Result<Page<T>, Exception>;
    /** Has * stars,
     * \u000a and
     * @param a @Deprecated
     */
    #[deprecated]
    async fn documented(&self, a: i32, observer: i32) -> dubhe::Result<Vec<Vec<Option<i32>>>>;
    async fn state(&self, a: State, a_: Deprecated) -> dubhe::Result<State>;
}
