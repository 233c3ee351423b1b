use dubhe::prelude::*;

struct Elsewhere;

fn dispatch() {
    let _ = Server::builder().dispatch(Elsewhere);
}

fn mount() {
    let _ = Server::builder().mount("/files", Elsewhere);
}

fn main() {}
