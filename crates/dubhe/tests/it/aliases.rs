//! Aliases of `Result`, and arrays of a type parameter, in an interface.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test stops at the first surprise")]

use dubhe::hessian2::Array;
use dubhe::prelude::*;
use futures_util::{Stream, TryStreamExt as _, stream};

// As many crates have it.
type Result<T, E = Status> = std::result::Result<T, E>;
// Without a parameter.
type Done = Result<()>;
// With the parameters the other way round.
type Failing<E, T> = Result<T, E>;

mod shop {
    // As `std::io` has it.
    pub(super) type Result<T> = std::result::Result<T, super::Closed>;
    pub(super) type Answer<T> = Result<T>;
}

#[derive(JavaException, Clone, Debug, PartialEq)]
#[java(class = "org.example.Closed")]
struct Closed {
    #[java(message)]
    message: String,
}

// In Java: `class Page<T> { T[] items; List<T>[] rows; Page<T>[] next; }`.
#[derive(Java, Clone, Debug, Default, PartialEq)]
#[java(class = "org.example.Page")]
struct Page<T> {
    items: Array<T>,
    rows: Option<Array<Vec<T>>>,
    next: Array<Page<T>>,
}

// In Java: `class Shelf<T> { Page<T> page; }`.
#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.Shelf")]
struct Shelf<T> {
    page: Page<T>,
}

#[derive(Java, Clone, Debug, PartialEq)]
#[java(class = "org.example.Book")]
struct Book {
    title: String,
}

#[dubhe::interface("org.example.Library")]
trait Library {
    async fn plain(&self, n: i32) -> Result<i32>;
    async fn other(&self, n: i32) -> Result<i32, Closed>;
    async fn module(&self, n: i32) -> shop::Result<i32>;
    async fn answer(&self, n: i32) -> shop::Answer<i32>;
    async fn swapped(&self, n: i32) -> Failing<Closed, i32>;
    async fn done(&self) -> Done;
    #[java(oneway)]
    async fn log(&self, text: String) -> Done;
    async fn shelf(&self, shelf: Shelf<Book>) -> Result<Shelf<Book>>;
    async fn numbers(&self, page: Page<Option<i32>>) -> Result<Page<Option<i32>>>;
    async fn rows(&self, rows: Array<Vec<String>>) -> Result<Array<Vec<String>>>;
}

#[dubhe::interface("org.example.Streams")]
trait Streams {
    async fn count(&self, n: i32) -> Result<impl Stream<Item = shop::Answer<i32>>>;
}

struct Here;

fn closed() -> Closed {
    Closed { message: "closed".into() }
}

impl Library for Here {
    async fn plain(&self, n: i32) -> Result<i32> {
        Ok(n)
    }

    async fn other(&self, n: i32) -> Result<i32, Closed> {
        if n > 0 { Ok(n) } else { Err(closed()) }
    }

    async fn module(&self, n: i32) -> shop::Result<i32> {
        self.other(n).await
    }

    async fn answer(&self, n: i32) -> shop::Answer<i32> {
        self.other(n).await
    }

    async fn swapped(&self, n: i32) -> Failing<Closed, i32> {
        self.other(n).await
    }

    async fn done(&self) -> Done {
        Ok(())
    }

    async fn log(&self, _: String) -> Done {
        Ok(())
    }

    async fn shelf(&self, shelf: Shelf<Book>) -> Result<Shelf<Book>> {
        Ok(shelf)
    }

    async fn numbers(&self, page: Page<Option<i32>>) -> Result<Page<Option<i32>>> {
        Ok(page)
    }

    async fn rows(&self, rows: Array<Vec<String>>) -> Result<Array<Vec<String>>> {
        Ok(rows)
    }
}

impl Streams for Here {
    async fn count(&self, n: i32) -> Result<impl Stream<Item = shop::Answer<i32>>> {
        Ok(stream::iter((0..n).map(Ok)))
    }
}

fn page<T: Clone>(item: T) -> Page<T> {
    let inner = Page {
        items: vec![item.clone(), item.clone()].into(),
        rows: None,
        next: Array(Vec::new()),
    };
    Page { rows: Some(vec![vec![item]].into()), next: vec![inner.clone()].into(), ..inner }
}

#[tokio::test]
async fn results_have_any_name() {
    let server = Server::builder()
        .service(LibraryServer::new(Here))
        .service(StreamsServer::new(Here))
        .start("127.0.0.1:0")
        .await
        .unwrap();
    let app = App::builder("test").build().unwrap();
    for protocol in ["dubbo", "tri"] {
        let url = format!("{protocol}://{}", server.addr());
        let library = app.client::<LibraryClient>().url(&url).build().unwrap();
        assert_eq!(library.plain(1).await.unwrap(), 1);
        assert_eq!(library.other(1).await.unwrap(), 1);
        assert_eq!(library.module(1).await.unwrap(), 1);
        assert_eq!(library.answer(1).await.unwrap(), 1);
        assert_eq!(library.swapped(1).await.unwrap(), 1);
        library.done().await.unwrap();
        library.log("x".into()).await.unwrap();
        let failures = [
            library.other(0).await,
            library.module(0).await,
            library.answer(0).await,
            library.swapped(0).await,
        ];
        for failure in failures {
            assert_eq!(Closed::from_status(&failure.unwrap_err()), Some(closed()));
        }

        let shelf = Shelf { page: page(Book { title: "x".into() }) };
        assert_eq!(library.shelf(shelf.clone()).await.unwrap(), shelf);
        assert_eq!(library.numbers(page(Some(7))).await.unwrap(), page(Some(7)));
        let rows = Array(vec![vec!["a".to_owned()], Vec::new()]);
        assert_eq!(library.rows(rows.clone()).await.unwrap(), rows);
    }
    let url = format!("tri://{}", server.addr());
    let streams = app.client::<StreamsClient>().url(&url).build().unwrap();
    let all: Vec<i32> = streams.count(3).await.unwrap().try_collect().await.unwrap();
    assert_eq!(all, [0, 1, 2]);
}
