use dubhe::prelude::*;

#[dubhe::interface("org.example.Greeter")]
trait Greeter {
    async fn greet(&self, name: String) -> Result<String, Status>;
}

struct Polite;

impl Greeter for Polite {
    async fn greet(&self, name: String) -> Result<String, Status> {
        Ok(name)
    }
}

fn export() {
    let _ = Server::builder().service(Polite);
}

fn filter() {
    let _ = Server::builder().filter(Polite).hook(Polite);
}

fn consume(app: &App) {
    let _ = app.client::<Polite>();
}

fn announce() {
    let _ = Server::builder().registry("zookeeper://127.0.0.1:2181");
}

fn treat(app: &App) {
    let _ = app.client::<GreeterClient>().fault(Polite);
}

fn main() {}
