//! The time at which a service is registered.

use std::time::Duration;

use dubhe_core::endpoint::ServiceParams;
use dubhe_core::{Code, ServiceKey, Status};

/// The time at which a service is registered, from its parameters `register` and `delay`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnnouncePolicy {
    /// The service is not registered (`register=false`): it is for callers that know its address.
    Never,
    /// The service is registered once the server accepts connections; also by Dubbo's `delay=-1`.
    AtOnce,
    /// The service is registered this time after that, by `delay` in milliseconds.
    After(Duration),
}

impl AnnouncePolicy {
    pub(crate) fn of(key: &ServiceKey, params: &ServiceParams) -> Result<Self, Status> {
        Self::read(params.get("register"), params.get("delay"))
            .map_err(|what| Status::new(Code::InvalidArgument, format!("service {key}: {what}")))
    }

    fn read(register: Option<&str>, delay: Option<&str>) -> Result<Self, String> {
        match register {
            None | Some("true") => {}
            Some("false") => return Ok(Self::Never),
            Some(other) => return Err(format!("register={other:?} is neither true nor false")),
        }
        let millis = match delay {
            None => Ok(0),
            Some(text) => text
                .parse::<i64>()
                .ok()
                .filter(|millis| *millis >= -1)
                .ok_or_else(|| format!("delay={text:?} is neither milliseconds nor -1")),
        };
        Ok(match u64::try_from(millis?) {
            Ok(millis @ 1..) => Self::After(Duration::from_millis(millis)),
            _ => Self::AtOnce,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_choose_the_policy() {
        let after = |millis| AnnouncePolicy::After(Duration::from_millis(millis));
        for (register, delay, policy) in [
            (None, None, AnnouncePolicy::AtOnce),
            (Some("true"), Some("-1"), AnnouncePolicy::AtOnce),
            (None, Some("0"), AnnouncePolicy::AtOnce),
            (None, Some("5000"), after(5000)),
            (Some("false"), Some("5000"), AnnouncePolicy::Never),
        ] {
            assert_eq!(AnnouncePolicy::read(register, delay), Ok(policy), "{register:?} {delay:?}");
        }
        for (register, delay) in [(Some("no"), None), (None, Some("5s")), (None, Some("-2"))] {
            let error = AnnouncePolicy::read(register, delay).unwrap_err();
            assert!(error.contains(register.or(delay).unwrap()), "{error}");
        }
    }
}
