//! Filters for both sides of a call.
//!
//! | filter | side | does |
//! | --- | --- | --- |
//! | [`access_log::AccessLog`] | provider | one line a call, as Dubbo's `accesslog` |
//! | [`exception::ExceptionFilter`] | provider | throws what consumers may lack as its text, as Dubbo's `ExceptionFilter` |
//! | [`token::Token`] | provider | refuses calls without the service's token, as Dubbo's `token` |
//! | [`layer::LayerFilter`] | both | what a layer of `tower` does |
//!
//! A filter of your own is an `async fn(Call, Next) -> Result<Reply, Status>`, or a
//! [`dubhe_core::filter::Hook`] when it never waits.

pub mod access_log;
pub mod exception;
pub mod layer;
pub mod token;
