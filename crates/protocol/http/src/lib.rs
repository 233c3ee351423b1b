//! HTTP/1.1 as a protocol of calls: REST services and Spring Cloud applications, called by name.
//!
//! A request is a [`Call`](dubhe_core::Call): the service is the application, the method the verb and
//! the path, and the body one payload or a stream of them. So filters, routers, balancers and retries
//! treat it as any call. What HTTP alone knows travels beside: [`RequestHead`] among the extensions
//! of the call, [`ResponseHead`] among those of the reply.
//!
//! ```text
//! Call + RequestHead → HttpChannel → pool → one exchange on one connection → Reply + ResponseHead
//! ```
//!
//! | response | outcome of the call |
//! | --- | --- |
//! | 1xx–4xx but 429 | a reply |
//! | 429 | `RESOURCE_EXHAUSTED`, with the [`Refusal`] as its source |
//! | 502, 503 | `UNAVAILABLE`, likewise |
//! | 504 | `DEADLINE_EXCEEDED`, likewise |
//! | other 5xx | `INTERNAL`, an error of the business, likewise |
//!
//! An error response whose body is larger than [`HttpOptions::max_refusal`] is a reply, as it cannot
//! be kept for a caller who wants to read it after a retry.

mod channel;
mod connect;
mod exchange;
mod message;
mod options;
mod pool;

pub use connect::HttpConnect;
pub use message::{FORMAT, Refusal, RequestHead, ResponseHead, method_of};
pub use options::HttpOptions;
