//! The channel and the protocol on a port, over an in-memory network.

use std::sync::Arc;
use std::time::Duration;

use dubhe_core::connect::{Channel, ChannelState, Connect};
use dubhe_core::endpoint::{Instance, ServiceParams};
use dubhe_core::serve::Dispatch;
use dubhe_core::status::Retry;
use dubhe_core::time::Deadline;
use dubhe_core::{Code, Endpoint, Invoke, Offer, Value};
use dubhe_dubbo::DubboOptions;
use dubhe_dubbo::{DubboConnect, DubboProtocol};
use dubhe_net::detect::{AcceptOptions, Acceptor};
use dubhe_net::drain::Trigger;
use dubhe_net::io::memory::Network;
use tokio::task::JoinHandle;

use crate::support::{Methods, call, value};

const PORT: u16 = 20880;

fn endpoint(params: &[(&'static str, &'static str)]) -> Endpoint {
    let instance = Instance { host: "127.0.0.1".into(), ..Instance::default() };
    let params = params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
    let offer = Offer { protocol: "dubbo".into(), port: PORT };
    Endpoint::new(Arc::new(instance), offer, Arc::new(ServiceParams::new(&params)))
}

fn channel(network: &Network, params: &[(&'static str, &'static str)]) -> Arc<dyn Channel> {
    let connect = DubboConnect::new(DubboOptions::default()).dial(Arc::new(network.clone()));
    connect.connect(&endpoint(params)).unwrap()
}

fn serve(network: &Network, methods: Methods) -> (Trigger, JoinHandle<()>) {
    let listen = network.listen(([127, 0, 0, 1], PORT).into()).unwrap();
    let dispatch: Arc<dyn Dispatch> = Arc::new(methods);
    let protocol = Arc::new(DubboProtocol::new(dispatch, DubboOptions::default()));
    let acceptor = Acceptor::new(listen, vec![protocol], AcceptOptions::default()).unwrap();
    let trigger = Trigger::new();
    let task = tokio::spawn(acceptor.run(trigger.shutdown()));
    (trigger, task)
}

#[tokio::test(start_paused = true)]
async fn the_first_call_connects_and_the_next_ones_share_the_connection() {
    let network = Network::default();
    let (_server, _task) = serve(&network, Methods::echo());
    let channel = channel(&network, &[]);
    assert_eq!(channel.state(), ChannelState::Idle);
    for n in 0..3 {
        assert_eq!(value(&channel.invoke(call("echo", n)).await.unwrap()), Value::Int(n));
    }
    assert_eq!(channel.state(), ChannelState::Ready);
}

#[tokio::test(start_paused = true)]
async fn nobody_there_is_said_at_once_and_the_call_did_not_start() {
    let channel = channel(&Network::default(), &[]);
    let error = channel.invoke(call("echo", 1)).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::Unavailable, Retry::Unstarted));
    assert!(error.message().contains("cannot reach dubbo://127.0.0.1:20880"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_comes_later_is_found() {
    let network = Network::default();
    let channel = channel(&network, &[]);
    channel.invoke(call("echo", 1)).await.unwrap_err();
    let (_server, _task) = serve(&network, Methods::echo());
    let mut state = channel.state();
    while state != ChannelState::Ready {
        state = channel.changed(state).await;
    }
    assert_eq!(value(&channel.invoke(call("echo", 2)).await.unwrap()), Value::Int(2));
}

#[tokio::test(start_paused = true)]
async fn a_draining_server_loses_no_call_and_the_channel_finds_the_next_one() {
    let network = Network::default();
    let (methods, go) = Methods::waiting();
    let (server, task) = serve(&network, methods);
    let channel = channel(&network, &[]);
    channel.invoke(call("echo", 1)).await.unwrap();
    let waiting = channel.invoke(call("wait", 2));
    let patience = dubhe_net::time::now() + Duration::from_secs(30);
    let draining = tokio::spawn(async move { server.drain(patience).await });
    let mut state = channel.state();
    while state == ChannelState::Ready {
        state = channel.changed(state).await;
    }
    // The old listener has gone with the first sign of the shutdown.
    let (_second, _task) = serve(&network, Methods::echo());
    let mut next = call("echo", 3);
    next.head.deadline = Some(Deadline::at(patience));
    let mut answer = channel.invoke(next).await;
    while answer.as_ref().is_err_and(|error| error.retry() == Retry::Unstarted) {
        answer = channel.invoke(call("echo", 3)).await;
    }
    assert_eq!(value(&answer.unwrap()), Value::Int(3));
    go.send(true).unwrap();
    assert_eq!(value(&waiting.await.unwrap()), Value::Int(2));
    assert_eq!(draining.await.unwrap(), 0, "nothing had to be forced");
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_closed_channel_lets_its_calls_end() {
    let network = Network::default();
    let (methods, go) = Methods::waiting();
    let (server, _task) = serve(&network, methods);
    let channel = channel(&network, &[]);
    channel.warm_up();
    assert_eq!(channel.changed(ChannelState::Connecting).await, ChannelState::Ready);
    let waiting = channel.invoke(call("wait", 1));
    channel.close(false);
    let error = channel.invoke(call("wait", 2)).await.unwrap_err();
    assert_eq!((error.code(), error.retry()), (Code::Unavailable, Retry::Unstarted));
    drop(channel);
    go.send(true).unwrap();
    assert_eq!(value(&waiting.await.unwrap()), Value::Int(1));
    // The connection went with its last call: the server has nothing to wait for.
    while server.live() > 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn parameters_of_the_endpoint_count() {
    let network = Network::default();
    let (server, _task) = serve(&network, Methods::echo());
    let limited = channel(&network, &[("payload", "200"), ("connections", "3")]);
    let error = limited.invoke(call("echo", vec![0; 300])).await.unwrap_err();
    assert!(error.message().contains("the limit is 200"), "{error}");
    while server.live() < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let connect = DubboConnect::new(DubboOptions::default()).dial(Arc::new(network.clone()));
    for (params, part) in [
        (&[("serialization", "fastjson2")], "set serialization=hessian2"),
        (&[("heartbeat", "soon")], "heartbeat=\"soon\" is not a number of milliseconds"),
        (&[("payload", "much")], "payload=\"much\" is not a number of bytes"),
        (&[("connections", "many")], "connections=\"many\" is not a number"),
        (&[("connect.timeout", "x")], "connect.timeout=\"x\" is not a number of milliseconds"),
    ] {
        let Err(error) = connect.connect(&endpoint(params)) else { panic!("{params:?}") };
        assert!(error.message().contains(part), "{error}");
    }
}
