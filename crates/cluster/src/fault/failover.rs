//! The rules of failover.

use std::fmt::Write;

use dubhe_core::random::RandomSource;
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::{Deadline, Duration, Instant};
use dubhe_core::{Code, Provider, Status};

/// The bound of the first pause after a refusal; it doubles with each.
const PAUSE: Duration = Duration::from_millis(50);
/// The longest such pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// The text of the error of a call that is not sent again since the budget is spent.
pub(crate) const BUDGET_SPENT: &str = "the retry budget of the client is spent";
/// The attempts that an error tells of, and the bytes of each one's message.
const LISTED: usize = 8;
const LISTED_BYTES: usize = 256;

/// Returns `true` if the provider refused the call before it began it, as a rule since it has too much
/// to do.
pub(crate) fn is_refusal(failure: &Status) -> bool {
    failure.retry() == Retry::Unstarted
        && (failure.code() == Code::ResourceExhausted
            || failure.origin() == Origin::RemoteFramework)
}

/// Returns `true` if the call never reached a provider that would have begun it: the connection was
/// refused, or is drained. To send it elsewhere is no retry.
pub(crate) fn never_began(failure: &Status) -> bool {
    failure.retry() == Retry::Unstarted && !is_refusal(failure)
}

/// The failed attempts of one call.
#[derive(Default)]
pub(crate) struct FailedAttempts {
    /// The providers that were asked.
    tried: Vec<Provider>,
    /// The providers on which the call may have run.
    unknown: Vec<Provider>,
    /// The deadline that the call came with.
    pub(crate) deadline: Option<Deadline>,
    /// The deadline of the attempt that goes on elsewhere while nobody has begun it.
    pub(crate) attempt: Option<Deadline>,
    /// The retries so far.
    pub(crate) retries: u32,
    refusals: u32,
    /// The call was sent to an endpoint again although it is no retry.
    resent: bool,
    /// The line of each attempt in errors and the log.
    lines: Vec<String>,
    /// The time that the last attempt took.
    took: Duration,
}

impl FailedAttempts {
    /// Notes that an attempt on `provider` failed with `status` after `took`.
    pub(crate) fn note(&mut self, provider: Provider, status: &Status, took: Duration) {
        let message = status.message();
        let end = message.floor_char_boundary(LISTED_BYTES);
        let mut line = format!("on {provider} after {took:.1?}: {}: ", status.code());
        line.push_str(message.get(..end).unwrap_or_default());
        if end < message.len() {
            line.push('…');
        }
        self.lines.push(line);
        self.took = took;
        self.refusals += u32::from(is_refusal(status));
        if status.retry() == Retry::Unknown {
            self.unknown.push(provider.clone());
        }
        self.tried.push(provider);
    }

    /// The providers to pass over as long as there are others.
    pub(crate) fn tried(&self) -> &[Provider] {
        &self.tried
    }

    /// The providers that must not get the call again.
    pub(crate) fn unknown(&self) -> &[Provider] {
        &self.unknown
    }

    /// Returns `true` if a call that nobody began may go to `provider` and be no retry: to one that
    /// was not asked, and once to one that was.
    pub(crate) fn may_resend(&mut self, provider: &Provider) -> bool {
        !self.tried.contains(provider) || !std::mem::replace(&mut self.resent, true)
    }

    /// The pause before a retry, random so that refused callers do not all come back together.
    pub(crate) fn pause(&self, status: &Status, random: &dyn RandomSource) -> Option<Duration> {
        let doubled = 1_u32.checked_shl(self.refusals.saturating_sub(1)).unwrap_or(u32::MAX);
        let most = PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE);
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        is_refusal(status).then(|| Duration::from_nanos(random.below(nanos)))
    }

    /// The error of the call, of which `status` is the last attempt's and `end` says why there is
    /// no other. It tells of each attempt and its time.
    pub(crate) fn error(&self, status: Status, end: Option<&str>) -> Status {
        let mut text = String::new();
        if let [before @ .., _] = &*self.lines
            && let Some(last) = self.tried.last()
            && !before.is_empty()
        {
            let (count, took) = (self.lines.len(), self.took);
            let _ =
                write!(text, "attempt {count} of the call, on {last} after {took:.1?}; before it");
            for line in before.iter().take(LISTED) {
                let _ = write!(text, ", {line}");
            }
            if before.len() > LISTED {
                let _ = write!(text, ", and {} more", before.len() - LISTED);
            }
        }
        if let Some(end) = end {
            let gap = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{gap}{end}");
        }
        if text.is_empty() { status } else { status.context(text) }
    }

    /// Writes a line to the log for what follows the last attempt.
    pub(crate) fn log(&self, next: &Provider, retry: bool, now: Instant) {
        let left = self.deadline.map(|deadline| deadline.left(now));
        let failed = self.lines.last().map_or("", String::as_str);
        if retry {
            tracing::info!(failed, to = %next, retry = self.retries, ?left, "retries a call");
        } else {
            tracing::debug!(failed, to = %next, ?left, "sends a call elsewhere that nobody began");
        }
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::Endpoint;
    use dubhe_core::random::SplitMix;

    use super::*;

    fn overloaded() -> Status {
        Status::new(Code::ResourceExhausted, "full").with_retry(Retry::Unstarted)
    }

    #[test]
    fn pauses_grow_to_a_second_and_follow_overload_only() {
        let random = SplitMix::new(3);
        let mut failed = FailedAttempts::default();
        let down = Status::new(Code::Unavailable, "down").with_retry(Retry::Unstarted);
        assert_eq!(failed.pause(&down, &random), None);
        let mut longest = Duration::ZERO;
        for n in 0..40 {
            failed.note(
                Endpoint::of("dubbo", "h", 1).provider().clone(),
                &overloaded(),
                Duration::ZERO,
            );
            let pause = failed.pause(&overloaded(), &random).unwrap();
            assert!(pause <= LONGEST_PAUSE);
            assert!(n > 0 || pause <= PAUSE);
            longest = longest.max(pause);
        }
        assert!(longest > LONGEST_PAUSE / 2);
    }

    #[test]
    fn an_error_tells_of_few_attempts_and_little_of_each() {
        let mut failed = FailedAttempts::default();
        let status = Status::new(Code::Unavailable, "ä".repeat(1_000)).with_retry(Retry::Unknown);
        for port in 1..=30 {
            let took = Duration::from_millis(port.into());
            failed.note(Endpoint::of("dubbo", "h", port).provider().clone(), &status, took);
        }
        let last = Status::new(Code::Unavailable, "last");
        let text = failed.error(last, Some("the retry budget is spent")).message().to_owned();
        let begin = "attempt 30 of the call, on dubbo://h:30 after 30.0ms; before it, on dubbo://h:1 after 1.0ms: \
                     UNAVAILABLE: ä";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.ends_with("ä…, and 21 more; the retry budget is spent: last"), "{text}");
        assert!(text.len() < 4_000, "{}", text.len());
    }
}
