//! Callbacks: an argument that the callee calls.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytestring::ByteString;
use dubhe_cluster::balance::Random;
use dubhe_cluster::destination::BalancedDestination;
use dubhe_cluster::plan::{ClientOptions, StaticPlan};
use dubhe_cluster::{Channels, Cluster, Tasks};
use dubhe_core::callback::{
    CALLBACK_ID, CallbackService, CallbackUse, PassedCallback, PassedCallbacks, ReceivedCallbacks,
};
use dubhe_core::connect::Channel;
use dubhe_core::endpoint::Endpoints;
use dubhe_core::fault::Fault;
use dubhe_core::invoke::BackChannel;
use dubhe_core::serve::{self, Overload, Wanted};
use dubhe_core::time::SharedClock;
use dubhe_core::{
    Call, Code, Context, Endpoint, Invoke, Invoking, Metadata, Peer, ServiceKey, SockAddr, Status,
};
use dubhe_hessian2::{Decode, Decoder, Encode, Encoder, Error, JavaType};
use dubhe_net::time::TokioClock;

use crate::builder::Stub;
use crate::client::Client;
use crate::options::CallOptions;

/// An argument that the callee calls, over the connection that the call came by: Dubbo's
/// `<dubbo:argument callback="true"/>`. Over the dubbo protocol alone; over Triple such a call fails
/// with [`Code::Unimplemented`]: a method there returns a stream.
///
/// A method of a `#[dubhe::interface]` takes `Callback<ListenerClient>`, where `Listener` is another
/// interface. The caller passes a service, `ListenerServer::new(..)`, or a `Callback` made of one, to
/// pass the same one again. The callee calls its methods through this, now or later, until the
/// connection ends; then calls fail with [`Code::Unavailable`]. Each call has 1 s unless its
/// [`CallOptions`] say otherwise, and is sent once.
///
/// ```no_run
/// use dubhe::Callback;
/// use dubhe::prelude::*;
///
/// #[dubhe::interface("org.example.Listener")]
/// trait Listener {
///     async fn changed(&self, price: i64) -> Result<(), Status>;
/// }
///
/// #[dubhe::interface("org.example.Prices")]
/// trait Prices {
///     async fn follow(&self, share: String, listener: Callback<ListenerClient>) -> Result<(), Status>;
/// }
///
/// struct Market;
///
/// impl Prices for Market {
///     async fn follow(&self, share: String, listener: Callback<ListenerClient>) -> Result<(), Status> {
///         tokio::spawn(async move { listener.changed(42).await });
///         Ok(())
///     }
/// }
///
/// struct Screen;
///
/// impl Listener for Screen {
///     async fn changed(&self, price: i64) -> Result<(), Status> {
///         println!("{price}");
///         Ok(())
///     }
/// }
///
/// # async fn run(prices: PricesClient) -> Result<(), Status> {
/// prices.follow("ACME".into(), ListenerServer::new(Screen)).await?;
/// # Ok(())
/// # }
/// ```
///
/// A connection has at most 1 callback of each interface, or as many as the provider publishes as
/// `callbacks` (`Export::param("callbacks", "8")`); one more fails with [`Code::ResourceExhausted`].
/// The argument of a method with `#[java(end_callbacks)]`, Dubbo's `callback="false"`, ends one.
///
/// Two are equal when they are the same callback of the same connection, or of the same service.
#[derive(Clone)]
pub struct Callback<S> {
    stub: S,
    origin: Origin,
}

#[derive(Clone)]
enum Origin {
    /// A service of this process, to be passed.
    Own(CallbackService),
    /// A callback that came over this connection, with this id.
    Received(BackChannel, ByteString),
    /// A callback that was decoded where there is no connection.
    Nowhere,
}

impl<S: Stub> Callback<S> {
    /// The callback that `service` answers.
    pub fn of(service: CallbackService) -> Self {
        let key = ServiceKey::interface_only(service.interface().clone());
        let channel = OwnChannel(Ok(service.clone()));
        let stub = stub(key, Endpoint::of("callback", "here", 0), channel, Metadata::new());
        Self { stub, origin: Origin::Own(service) }
    }

    /// The Java interface that it has.
    pub fn interface() -> ByteString {
        S::service().interface().clone()
    }

    /// A callback that came as an argument, before it is known over which connection.
    fn nowhere() -> Self {
        let text = "a callback is an argument of its own, of a method of an interface";
        let channel = OwnChannel(Err(Status::new(Code::FailedPrecondition, text)));
        let stub =
            stub(S::service(), Endpoint::of("callback", "nowhere", 0), channel, Metadata::new());
        Self { stub, origin: Origin::Nowhere }
    }

    fn received(ctx: &Context, peer: &Peer, back: &BackChannel, id: &ByteString) -> Self {
        // Java exports a callback in the group of the service, and without a version.
        let group = ctx.service().group().clone();
        let key = ServiceKey::new(S::service().interface().clone(), group, "");
        let (host, port) = match peer.remote.as_ref().and_then(SockAddr::as_socket_addr) {
            Some(at) => (at.ip().to_string(), at.port()),
            None => ("peer".to_owned(), 0),
        };
        let endpoint = Endpoint::of(peer.protocol.clone(), host, port);
        let attachments = [(CALLBACK_ID, id.clone())].into_iter().collect();
        let stub = stub(key, endpoint, PeerChannel(back.clone()), attachments);
        Self { stub, origin: Origin::Received(back.clone(), id.clone()) }
    }

    /// Makes of it argument `index` of a call.
    ///
    /// # Errors
    /// When it came over a connection: it is called from there alone.
    pub fn pass(&self, index: usize, action: CallbackUse) -> Result<PassedCallback, Status> {
        match &self.origin {
            Origin::Own(service) => Ok(PassedCallback { index, service: service.clone(), action }),
            Origin::Received(..) | Origin::Nowhere => Err(Status::new(
                Code::InvalidArgument,
                format!(
                    "a callback of {} that was received cannot be passed on; pass a service of your \
                     own that calls it",
                    S::service().interface()
                ),
            )),
        }
    }
}

/// The stub over `channel`, whose calls are sent once.
fn stub<S: Stub>(
    key: ServiceKey,
    endpoint: Endpoint,
    channel: impl Channel,
    metadata: Metadata,
) -> S {
    let clock: SharedClock = Arc::new(TokioClock);
    let channel: Arc<dyn Channel> = Arc::new(channel);
    // It has no channel yet.
    let _ = endpoint.state().channel_or(|| Ok(channel));
    let directory = Arc::new(Arc::new(Endpoints::new([endpoint])));
    let fault = Some(Fault::Failfast);
    let options = ClientOptions { fault, metadata, ..ClientOptions::default() };
    let plan = StaticPlan::new(&options, S::methods(), &clock, |_| {
        let random = Arc::new(Random::from_os());
        BalancedDestination::new(directory.clone(), Vec::new(), random, clock.clone())
    });
    let (channels, tasks) = (Arc::new(Channels::new(Vec::new())), Arc::<Tasks>::default());
    let cluster = Cluster::new(Arc::new(plan), channels, &tasks, clock);
    S::over(Client::new(Arc::new(key), cluster, tasks, None))
}

/// Binds the callback that came as argument `index` to the connection of its call.
///
/// # Errors
/// When the caller passed none, or the protocol has no callbacks.
pub fn receive<S: Stub>(ctx: &Context, index: usize) -> Result<Callback<S>, Status> {
    let all = ctx.head().extensions.get::<ReceivedCallbacks>();
    let received = all.and_then(|all| all.0.iter().find(|received| received.index == index));
    let peer = ctx.peer();
    let back = peer.and_then(|peer| peer.extensions.get::<BackChannel>());
    let (Some(received), Some(peer), Some(back)) = (received, peer, back) else {
        return Err(Status::new(
            Code::Unimplemented,
            format!("{ctx} takes a callback, which a call of this kind cannot carry"),
        ));
    };
    Ok(Callback::received(ctx, peer, back, &received.id))
}

/// The options of a call with these callbacks among its arguments.
///
/// # Errors
/// Those of [`Callback::pass`].
pub fn options(
    options: &CallOptions,
    passed: impl IntoIterator<Item = Result<PassedCallback, Status>>,
) -> Result<CallOptions, Status> {
    let passed = passed.into_iter().collect::<Result<Arc<[_]>, _>>()?;
    Ok(CallOptions { callbacks: Some(PassedCallbacks(passed)), ..options.clone() })
}

/// The way to the peer of a connection.
struct PeerChannel(BackChannel);

impl Invoke for PeerChannel {
    fn invoke(&self, call: Call) -> Invoking {
        self.0.0.invoke(call)
    }
}

impl Channel for PeerChannel {}

/// The way to a service of this process.
struct OwnChannel(Result<CallbackService, Status>);

impl OwnChannel {
    fn call(&self, call: Call) -> Result<Invoking, Status> {
        let service = self.0.as_ref().map_err(Status::clone)?;
        let method = &call.head.method;
        let wanted = Wanted {
            interface: call.head.service.interface(),
            group: "",
            version: "",
            method: &method.name,
            overload: method.descriptor.as_deref().map_or(Overload::Any, Overload::Types),
        };
        Ok(serve::find(&**service.dispatch(), wanted)?.invoke.invoke(call))
    }
}

impl Invoke for OwnChannel {
    fn invoke(&self, call: Call) -> Invoking {
        self.call(call).unwrap_or_else(|status| Invoking::ready(Err(status)))
    }
}

impl Channel for OwnChannel {}

impl<S> Deref for Callback<S> {
    type Target = S;

    fn deref(&self) -> &S {
        &self.stub
    }
}

impl<S> PartialEq for Callback<S> {
    fn eq(&self, other: &Self) -> bool {
        match (&self.origin, &other.origin) {
            (Origin::Own(one), Origin::Own(other)) => one == other,
            (Origin::Received(one, id), Origin::Received(other, other_id)) => {
                Arc::ptr_eq(&one.0, &other.0) && id == other_id
            }
            _ => false,
        }
    }
}

impl<S> Eq for Callback<S> {}

impl<S> fmt::Debug for Callback<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.origin {
            Origin::Own(service) => write!(f, "Callback({})", service.interface()),
            Origin::Received(_, id) => write!(f, "Callback({id})"),
            Origin::Nowhere => f.write_str("Callback(nowhere)"),
        }
    }
}

impl<S: Stub> JavaType for Callback<S> {
    fn descriptor() -> Cow<'static, str> {
        format!("L{};", S::service().interface().replace('.', "/")).into()
    }
}

/// Writes a null: the id of the callback is in the attachments (Dubbo Java
/// `CallbackServiceCodec.encodeInvocationArgument`).
impl<S> Encode for Callback<S> {
    fn encode(&self, e: &mut Encoder) -> Result<(), Error> {
        e.write_null();
        Ok(())
    }
}

impl<'de, S: Stub> Decode<'de> for Callback<S> {
    fn decode(d: &mut Decoder<'de>) -> Result<Self, Error> {
        d.skip_value()?;
        Ok(Self::nowhere())
    }
}
