//! A provider and a consumer of a Java interface that was never written in Rust: `build.rs` makes it of
//! `java/orders-api-1.2.jar`.
#![allow(clippy::print_stdout, reason = "an example shows what it does")]

use dubhe::prelude::*;

mod api {
    dubhe::include_java!();
}

use api::{Order, OrderLine, Orders, OrdersClient, OrdersServer, OutOfStock};

struct ThreeTeapots;

impl Orders for ThreeTeapots {
    async fn find(&self, number: i64) -> Result<Option<Order>, Status> {
        let line = OrderLine { article: Some("teapot".into()), amount: 2, ..OrderLine::default() };
        let order = Order { number, lines: Some(vec![line]), ..Order::default() };
        Ok((number == 7).then_some(order))
    }

    async fn place(&self, order: Order) -> Result<i64, Status> {
        let lines = order.lines.unwrap_or_default();
        match lines.into_iter().find(|line| line.amount > 3) {
            Some(line) => {
                Err(OutOfStock { article: line.article, left: 3, ..OutOfStock::default() }.into())
            }
            None => Ok(8),
        }
    }
}

#[tokio::main]
async fn main() -> Result<(), Status> {
    let server =
        Server::builder().service(OrdersServer::new(ThreeTeapots)).start("127.0.0.1:0").await?;
    let app = App::builder("web").build()?;
    let orders = app.client::<OrdersClient>().url(&format!("dubbo://{}", server.addr())).build()?;

    let order = orders.find(7).await?.unwrap_or_default();
    println!("order 7 has {:?}", order.lines);

    let line = OrderLine { article: Some("teapot".into()), amount: 40, ..OrderLine::default() };
    let order = Order { lines: Some(vec![line]), ..Order::default() };
    match orders.place(order).await {
        Ok(number) => println!("placed as order {number}"),
        Err(status) => match OutOfStock::from_status(&status) {
            Some(out) => println!("there are {} left", out.left),
            None => return Err(status),
        },
    }
    Ok(())
}
