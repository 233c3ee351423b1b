//! Cooperation of a connection with the calls on it, and of these with one another.

use std::future::poll_fn;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use dubhe_net::time;

/// The time for which messages that are ready are taken before those before them leave.
const TURN: Duration = Duration::from_millis(1);

/// The turn of a stream, which begins when it has waited. A stream that is always ready must give way:
/// the connection, which waits behind it, has other calls, and what the stream has sent, to look after.
#[derive(Debug, Default)]
pub(crate) struct Turn(Option<Instant>);

impl Turn {
    /// Polls the stream by `poll`, once others have run if its turn is over.
    pub(crate) async fn poll<T>(
        &mut self,
        mut poll: impl FnMut(&Self, &mut Context<'_>) -> Poll<T>,
    ) -> T {
        if self.is_over() {
            tokio::task::yield_now().await;
            self.0 = None;
        }
        poll_fn(|cx| {
            self.0.get_or_insert_with(time::now);
            let polled = poll(self, cx);
            if polled.is_pending() {
                self.0 = None;
            }
            polled
        })
        .await
    }

    /// Returns `true` once the stream has had its time.
    pub(crate) fn is_over(&self) -> bool {
        self.0.is_some_and(|began| time::now().saturating_duration_since(began) >= TURN)
    }
}

/// Makes a connection yield once after it was woken, before it reads and writes: calls that are
/// made or answered meanwhile leave in the same write (see the decision on batches).
#[derive(Debug, Default)]
pub(super) struct YieldOnWake {
    /// The connection has been polled to its end; whoever wakes it next may not be the last.
    idle: bool,
}

impl YieldOnWake {
    /// Polls `connection`, or yields.
    pub(super) fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        connection: impl FnOnce(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        if std::mem::take(&mut self.idle) {
            // Woken from its own poll, a task is queued behind those that are ready.
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let polled = connection(cx);
        self.idle = polled.is_pending();
        polled
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Waker, ready};

    use super::*;

    #[test]
    fn yields_once_between_two_polls() {
        let (mut coop, mut polls) = (YieldOnWake::default(), 0);
        let cx = &mut Context::from_waker(Waker::noop());
        let mut poll = |answer: Poll<()>| {
            let polled = coop.poll(cx, |_| {
                polls += 1;
                answer
            });
            (polled, polls)
        };
        assert_eq!(poll(Poll::Pending), (Poll::Pending, 1));
        assert_eq!(poll(Poll::Ready(())), (Poll::Pending, 1));
        assert_eq!(poll(Poll::Ready(())), (Poll::Ready(()), 2));
        // There may be more where that came from.
        assert_eq!(poll(Poll::Ready(())), (Poll::Ready(()), 3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_begins_when_the_stream_has_waited() {
        let mut turn = Turn::default();
        let mut wait = pin!(tokio::time::sleep(TURN * 5));
        // What is ready together after a wait leaves together.
        let over = turn.poll(|turn, cx| {
            ready!(wait.as_mut().poll(cx));
            Poll::Ready(turn.is_over())
        });
        assert!(!over.await);
        tokio::time::advance(TURN).await;
        assert!(turn.is_over());
        assert!(!turn.poll(|turn, _| Poll::Ready(turn.is_over())).await);
    }
}
