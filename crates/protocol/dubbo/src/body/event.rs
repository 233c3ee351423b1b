//! The body of an event.

/// A heartbeat or a notice. Source: Dubbo Java `ExchangeCodec`, `HeartbeatHandler`,
/// `HeaderExchangeServer`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A null: a heartbeat, or its answer.
    Heartbeat,
    /// `R`: the sender takes no new requests.
    Readonly,
    /// `W`: the sender takes requests again.
    Writeable,
    /// Another event, which dubbo-go and Dubbo Java ignore.
    Other,
}

impl Event {
    /// Reads a body of hessian2.
    pub fn read(body: &[u8]) -> Self {
        match body {
            b"N" => Self::Heartbeat,
            b"\x01R" => Self::Readonly,
            b"\x01W" => Self::Writeable,
            _ => Self::Other,
        }
    }

    /// The body in hessian2.
    pub fn body(self) -> &'static [u8] {
        match self {
            Self::Heartbeat | Self::Other => b"N",
            Self::Readonly => b"\x01R",
            Self::Writeable => b"\x01W",
        }
    }
}
