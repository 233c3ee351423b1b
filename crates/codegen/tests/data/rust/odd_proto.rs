//! Types and names that a `.proto` file has in another way, or not at all. It is read and not compiled.

use std::collections::{BTreeMap, HashMap};

use dubhe::prelude::*;

#[derive(Java)]
#[java(class = "org.example.odd.Types")]
pub struct Types {
    pub nullable_values: HashMap<String, Option<i32>>,
    pub nullable_keys: HashMap<Option<String>, i32>,
    pub nullable_items: Vec<Option<String>>,
    pub lists: Vec<Vec<i32>>,
    pub maps: HashMap<String, HashMap<String, i32>>,
    pub lists_in_maps: HashMap<String, Vec<i32>>,
    pub maps_in_lists: Vec<HashMap<String, i32>>,
    pub twice: Option<Option<i32>>,
    pub maybe_list: Option<Vec<i32>>,
    pub maybe_map: Option<HashMap<String, i32>>,
    pub by_number: HashMap<i64, Names>,
    pub by_flag: HashMap<bool, Names>,
    pub by_object: BTreeMap<Names, i32>,
    pub by_real: HashMap<String, f64>,
    pub bytes: Vec<u8>,
    pub any: Value,
    pub itself: Option<Box<Types>>,
    pub page: Page<Option<i32>>,
}

#[derive(Java)]
#[java(class = "org.example.odd.Names")]
pub struct Names {
    pub foo_bar: i32,
    #[java(name = "foo_bar")]
    pub foo_bar_again: i32,
    #[java(name = "URL")]
    pub url: String,
    pub message: String,
    pub package: i32,
    pub reserved: i32,
    pub oneof: bool,
    pub map: i32,
    #[java(name = "größe")]
    pub size: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.Page")]
pub struct Page<T> {
    pub of: T,
}

#[derive(Java)]
#[java(class = "org.example.odd.AB")]
pub enum Upper {
    One,
    Unspecified,
    #[java(name = "größe")]
    Size,
}

#[derive(Java)]
#[java(class = "org.example.odd.Ab")]
pub enum Mixed {
    One,
}

#[derive(Java)]
#[java(class = "org.example.odd.Outer$Line")]
pub struct Nested {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.OuterLine")]
pub struct NamedAsNested {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.ServiceFindRequest")]
pub struct NamedAsRequest {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.Inside")]
pub struct NamedAsPackage {
    pub x: i32,
}

#[derive(Java)]
#[java(class = "org.example.odd.Inside.Thing")]
pub struct Inside {
    pub x: i32,
}

#[dubhe::interface("org.example.odd.Service")]
pub trait Service {
    async fn find(&self, a: i32, b: String) -> dubhe::Result<Option<Types>>;
    #[java(name = "Find")]
    async fn find_again(&self, a: i32) -> dubhe::Result<()>;
    async fn states(&self, a: Upper, b: Mixed) -> dubhe::Result<Vec<Upper>>;
    async fn lists(&self, a: Vec<Vec<i32>>) -> dubhe::Result<()>;
    async fn values(&self, a: i32) -> dubhe::Result<HashMap<String, Option<Names>>>;
    async fn own(&self, a: NamedAsRequest) -> dubhe::Result<()>;
    async fn maybe(&self, a: Option<Vec<i32>>) -> dubhe::Result<()>;
    async fn none(&self) -> dubhe::Result<()>;
    async fn names(&self, a: Names) -> dubhe::Result<Names>;
}
