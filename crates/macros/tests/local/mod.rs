//! A protocol within the process: calls reach a service as bytes, without a network.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Instant;

use dubhe_client::{ClientBuilder, Environment, Stub};
use dubhe_core::connect::{Channel, ChannelState, Connect};
use dubhe_core::payload::{Args, Content};
use dubhe_core::time::{Clock, Sleep};
use dubhe_core::{
    Body, Call, Code, Encoded, Endpoint, Format, Invoke, Invoking, Method, Payload, Status,
};
use dubhe_hessian2::{Encoder, payload};
use dubhe_server::Service;

/// A client of `service`.
pub(crate) fn client<T: Stub>(service: impl Service) -> T {
    let local = Local(Arc::new(service));
    let env = Environment::builder("test", Arc::new(Tokio)).connect(Arc::new(local)).build();
    ClientBuilder::new(&env).endpoint(Endpoint::of("local", "here", 1)).build().unwrap()
}

struct Tokio;

impl Clock for Tokio {
    fn now(&self) -> Instant {
        tokio::time::Instant::now().into_std()
    }

    fn sleep_until(&self, when: Instant) -> Sleep {
        Box::pin(tokio::time::sleep_until(when.into()))
    }
}

#[derive(Clone)]
struct Local(Arc<dyn Service>);

impl Connect for Local {
    fn protocol(&self) -> &'static str {
        "local"
    }

    fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        Ok(Arc::new(self.clone()))
    }
}

impl Invoke for Local {
    fn invoke(&self, call: Call) -> Invoking {
        let wanted: &Method = &call.head.method;
        let index = self.0.methods().iter().position(|m| **m == *wanted).unwrap();
        let Body::One(Payload::Args(Args { count, values })) = &call.body else {
            return Invoking::ready(Err(Status::new(Code::Internal, "no arguments")));
        };
        let mut encoder = Encoder::new();
        payload::write_content(values, &mut encoder).unwrap();
        let values =
            Content::Encoded(Encoded::new(Format::Hessian2, encoder.into_buffer().freeze()));
        let payload = Payload::Args(Args { count: *count, values });
        self.0.call(index, Call::new(call.head.clone(), payload))
    }
}

impl Channel for Local {
    fn state(&self) -> ChannelState {
        ChannelState::Ready
    }

    fn changed(&self, _: ChannelState) -> Pin<Box<dyn Future<Output = ChannelState> + Send>> {
        Box::pin(std::future::pending())
    }

    fn warm_up(&self) {}

    fn close(&self, _: bool) {}
}
