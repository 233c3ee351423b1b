//! The protobuf service of the demo.

use dubhe::{Metadata, Request, Response, Status};
use futures_util::{Stream, stream};

use super::greeter::{Named, PROVIDER};
use proto::{Greeting, Hello, Name, Times};

/// The code that is generated from `proto/hello.proto`.
#[allow(unreachable_pub, reason = "generated code is as it is")]
pub(super) mod proto {
    dubhe::include_proto!("org.example");
}

impl Named {
    fn respond<T>(&self, value: T) -> Response<T> {
        Response::with_metadata(value, Metadata::from_iter([(PROVIDER, self.0.as_str())]))
    }
}

impl Hello for Named {
    async fn greet(&self, request: Request<Name>) -> Result<Response<Greeting>, Status> {
        let Name { name } = request.into_inner();
        Ok(self.respond(Greeting { text: format!("Hello, {name}") }))
    }

    async fn repeat(
        &self,
        request: Request<Times>,
    ) -> Result<Response<impl Stream<Item = Result<Greeting, Status>>>, Status> {
        let Times { name, times } = request.into_inner();
        let greetings = (1..=times).map(move |n| Greeting { text: format!("Hello {n}, {name}") });
        Ok(self.respond(stream::iter(greetings.map(Ok))))
    }
}
