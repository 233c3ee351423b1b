//! The options of connections.

use dubhe_core::time::Duration;

/// The options of HTTP connections.
///
/// ```
/// # mod dubhe { pub mod connect { pub use dubhe_http::HttpOptions; } }
/// use dubhe::connect::HttpOptions;
///
/// let mut options = HttpOptions::default();
/// options.max_connections = 16;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpOptions {
    /// The connections to an address at once, each with one exchange at a time. Further calls wait for
    /// one, within their deadlines. Default 100.
    pub max_connections: usize,
    /// The time after which a connection without an exchange is closed. Servers close theirs after 20 s
    /// (Tomcat) or more, and what is closed on one side is found out on the other by a failed
    /// exchange. Default 15 s.
    pub idle_timeout: Duration,
    /// The longest time to open a connection. Default 3 s.
    pub connect_timeout: Duration,
    /// The bytes of the head of a response, larger ones are an error. Default 64 KiB.
    pub max_head: usize,
    /// The header fields of a response. Default 100.
    pub max_headers: usize,
    /// The bytes of the body of an error response that are kept for the caller. Default 256 KiB.
    pub max_refusal: usize,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            max_connections: 100,
            idle_timeout: Duration::from_secs(15),
            connect_timeout: Duration::from_secs(3),
            max_head: 64 * 1024,
            max_headers: 100,
            max_refusal: 256 * 1024,
        }
    }
}
