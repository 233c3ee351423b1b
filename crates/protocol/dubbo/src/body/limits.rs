//! The limits of what a body may hold.

use bytes::Bytes;
use dubhe_core::payload::DecodeLimits;
use dubhe_hessian2::{Decoder, Limits};

/// The limits of what a body may hold, besides its length.
#[derive(Clone, Debug)]
pub struct BodyLimits {
    /// The bytes of the attachments, as they are received. Default 64 KiB.
    pub attachments: usize,
    /// The limits of decoded values: of the attachments, and of the rest.
    pub decode: DecodeLimits,
}

impl BodyLimits {
    /// The default limit of attachments: 64 KiB.
    pub const ATTACHMENTS: usize = 64 * 1024;

    /// The decoder of a body.
    pub(super) fn decoder<'a>(&self, body: &'a Bytes) -> Decoder<'a> {
        Decoder::shared_with_limits(body, Limits::of(&self.decode)).memory(self.decode.memory())
    }
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self { attachments: Self::ATTACHMENTS, decode: DecodeLimits::default() }
    }
}
