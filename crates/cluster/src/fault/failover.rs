//! The rules of failover.

use std::fmt::{self, Write as _};

use dubhe_core::connect::ChannelState;
use dubhe_core::log::OncePerSecond;
use dubhe_core::printable::Printable;
use dubhe_core::random::RandomSource;
use dubhe_core::status::{Origin, Retry};
use dubhe_core::time::{Deadline, Duration, Instant};
use dubhe_core::{Call, Code, Endpoint, Provider, Status};
use tracing::field::{DebugValue, debug};

use super::budget::RetryBudget;
use crate::listed::{LISTED, cut};

/// The text of the error of a call that is not sent again since the budget is spent.
pub(crate) const BUDGET_SPENT: &str = "the retry budget of the client is spent";

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
    /// The times that the call was sent on although it is no retry.
    resends: u32,
    /// The call was sent on to an endpoint that had been asked.
    resent: bool,
    /// The sendings of the call, which are more than attempts where nobody began one.
    sent: Vec<Sending>,
}

/// A sending of a call that failed, as errors and the log tell of it.
struct Sending {
    provider: Provider,
    took: Duration,
    /// The code and the message, cut.
    failure: String,
    /// `true` if nobody began the call: the next sending is part of the same attempt.
    never_began: bool,
}

impl Sending {
    fn new(provider: Provider, status: &Status, took: Duration) -> Self {
        let failure = format!("{}: {}", status.code(), cut(status.message()));
        Self { provider, took, failure, never_began: never_began(status) }
    }

    /// `on PROVIDER after TIME`.
    fn place(&self) -> impl fmt::Display {
        fmt::from_fn(|f| write!(f, "on {} after {:.1?}", self.provider, self.took))
    }
}

impl FailedAttempts {
    /// Notes that an attempt on `provider` failed with `status` after `took`.
    pub(crate) fn note(&mut self, provider: Provider, status: &Status, took: Duration) {
        self.sent.push(Sending::new(provider.clone(), status, took));
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
    /// was not asked, and once to one that was; as often in all as `budget` says.
    pub(crate) fn may_resend(&mut self, provider: &Provider, budget: &RetryBudget) -> bool {
        if self.resends >= budget.resends
            || self.tried.contains(provider) && std::mem::replace(&mut self.resent, true)
        {
            return false;
        }
        self.resends += 1;
        true
    }

    /// Returns `true` if `endpoint` was asked and takes calls, so that it was it that refused this one.
    pub(crate) fn is_refused_by(&self, endpoint: &Endpoint) -> bool {
        let channel = endpoint.state().channel();
        self.tried.contains(endpoint.provider())
            && channel.is_some_and(|channel| channel.state() == ChannelState::Ready)
    }

    /// The pause after a refusal, random so that refused callers do not all come back together.
    pub(crate) fn pause(&self, budget: &RetryBudget, random: &dyn RandomSource) -> Duration {
        let doubled = 1_u32.checked_shl(self.refusals.saturating_sub(1)).unwrap_or(u32::MAX);
        let most = budget.first_pause.saturating_mul(doubled).min(budget.longest_pause);
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(random.below(nanos))
    }

    /// The error of the call, of which `status` is the last sending's and `end` says why there is
    /// no other. It tells of each sending and its time.
    pub(crate) fn error(&self, status: Status, end: Option<&str>) -> Status {
        let mut text = String::new();
        if let [before @ .., last] = &*self.sent
            && let Some(previous) = before.last()
        {
            if self.retries > 0 {
                let _ = write!(text, "attempt {} of the call, ", self.retries + 1);
            }
            let _ = write!(text, "{}", last.place());
            if previous.never_began {
                text.push_str(", sent again since nobody had begun it");
            }
            text.push_str("; before it");
            let mut listed = before.iter().take(LISTED).peekable();
            while let Some(sent) = listed.next() {
                let _ = write!(text, ", {}", sent.place());
                // Of those in a row with one failure the last has it.
                if listed.peek().is_some_and(|next| next.failure == sent.failure) {
                    continue;
                }
                // The error ends with that of the last one.
                let same = sent.failure == last.failure;
                let failure = if same { "the same" } else { &sent.failure };
                let _ = write!(text, ": {failure}");
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

    /// Writes a line to the log for a retry on `next`: at INFO the first of a second of this client,
    /// with the number of those since the line before, and the others at DEBUG.
    #[cold]
    pub(crate) fn log_retry(
        &self,
        call: &Call,
        next: &Provider,
        now: Instant,
        log: &OncePerSecond,
    ) {
        let (service, method) = (&call.head.service, Printable(&call.head.method.name));
        let (failed, retry, left) = (self.last_failure(), self.retries, self.time_left(now));
        match log.count(now) {
            Some(retries) => tracing::info!(
                %service, %method, %failed, to = %next, retry, left, retries, "a call is tried again"
            ),
            None => tracing::debug!(
                %service, %method, %failed, to = %next, retry, left, "a call is tried again"
            ),
        }
    }

    /// Writes a line to the log for a call that goes on to `next`, since nobody began it.
    #[cold]
    pub(crate) fn log_resend(&self, call: &Call, next: &Provider, now: Instant) {
        let (service, method) = (&call.head.service, Printable(&call.head.method.name));
        let (failed, left) = (self.last_failure(), self.time_left(now));
        tracing::debug!(
            %service, %method, %failed, to = %next, left, "sends a call elsewhere that nobody began"
        );
    }

    fn last_failure(&self) -> impl fmt::Display {
        let last = self.sent.last();
        fmt::from_fn(move |f| match last {
            Some(sent) => write!(f, "{}: {}", sent.place(), sent.failure),
            None => Ok(()),
        })
    }

    /// The time that the call has left; no field at all for one without deadline.
    fn time_left(&self, now: Instant) -> Option<DebugValue<Duration>> {
        self.deadline.map(|deadline| debug(deadline.left(now)))
    }
}

#[cfg(test)]
mod tests {
    use dubhe_core::random::SplitMix;

    use super::*;

    fn overloaded() -> Status {
        Status::new(Code::ResourceExhausted, "full").with_retry(Retry::Unstarted)
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let random = SplitMix::new(3);
        let budget =
            RetryBudget::default().pauses(Duration::from_millis(20), Duration::from_millis(300));
        let mut failed = FailedAttempts::default();
        let mut longest = Duration::ZERO;
        for n in 0..40 {
            failed.note(
                Endpoint::of("dubbo", "h", 1).provider().clone(),
                &overloaded(),
                Duration::ZERO,
            );
            let pause = failed.pause(&budget, &random);
            assert!(pause <= Duration::from_millis(300));
            assert!(n > 0 || pause <= Duration::from_millis(20));
            longest = longest.max(pause);
        }
        assert!(longest > Duration::from_millis(150));
    }

    #[test]
    fn a_call_that_nobody_began_goes_on_to_others_a_bounded_number_of_times() {
        for (budget, most) in [(RetryBudget::default(), 16), (RetryBudget::default().resends(3), 3)]
        {
            let mut failed = FailedAttempts::default();
            let mut may =
                |port| failed.may_resend(Endpoint::of("dubbo", "h", port).provider(), &budget);
            assert_eq!((1..100).filter(|port| may(*port)).count(), most);
        }
    }

    #[test]
    fn an_error_tells_of_few_attempts_and_little_of_each() {
        let mut failed = FailedAttempts::default();
        let long = |n: u16| Status::unavailable(format!("{}{}", n % 7, "ä".repeat(1_000)));
        let last = Status::new(Code::Unavailable, "last");
        for port in 1..=30 {
            let took = Duration::from_millis(port.into());
            let status = if port < 30 { long(port) } else { last.clone() };
            failed.note(Endpoint::of("dubbo", "h", port).provider().clone(), &status, took);
        }
        failed.retries = 29;
        let text = failed.error(last, Some("the retry budget is spent")).message().to_owned();
        let begin = "attempt 30 of the call, on dubbo://h:30 after 30.0ms; before it, on dubbo://h:1 after 1.0ms: \
                     UNAVAILABLE: 1ä";
        assert!(text.starts_with(begin), "{text}");
        assert!(text.ends_with("ä…, and 21 more; the retry budget is spent: last"), "{text}");
        assert!(text.len() < 4_000, "{}", text.len());
    }
    #[test]
    fn a_call_that_nobody_began_is_no_second_attempt_and_one_text_is_there_once() {
        let mut failed = FailedAttempts::default();
        let down = || Status::unavailable("refused").with_retry(Retry::Unstarted);
        let provider = || Endpoint::of("tri", "h", 1).provider().clone();
        failed.note(provider(), &down(), Duration::from_micros(300));
        assert_eq!(failed.error(down(), None).message(), "refused");
        failed.note(provider(), &down(), Duration::from_millis(606));
        let text = "on tri://h:1 after 606.0ms, sent again since nobody had begun it; \
                    before it, on tri://h:1 after 300.0µs: the same: refused";
        assert_eq!(failed.error(down(), None).message(), text);

        // A retry after that is the second attempt.
        failed.retries = 1;
        let full = Status::unavailable("lost").with_retry(Retry::Unknown);
        failed.note(
            Endpoint::of("tri", "h", 2).provider().clone(),
            &full,
            Duration::from_millis(1),
        );
        let text = failed.error(full, None).message().to_owned();
        let whole = "attempt 2 of the call, on tri://h:2 after 1.0ms, sent again since nobody had \
                     begun it; before it, on tri://h:1 after 300.0µs, on tri://h:1 after 606.0ms: \
                     UNAVAILABLE: refused: lost";
        assert_eq!(text, whole);
    }
}
