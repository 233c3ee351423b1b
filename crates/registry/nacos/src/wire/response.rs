//! The responses of the server.

use serde::Deserialize;

use super::host::JsonService;
use super::{Malformed, Payload, ServiceInfo};

/// The codes of errors (Nacos `NacosException`, `ConfigQueryResponse`).
pub(crate) mod code {
    /// Success, as a result.
    pub(crate) const SUCCESS: i32 = 200;
    /// The start of the server, which is not over.
    pub(crate) const STARTING: i32 = 300;
    /// The lack of a document.
    pub(crate) const NOT_FOUND: i32 = 300;
    /// A connection that the server does not know (any more).
    pub(crate) const UNREGISTERED: i32 = 301;
    /// The lack of a right, or the end of a token.
    pub(crate) const FORBIDDEN: i32 = 403;
}

/// The fields that all responses have.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome {
    pub(crate) result_code: Option<i32>,
    pub(crate) error_code: Option<i32>,
    pub(crate) message: Option<String>,
}

impl Outcome {
    /// The error, as its code and text.
    pub(crate) fn error(self) -> Option<(i32, String)> {
        let result = self.result_code.unwrap_or(code::SUCCESS);
        if result == code::SUCCESS {
            return None;
        }
        let code = self.error_code.filter(|code| *code != 0).unwrap_or(result);
        Some((code, self.message.unwrap_or_default()))
    }
}

/// A response.
pub(crate) trait Response: Sized {
    /// Reads one that reports success.
    fn read(payload: &Payload) -> Result<Self, Malformed>;
}

/// Success, and nothing else.
pub(crate) struct Done;

impl Response for Done {
    fn read(_: &Payload) -> Result<Self, Malformed> {
        Ok(Self)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServerChecked {
    #[serde(default)]
    pub(crate) support_ability_negotiation: bool,
}

impl Response for ServerChecked {
    fn read(payload: &Payload) -> Result<Self, Malformed> {
        payload.json()
    }
}

pub(crate) struct Subscribed(pub(crate) ServiceInfo);

impl Response for Subscribed {
    fn read(payload: &Payload) -> Result<Self, Malformed> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Json<'a> {
            #[serde(borrow)]
            service_info: Option<JsonService<'a>>,
        }
        let json: Json<'_> = payload.json()?;
        Ok(Self(json.service_info.map(JsonService::read).transpose()?.unwrap_or_default()))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ServiceNames {
    #[serde(default)]
    pub(crate) count: u32,
    pub(crate) service_names: Option<Vec<String>>,
}

impl Response for ServiceNames {
    fn read(payload: &Payload) -> Result<Self, Malformed> {
        payload.json()
    }
}

#[derive(Deserialize)]
pub(crate) struct Config {
    pub(crate) content: Option<String>,
    pub(crate) md5: Option<String>,
}

impl Response for Config {
    fn read(payload: &Payload) -> Result<Self, Malformed> {
        payload.json()
    }
}

/// The documents that are not as the client knows them.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChangedConfigs {
    changed_configs: Option<Vec<serde::de::IgnoredAny>>,
}

impl ChangedConfigs {
    /// Returns `true` if there is one.
    pub(crate) fn any(&self) -> bool {
        self.changed_configs.as_ref().is_some_and(|changed| !changed.is_empty())
    }
}

impl Response for ChangedConfigs {
    fn read(payload: &Payload) -> Result<Self, Malformed> {
        payload.json()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn payload(json: &'static str) -> Payload {
        Payload { kind: "R".to_owned(), body: Bytes::from_static(json.as_bytes()) }
    }

    #[test]
    fn success_and_errors_are_told_apart() {
        let error = |json| payload(json).json::<Outcome>().unwrap().error();
        assert_eq!(error(r#"{"resultCode":200,"errorCode":0,"message":null}"#), None);
        let refused = r#"{"resultCode":500,"errorCode":403,"message":"no right"}"#;
        assert_eq!(error(refused), Some((403, "no right".into())));
        assert_eq!(error(r#"{"resultCode":301}"#), Some((301, String::new())));
    }

    #[test]
    fn fields_may_be_null() {
        let names = ServiceNames::read(&payload(r#"{"count":0,"serviceNames":null}"#)).unwrap();
        assert!(names.service_names.is_none());
        assert!(!ChangedConfigs::read(&payload(r#"{"changedConfigs":[]}"#)).unwrap().any());
        assert!(
            ChangedConfigs::read(&payload(r#"{"changedConfigs":[{"dataId":"d"}]}"#)).unwrap().any()
        );
        assert_eq!(Subscribed::read(&payload("{}")).unwrap().0, ServiceInfo::default());
    }
}
