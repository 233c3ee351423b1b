//! The endpoints that share a channel.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use dubhe_cluster::Channels;
use dubhe_core::Code;
use dubhe_core::connect::ChannelKey;

use crate::fakes::{Counting, provider, with_params, yield_to_tasks};

fn endpoint(port: u16, params: &[(&'static str, &'static str)]) -> dubhe_core::Endpoint {
    let provider = with_params(provider("dubbo", port), params);
    dubhe_core::Endpoint::new(provider.instance, provider.offer, provider.params)
}

#[tokio::test]
async fn endpoints_share_a_channel_as_far_as_they_need_the_same() {
    let connector = Counting::new("dubbo");
    let connected = connector.connected.clone();
    let channels = Channels::new(vec![Arc::new(connector)]);
    let one = channels.open(&endpoint(1, &[("payload", "9"), ("weight", "1")])).unwrap();
    let same = channels.open(&endpoint(1, &[("payload", "9"), ("weight", "2")])).unwrap();
    assert!(Arc::ptr_eq(&one, &same));
    let others =
        [endpoint(1, &[("payload", "8")]), endpoint(1, &[]), endpoint(2, &[("payload", "9")])];
    for other in others.iter().map(|other| channels.open(other).unwrap()) {
        assert!(!Arc::ptr_eq(&one, &other));
    }
    assert_eq!(connected.load(Ordering::Relaxed), 4);
    drop((one, same));
    let _again = channels.open(&endpoint(1, &[("payload", "9")])).unwrap();
    assert_eq!(connected.load(Ordering::Relaxed), 5, "the first has closed");
}

#[tokio::test]
async fn nothing_is_kept_for_channels_that_are_gone() {
    // Channels that tell no changes of their state, by default.
    let channels = Channels::new(vec![Arc::new(Counting::new("dubbo"))]);
    let alive = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let before = alive();
    let open: Vec<_> = (1..=100).map(|port| channels.open(&endpoint(port, &[])).unwrap()).collect();
    yield_to_tasks().await;
    assert_eq!(alive() - before, 100);
    assert_eq!(format!("{channels:?}"), "Channels(100 open)");
    drop(open);
    // One of them again, and another one.
    let _open = [1, 101].map(|port| channels.open(&endpoint(port, &[])).unwrap());
    yield_to_tasks().await;
    assert_eq!(alive() - before, 2);
    assert_eq!(format!("{channels:?}"), "Channels(2 open)");
}

#[test]
fn a_key_tells_values_from_names_and_has_room_for_more() {
    let (one, other) = (endpoint(1, &[("a", "b")]), endpoint(1, &[("b", "a")]));
    let key = |endpoint| ChannelKey::new(endpoint).with_params(endpoint, &["a", "b"]);
    assert_eq!(key(&one), key(&one));
    assert_ne!(key(&one), key(&other));
    assert_ne!(key(&one), key(&one).with("tls", "spiffe://a/b"));
    let channels = Channels::new(Vec::new());
    assert_eq!(channels.key(&one), ChannelKey::new(&one));
    let refused = channels.open(&one).err().unwrap();
    assert_eq!(refused.code(), Code::Unimplemented);
}
