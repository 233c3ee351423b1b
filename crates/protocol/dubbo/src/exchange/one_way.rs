//! The time limit of one-way calls, for which nobody waits.

use std::time::{Duration, Instant};

use dubhe_core::Method;
use dubhe_core::endpoint::ServiceParams;
use dubhe_core::log::OncePerSecond;

/// The longest time that a one-way call of `method` may run: the `timeout` in the `params` of its
/// service, else `default`, of which zero means no limit.
pub(super) fn time_limit(
    params: &ServiceParams,
    method: &Method,
    default: Duration,
) -> Option<Duration> {
    let own = if params.is_empty() {
        None
    } else {
        let of_method = params.get(&format!("{}.timeout", method.name));
        of_method.or_else(|| params.get("timeout")).and_then(|text| text.trim().parse().ok())
    };
    let limit = own.map_or(default, Duration::from_millis);
    (!limit.is_zero()).then_some(limit)
}

/// Logs calls that took too long, once a second at most.
#[derive(Debug, Default)]
pub(super) struct OverdueLog(OncePerSecond);

impl OverdueLog {
    /// Counts `calls` that were cancelled, of which one is called `example`.
    pub(super) fn report(&self, calls: u64, example: &str, now: Instant) {
        let Some(calls) = self.0.count_all(calls, now) else { return };
        tracing::warn!(
            calls,
            "one-way calls did not end in time and were cancelled, such as {example}; raise its \
             timeout, or one_way_timeout of the server"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_timeout_counts_and_zero_is_no_limit() {
        const S: Duration = Duration::from_secs(1);
        let limit = |params: &[(&'static str, &'static str)], default| {
            let params = params.iter().map(|(k, v)| ((*k).into(), (*v).into())).collect();
            time_limit(&ServiceParams::new(&params), &Method::java("log", ""), default)
        };
        assert_eq!(limit(&[], 60 * S), Some(60 * S));
        assert_eq!(limit(&[], Duration::ZERO), None);
        assert_eq!(limit(&[("timeout", "2000")], 60 * S), Some(2 * S));
        let both = [("timeout", "2000"), ("log.timeout", "5000"), ("other.timeout", "1")];
        assert_eq!(limit(&both, Duration::ZERO), Some(5 * S));
        assert_eq!(limit(&[("timeout", "0")], 60 * S), None);
        assert_eq!(limit(&[("timeout", "soon")], 60 * S), Some(60 * S));
    }
}
