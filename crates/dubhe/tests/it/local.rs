//! A protocol within the process: calls reach a service as bytes, without a network.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::sync::Arc;

use dubhe::__private::client::{Environment, Stub};
use dubhe::connect::{Channel, ChannelKey, Connect};
use dubhe::payload::{CallBody, EncodedArgs, Format};
use dubhe::time::TokioClock;
use dubhe::{Call, ClientBuilder, Code, Endpoint, Method, Payload, Service, Status};
use dubhe::{Invoke, Invoking};
use dubhe_hessian2::{Encoder, payload};

/// A client of `service`.
pub(crate) fn client<T: Stub>(service: impl Service) -> T {
    let local = Local(Arc::new(service));
    let env = Environment::builder("test", Arc::new(TokioClock)).connect(Arc::new(local)).build();
    ClientBuilder::new(&env).endpoint(Endpoint::of("local", "here", 1)).build().unwrap()
}

#[derive(Clone)]
struct Local(Arc<dyn Service>);

impl Connect for Local {
    fn protocol(&self) -> &'static str {
        "local"
    }

    fn key(&self, endpoint: &Endpoint) -> ChannelKey {
        ChannelKey::new(endpoint)
    }

    fn connect(&self, _: &Endpoint) -> Result<Arc<dyn Channel>, Status> {
        Ok(Arc::new(self.clone()))
    }
}

impl Invoke for Local {
    fn invoke(&self, call: Call) -> Invoking {
        let wanted: &Method = &call.head.method;
        let index = self.0.methods().iter().position(|m| **m == *wanted).unwrap();
        let CallBody::One(Payload::Args(args)) = &call.body else {
            return Invoking::ready(Err(Status::new(Code::Internal, "no arguments")));
        };
        let mut encoder = Encoder::new();
        payload::write_args(args, &mut encoder).unwrap();
        let bytes = encoder.into_buffer().freeze();
        let args = EncodedArgs::shared(Format::Hessian2, args.count(), bytes);
        self.0.call(index, Call::new(call.head.clone(), args.into()))
    }
}

impl Channel for Local {}
