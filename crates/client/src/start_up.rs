//! Options of clients in the start-up configuration of the application.

use std::sync::Arc;

use dubhe_cluster::plan::ClientOptions;
use dubhe_config::ConfigSnapshot;
use dubhe_core::time::Duration;
use dubhe_core::{ServiceKey, Status};

use crate::environment::Environment;

/// Gives `options` what the start-up configuration of the application says: of the reference in place of
/// what is set, and of all consumers where nothing is (Dubbo Java `AbstractConfig.refresh` and
/// `ReferenceConfigBase`, which takes from its consumer what it lacks).
///
/// # Errors
/// When a value is no number.
pub(crate) fn configure(
    options: &mut ClientOptions,
    env: &Environment,
    service: &ServiceKey,
) -> Result<(), Status> {
    let Some(start_up) = env.start_up() else { return Ok(()) };
    let settings = Settings { start_up, application: env.application() };
    let reference = format!("dubbo.reference.{}", service.interface());
    let all = "dubbo.consumer";
    options.timeout = match settings.timeout(&reference)? {
        None => options.timeout.map_or_else(|| settings.timeout(all), |own| Ok(Some(own)))?,
        own => own,
    };
    options.retries = match settings.retries(&reference)? {
        None => options.retries.map_or_else(|| settings.retries(all), |own| Ok(Some(own)))?,
        own => own,
    };
    Ok(())
}

struct Settings<'a> {
    start_up: &'a Arc<ConfigSnapshot>,
    application: &'a str,
}

impl Settings<'_> {
    /// The timeout of a reference or of all consumers, in milliseconds; one that is not positive is none.
    fn timeout(&self, of: &str) -> Result<Option<Duration>, Status> {
        let millis = self.number(of, "timeout")?.and_then(|ms| u64::try_from(ms).ok());
        Ok(millis.filter(|ms| *ms > 0).map(Duration::from_millis))
    }

    /// The number of retries; fewer than 0 are 0.
    fn retries(&self, of: &str) -> Result<Option<u32>, Status> {
        let number = self.number(of, "retries")?;
        Ok(number.map(|number| u32::try_from(number.max(0)).unwrap_or(u32::MAX)))
    }

    fn number(&self, of: &str, name: &str) -> Result<Option<i64>, Status> {
        let Some(setting) = self.start_up.setting(self.application, &format!("{of}.{name}")) else {
            return Ok(None);
        };
        let wrong = |_| {
            let (key, value, line) = (&setting.key, &setting.value, setting.at.line);
            let text = format!(
                "the start-up configuration has {key}={value:?} in line {line}, which is no number"
            );
            Status::invalid_argument(text)
        };
        setting.value.trim().parse().map(Some).map_err(wrong)
    }
}
