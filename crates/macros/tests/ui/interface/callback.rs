//! A callback is an argument of its own, over the dubbo protocol.

use dubhe::Status;
use dubhe_macros::interface;

#[interface("org.example.Listener")]
trait Listener {
    async fn changed(&self) -> Result<(), Status>;
}

#[interface("org.example.Many")]
trait Many {
    async fn follow(&self, all: Vec<Callback<ListenerClient>>) -> Result<(), Status>;
}

#[interface("org.example.Borrowed")]
trait Borrowed {
    async fn follow(&self, one: &Callback<ListenerClient>) -> Result<(), Status>;
}

#[interface("org.example.Returned")]
trait Returned {
    async fn follow(&self) -> Result<Callback<ListenerClient>, Status>;
}

#[interface("org.example.Both")]
trait Both {
    async fn follow(&self, one: Callback<ListenerClient>) -> Result<(), Status>;
    async fn store(&self, all: Streaming<String>) -> Result<(), Status>;
}

#[interface("org.example.Ended")]
trait Ended {
    #[java(end_callbacks)]
    async fn leave(&self, name: String) -> Result<(), Status>;
}

fn main() {}
