//! A shop in Rust, with something of everything that the writers write.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dubhe_codegen::{Api, rust_reader};

const SHOP: &str = r#"
use std::collections::HashMap;
use dubhe::{Java, JavaException, Status, Streaming, Value, java};

/// Orders of the shop, see [`Order`].
///
/// All of them.
#[dubhe::interface("org.example.shop.Orders", version = "1.0.0")]
pub trait Orders {
    /// The order of that number.
    async fn find(&self, id: i64) -> Result<Option<Order>, NoOrder>;
    async fn save(&self, order: Order) -> Result<Order, Status>;
    #[deprecated]
    async fn list_all(&self, page: i32, r#class: Option<String>) -> Result<Page<Order>, Status>;
    #[java(name = "listAll")]
    async fn list(&self) -> Result<Vec<Order>, Status>;
    async fn watch(&self, since: java::Date) -> Result<impl Stream<Item = Result<Order, Status>>, Status>;
    async fn store(&self, sums: Streaming<i64>) -> Result<(), Status>;
    async fn feed(&self, pet: Pet) -> Result<(), Status>;
    async fn any(&self, value: Value) -> Result<HashMap<String, Vec<i64>>, Status>;
    async fn close(&self) -> Result<(), Status>;
    #[java(name = "return")]
    async fn give_back(&self) -> Result<(), Status>;
    #[java(name = "toString")]
    async fn text(&self) -> Result<String, Status>;
    async fn many(&self, lines: Vec<Line>) -> Result<(), Status>;
    #[java(name = "many")]
    async fn many_more(&self, lines: Vec<Order>) -> Result<(), Status>;
}

/// An order.
#[derive(Java)]
#[java(class = "org.example.shop.Order")]
pub struct Order {
    /// The number.
    id: i64,
    #[java(name = "URL")]
    url: Option<String>,
    paid: bool,
    weight: f32,
    colour: Option<Colour>,
    lines: Vec<Line>,
    by_name: HashMap<String, Line>,
    codes: java::Array<i32>,
    parts: java::Array<Value>,
    matrix: java::Array<java::Array<i32>>,
    picture: Vec<u8>,
    price: java::BigDecimal,
    made: java::Instant,
    due: java::LocalDate,
    takes: java::Duration,
    count: Option<i32>,
    key: org::Customer,
    date: java::SqlDate,
    value: Value,
}

#[derive(Java)]
#[java(class = "org.example.shop.Order$Line")]
pub struct Line { name: String, #[deprecated] count: i32 }

#[derive(Java)]
#[java(class = "org.example.shop.Express")]
pub struct Express { #[java(flatten)] order: Order, paid: bool, hours: i16 }

#[derive(Java)]
#[java(class = "org.example.shop.Page")]
pub struct Page<T> { items: Vec<T>, array: java::Array<T>, first: T, last: bool }

#[derive(Java)]
#[java(class = "org.example.shop.Colour")]
pub enum Colour {
    Red,
    /// Blue as the sea.
    DarkBlue,
}

#[derive(Java)]
#[java(class = "org.example.pets.Pet")]
pub enum Pet { Dog(Dog), Cat(Cat) }

#[derive(Java)]
#[java(class = "org.example.pets.Pet$Dog")]
pub struct Dog { name: String, bones: i32 }

#[derive(Java)]
#[java(class = "org.example.pets.Cat")]
pub struct Cat { name: String, indoor: Option<bool> }

#[derive(JavaException)]
#[java(class = "org.example.shop.NoOrder")]
pub struct NoOrder { #[java(message)] text: String, id: i64, #[java(name = "message")] said: Option<String> }

#[derive(JavaException)]
#[java(class = "org.example.shop.Gone")]
pub struct Gone { #[java(flatten)] parent: NoOrder, since: Option<java::Date> }

#[derive(Java)]
#[java(class = "org.example.new.Odd")]
pub struct Odd;

mod org {
    /// A customer, elsewhere.
    #[derive(dubhe::Java)]
    #[java(class = "org.example.customers.Outer$Customer")]
    pub struct Customer { name: Option<String>, odd: super::Odd, r#type: char }
}
"#;

/// The types of the shop.
pub(crate) fn api() -> Api {
    let api = read(SHOP);
    assert_eq!(api.notes, []);
    api
}

/// The types of one file.
pub(crate) fn read(source: &str) -> Api {
    let files = BTreeMap::from([(PathBuf::from("lib.rs"), source.to_owned())]);
    rust_reader::read_files(&files)
}
