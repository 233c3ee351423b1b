//! Requests of the server over the stream, and the answers.

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::host::JsonService;
use super::{Headers, Malformed, Payload, ServiceInfo, encode};

/// A request of the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Push {
    /// The end of the setup, with the abilities of the server.
    SetupAck {
        /// `true` for Nacos 3 and later, by its abilities.
        is_v3: bool,
    },
    /// The question whether the client is there.
    Detection,
    /// The wish that the client goes to another server.
    Reset {
        /// The HTTP address of that server, unless any will do.
        server: Option<(ByteString, u16)>,
    },
    /// The instances of a service that is subscribed to.
    Service(ServiceInfo),
    /// The notice that a document that is listened to has changed.
    ConfigChanged {
        /// The data id.
        data_id: ByteString,
        /// The group.
        group: ByteString,
    },
    /// Another request.
    Unknown,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Json<'a> {
    ability_table: Option<Abilities>,
    server_ip: Option<String>,
    // A text in Java; a number does no harm.
    #[serde(borrow)]
    server_port: Option<&'a RawValue>,
    #[serde(borrow)]
    service_info: Option<JsonService<'a>>,
    data_id: Option<String>,
    group: Option<String>,
}

/// The abilities that matter here (Nacos `AbilityKey`).
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Abilities {
    /// The ability to watch patterns of names, since Nacos 3.0.
    fuzzy_watch: Option<bool>,
}

impl Push {
    /// Reads a request of the server.
    ///
    /// # Errors
    /// When its JSON is not that of its type.
    pub fn read(payload: &Payload) -> Result<Self, Malformed> {
        let known = [
            "SetupAckRequest",
            "ConnectResetRequest",
            "NotifySubscriberRequest",
            "ConfigChangeNotifyRequest",
        ];
        let kind = &*payload.kind;
        if kind == "ClientDetectionRequest" {
            return Ok(Self::Detection);
        }
        if !known.contains(&kind) {
            return Ok(Self::Unknown);
        }
        let json: Json<'_> = payload.json()?;
        Ok(match kind {
            "SetupAckRequest" => Self::SetupAck {
                is_v3: json.ability_table.unwrap_or_default().fuzzy_watch.is_some(),
            },
            "ConnectResetRequest" => {
                let port =
                    json.server_port.and_then(|port| port.get().trim_matches('"').parse().ok());
                let ip = json.server_ip.filter(|ip| !ip.is_empty());
                Self::Reset { server: ip.map(ByteString::from).zip(port) }
            }
            "NotifySubscriberRequest" => {
                let service = json.service_info;
                let missing = || Malformed::new(format!("{kind} has no service"));
                Self::Service(service.ok_or_else(missing)?.read()?)
            }
            _ => Self::ConfigChanged {
                data_id: json.data_id.unwrap_or_default().into(),
                group: json.group.unwrap_or_default().into(),
            },
        })
    }
}

/// The number by which the server knows the answer to a request of its own.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    request_id: Option<String>,
}

/// An answer (Nacos `Response`).
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer<'a> {
    result_code: u16,
    error_code: u16,
    message: Option<&'a str>,
    request_id: &'a str,
}

/// The code of a request that the client does not know (Nacos `NacosException.NO_HANDLER`).
const NO_HANDLER: u16 = 302;

/// The answer to a request of the server, `None` when it waits for none. One that cannot be read is
/// answered too, lest the server wait for the answer and keep the request.
pub(crate) fn answer(payload: &Payload, client_ip: &str) -> Option<Bytes> {
    let kind = match &*payload.kind {
        "SetupAckRequest" => return None,
        "ClientDetectionRequest" => "ClientDetectionResponse",
        "ConnectResetRequest" => "ConnectResetResponse",
        "NotifySubscriberRequest" => "NotifySubscriberResponse",
        "ConfigChangeNotifyRequest" => "ConfigChangeNotifyResponse",
        _ => "ErrorResponse",
    };
    let request_id = payload.json::<Identity>().ok()?.request_id.unwrap_or_default();
    let known = kind != "ErrorResponse";
    let answer = Answer {
        result_code: if known { 200 } else { 500 },
        error_code: if known { 0 } else { NO_HANDLER },
        message: (!known).then_some("the client has no use for this request"),
        request_id: &request_id,
    };
    encode(kind, Headers::new(), client_ip, &answer).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload(kind: &str, json: &'static str) -> Payload {
        Payload { kind: kind.to_owned(), body: Bytes::from_static(json.as_bytes()) }
    }

    #[test]
    fn requests_of_the_server_are_read_and_answered() {
        let reset = |server| Push::Reset { server };
        let ack = |is_v3| Push::SetupAck { is_v3 };
        for (kind, json, expected, answered) in [
            (
                "SetupAckRequest",
                r#"{"abilityTable":{"fuzzyWatch":true,"lock":true}}"#,
                ack(true),
                None,
            ),
            (
                "SetupAckRequest",
                r#"{"abilityTable":{"supportPersistentInstanceByGrpc":true}}"#,
                ack(false),
                None,
            ),
            ("SetupAckRequest", r#"{"abilityTable":null}"#, ack(false), None),
            (
                "ClientDetectionRequest",
                r#"{"requestId":"1"}"#,
                Push::Detection,
                Some("ClientDetectionResponse"),
            ),
            (
                "ConnectResetRequest",
                r#"{"requestId":"1"}"#,
                reset(None),
                Some("ConnectResetResponse"),
            ),
            (
                "ConnectResetRequest",
                r#"{"requestId":"1","serverIp":"10.0.0.2","serverPort":"8848"}"#,
                reset(Some(("10.0.0.2".into(), 8848))),
                Some("ConnectResetResponse"),
            ),
            (
                "ConfigChangeNotifyRequest",
                r#"{"requestId":"1","dataId":"d","group":"g","tenant":""}"#,
                Push::ConfigChanged { data_id: "d".into(), group: "g".into() },
                Some("ConfigChangeNotifyResponse"),
            ),
            (
                "ClientConfigMetricRequest",
                r#"{"requestId":"1"}"#,
                Push::Unknown,
                Some("ErrorResponse"),
            ),
        ] {
            let payload = payload(kind, json);
            assert_eq!(Push::read(&payload).unwrap(), expected, "{kind}");
            let answer = answer(&payload, "").map(|bytes| Payload::decode(bytes).unwrap());
            assert_eq!(answer.as_ref().map(|answer| &*answer.kind), answered, "{kind}");
            if let Some(answer) = answer {
                let identity: Identity = answer.json().unwrap();
                assert_eq!(identity.request_id.as_deref(), Some("1"), "{kind}");
            }
        }
    }

    #[test]
    fn a_push_that_cannot_be_read_is_answered_all_the_same() {
        let bad =
            payload("NotifySubscriberRequest", r#"{"requestId":"7","serviceInfo":{"hosts":3}}"#);
        assert!(Push::read(&bad).is_err());
        let answer = Payload::decode(answer(&bad, "").unwrap()).unwrap();
        assert_eq!(answer.kind, "NotifySubscriberResponse");
        assert!(super::answer(&payload("NotifySubscriberRequest", "{"), "").is_none());
    }
}
