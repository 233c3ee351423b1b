//! Tests of the facade: servers and clients of every protocol, together.

mod aliases;
mod attempts;
mod blocking;
mod callbacks;
mod channels;
mod check;
mod drain;
mod end_to_end;
mod ends;
mod forwarding;
mod gates;
mod generic;
mod http;
mod interface;
mod isolated;
mod layer;
mod listeners;
mod live;
mod local;
mod logs;
mod max_calls;
mod memory;
mod metadata_service;
mod names;
mod options;
mod panics;
mod removed;
mod routes;
mod several;
mod spawn;
mod stopping;
mod streams;
mod tls;
mod ui;
#[cfg(unix)]
mod unix;
