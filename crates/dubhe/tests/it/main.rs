//! Tests of the facade: servers and clients of every protocol, together.

mod check;
mod drain;
mod end_to_end;
mod ends;
mod forwarding;
mod http;
mod interface;
mod local;
mod options;
mod streams;
mod tls;
