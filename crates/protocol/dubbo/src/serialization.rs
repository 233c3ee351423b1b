//! The serializations of bodies, and those that a service or a client may use.
//!
//! Source: Dubbo Java `Constants` (serialization ids), `PreferSerializationProviderImpl`,
//! `PermittedSerializationKeeper`.

use std::fmt;

use dubhe_core::endpoint::ServiceParams;

/// The number of a serialization, 0 to 31, as byte 2 of a header carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SerializationId(u8);

const NAMES: [(u8, &str); 19] = [
    (2, "hessian2"),
    (3, "java"),
    (4, "compactedjava"),
    (6, "fastjson"),
    (7, "nativejava"),
    (8, "kryo"),
    (9, "fst"),
    (10, "native-hessian"),
    (11, "avro"),
    (12, "protostuff"),
    (16, "gson"),
    (18, "jackson"),
    (21, "protobuf-json"),
    (22, "protobuf"),
    (23, "fastjson2"),
    (25, "kryo2"),
    (27, "msgpack"),
    (28, "fury"),
    (31, "custom-msgpack"),
];

impl SerializationId {
    /// Hessian 2, Dubbo's default and the one this implementation reads and writes.
    pub const HESSIAN2: Self = Self(2);
    /// JSONB of fastjson2: refused, but in words that its reader understands.
    pub const FASTJSON2: Self = Self(23);

    const MASK: u8 = 0x1f;

    /// The id in the flags of a header.
    pub(crate) fn from_flags(flags: u8) -> Self {
        Self(flags & Self::MASK)
    }

    /// The number.
    pub fn number(self) -> u8 {
        self.0
    }

    /// Dubbo's name, as the parameters `serialization` and `prefer.serialization` spell it.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(id, _)| *id == self.0).map(|(_, name)| *name)
    }

    /// The id of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        NAMES.iter().find(|(_, n)| *n == name).map(|(id, _)| Self(*id))
    }
}

impl fmt::Display for SerializationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "number {}", self.0),
        }
    }
}

/// The answer to a request in a serialization that a server does not take. It is said before anything
/// is decoded: which decoder runs is never the peer's choice alone.
pub(crate) fn refusal(asked: SerializationId) -> String {
    format!(
        "the request is serialized as {asked}, this provider takes hessian2 (2) only; \
         set serialization=hessian2, or prefer.serialization=hessian2, on the consumer"
    )
}

/// The serialization a client uses for a provider that was published with `params`: the first of
/// `prefer.serialization` that it has, else `serialization`, else hessian2.
///
/// # Errors
/// When the provider takes none that this implementation has; the text names the setting.
pub fn negotiate(params: &ServiceParams) -> Result<SerializationId, String> {
    let prefer = params.get("prefer.serialization").unwrap_or_default();
    let mine = SerializationId::HESSIAN2.name().unwrap_or_default();
    let fallback = params.get("serialization").map(str::trim).unwrap_or_default();
    let preferred = prefer.split(',').any(|name| name.trim() == mine);
    if preferred || fallback == mine || fallback.is_empty() {
        return Ok(SerializationId::HESSIAN2);
    }
    Err(format!(
        "the provider takes the serializations prefer.serialization={prefer:?}, \
         serialization={fallback:?}, and only hessian2 is spoken here; \
         set serialization=hessian2, or add hessian2 to prefer.serialization, on the provider"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn params(pairs: &[(&'static str, &'static str)]) -> ServiceParams {
        ServiceParams::new(&pairs.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect())
    }

    #[test]
    fn names_and_numbers_are_dubbo_s() {
        assert_eq!(SerializationId::from_name("fastjson2"), Some(SerializationId::FASTJSON2));
        assert_eq!(SerializationId::from_flags(0xe2), SerializationId::HESSIAN2);
        assert_eq!(SerializationId::from_flags(0xff).to_string(), "custom-msgpack (31)");
        assert_eq!(SerializationId::from_flags(0).to_string(), "number 0");
    }

    #[test]
    fn the_client_takes_hessian2_where_the_provider_does() {
        for pairs in [
            &[][..],
            &[("serialization", "hessian2")],
            &[("prefer.serialization", "fastjson2, hessian2"), ("serialization", "fastjson2")],
            &[("prefer.serialization", "fastjson2"), ("serialization", "hessian2")],
        ] {
            assert_eq!(negotiate(&params(pairs)), Ok(SerializationId::HESSIAN2), "{pairs:?}");
        }
    }

    #[test]
    fn a_provider_of_fastjson2_alone_is_told_which_setting_to_change() {
        let pairs = [("prefer.serialization", "fastjson2"), ("serialization", "fastjson2")];
        let error = negotiate(&params(&pairs)).unwrap_err();
        assert!(error.contains("set serialization=hessian2"), "{error}");
    }
}
