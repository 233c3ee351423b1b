//! The map at the end of a body.

use std::borrow::Cow;
use std::time::Duration;

use bytes::Bytes;
use bytestring::ByteString;
use dubhe_core::callback::CALLBACK_ID;
use dubhe_core::gate::PRIORITY;
use dubhe_core::{Metadata, Value};
use dubhe_hessian2::{Decode, Decoder, Error, ErrorKind};

use super::{BodyLimits, share};

/// Attachments that belong to the protocol. They become typed facts of the call and are hidden
/// from handlers and callers (Dubbo Java `ContextFilter`); values that a caller sets under one of
/// them are not sent. `token` and `generic` stay visible, because filters read them.
pub const PROTOCOL_KEYS: [&str; 8] =
    ["path", "interface", "group", "version", "timeout", "_TO", "async", "dubbo"];

/// The attachments of a body: what the protocol wants to know, and the rest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Attachments<'a> {
    /// The path of the service.
    pub path: Option<Cow<'a, str>>,
    /// The interface of the service.
    pub interface: Option<Cow<'a, str>>,
    /// The group of the service.
    pub group: Option<Cow<'a, str>>,
    /// The version of the service.
    pub version: Option<Cow<'a, str>>,
    /// The time that the caller waits: `_TO`, else `timeout`, in milliseconds on the wire.
    pub timeout: Option<Duration>,
    /// The callback that is called; it is part of the metadata, too.
    pub callback: Option<Cow<'a, str>>,
    /// The priority that the caller asks for; it is part of the metadata, too.
    pub priority: Option<Cow<'a, str>>,
    /// The entries that are not the protocol's own.
    pub metadata: Metadata,
}

impl<'a> Attachments<'a> {
    /// Reads the map that is next; a null, or the end of the body, is an empty one.
    ///
    /// # Errors
    /// When something else is there, a key is no string, or they exceed a limit.
    pub(crate) fn read(
        decoder: &mut Decoder<'a>,
        frame: &'a Bytes,
        limits: &BodyLimits,
    ) -> Result<Self, Error> {
        // What follows counts, not what was stepped over.
        decoder.begin_budget(decoder.remaining().len().min(limits.attachments));
        Self::each(decoder, limits, |all, d, key| {
            // An entry and the room to grow.
            d.charge(2 * size_of::<(ByteString, Value)>())?;
            let value = match d.peek()? {
                0..=0x1f | 0x30..=0x33 => Value::String(share(frame, d.read_str()?)),
                _ => Value::decode(d)?,
            };
            match &*key {
                PRIORITY => all.priority = value.as_str().map(|text| text.to_owned().into()),
                CALLBACK_ID => all.callback = value.as_str().map(|text| text.to_owned().into()),
                _ => {}
            }
            all.metadata.append(share(frame, key), value);
            Ok(())
        })
    }

    /// Reads the protocol's own facts of the map that is next and skips the rest: no value is
    /// built, and the decoder stays where it is.
    ///
    /// # Errors
    /// As [`Attachments::read`].
    pub(crate) fn scan(decoder: &mut Decoder<'a>, limits: &BodyLimits) -> Result<Self, Error> {
        decoder.look_ahead(|d| {
            Self::each(d, limits, |all, d, key| {
                match &*key {
                    PRIORITY => all.priority = read_fact(d)?,
                    CALLBACK_ID => all.callback = read_fact(d)?,
                    _ => d.skip_value()?,
                }
                Ok(())
            })
        })
    }

    /// Reads the map that is next; `other` takes what is not the protocol's own.
    fn each(
        decoder: &mut Decoder<'a>,
        limits: &BodyLimits,
        mut other: impl FnMut(&mut Self, &mut Decoder<'a>, Cow<'a, str>) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let mut all = Self::default();
        if decoder.is_at_end() || decoder.read_null()? {
            return Ok(all);
        }
        let start = decoder.position();
        let fits = |d: &Decoder<'_>| {
            let bytes = d.position() - start;
            if bytes > limits.attachments { Err(too_large(d, limits)) } else { Ok(()) }
        };
        decoder.read_map(|d, entries| {
            while entries.next(d)? {
                let key = super::read_text(d)?;
                if !all.fact(d, &key)? {
                    other(&mut all, d, key)?;
                }
                fits(d)?;
            }
            // The end of the map counts, too.
            fits(d)?;
            Ok(all)
        })
    }

    /// Reads the value of `key` if it is one of the protocol's own.
    fn fact(&mut self, d: &mut Decoder<'a>, key: &str) -> Result<bool, Error> {
        // Older and other writers put non-strings under any key; for these the text is what counts.
        match key {
            "path" => self.path = read_fact(d)?,
            "interface" => self.interface = read_fact(d)?,
            "group" => self.group = read_fact(d)?,
            "version" => self.version = read_fact(d)?,
            // dubbo-go writes 0 when no timeout is set.
            "timeout" => {
                let timeout = read_millis(d)?.filter(|timeout| !timeout.is_zero());
                self.timeout = self.timeout.or(timeout);
            }
            "_TO" | "_to" => self.timeout = read_millis(d)?.or(self.timeout),
            "dubbo" | "async" => d.skip_value()?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

#[cold]
fn too_large(d: &Decoder<'_>, limits: &BodyLimits) -> Error {
    let detail = format!(
        "the attachments have more than {} bytes; send less beside the call, \
         or raise max_attachments at the receiver",
        limits.attachments
    );
    d.error(ErrorKind::Limit, detail)
}

/// Reads the text of a fact; anything that is no text says nothing.
fn read_fact<'de>(d: &mut Decoder<'de>) -> Result<Option<Cow<'de, str>>, Error> {
    match d.peek()? {
        0..=0x1f | 0x30..=0x33 | b'S' | b'R' => d.read_str().map(Some),
        _ => d.skip_value().map(|()| None),
    }
}

/// Reads milliseconds, as a number or as text.
fn read_millis(d: &mut Decoder<'_>) -> Result<Option<Duration>, Error> {
    let millis = match d.peek()? {
        0..=0x1f | 0x30..=0x33 => d.read_str()?.trim().parse::<i64>().ok(),
        // Numbers are values of their own; nothing else says how long.
        b'I' | b'L' | 0x80..=0xff | 0x38..=0x3f | 0x59 => Value::decode(d)?.as_i64(),
        _ => {
            d.skip_value()?;
            None
        }
    };
    // What is left of a timeout may be negative: nobody waits any more.
    Ok(millis.map(|ms| Duration::from_millis(u64::try_from(ms).unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timeout(entries: &[(&'static str, &'static str)]) -> Option<Duration> {
        let map = Value::map(entries.iter().copied());
        let bytes = dubhe_hessian2::to_bytes(&map).unwrap();
        Attachments::read(&mut Decoder::new(&bytes), &bytes, &BodyLimits::default())
            .unwrap()
            .timeout
    }

    #[test]
    fn a_timeout_of_zero_is_none_but_nothing_may_be_left_of_one() {
        let second = Some(Duration::from_secs(1));
        assert_eq!(timeout(&[("timeout", "1000")]), second);
        assert_eq!(timeout(&[("timeout", "0")]), None);
        assert_eq!(timeout(&[("timeout", "5000"), ("_TO", "1000")]), second);
        assert_eq!(timeout(&[("_TO", "0"), ("timeout", "5000")]), Some(Duration::ZERO));
    }
}
