//! The calls that wait for their replies.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use bytes::Bytes;
use dubhe_core::{Method, ServiceKey, Status};

use crate::serialization::SerializationId;

/// The number of calls that can wait for replies on one connection.
pub const MAX_CALLS: usize = (1 << SLOT_BITS) - 1;

/// A request id is a number that counts up, and in these low bits the slot of the call: a reply
/// finds its call without a search, and a late one finds that the number is another.
const SLOT_BITS: u32 = 16;
const SLOT_MASK: u64 = (1 << SLOT_BITS) - 1;

/// A call that has been queued.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) service: Arc<ServiceKey>,
    pub(super) method: Arc<Method>,
    pub(super) began: Instant,
    pub(super) deadline: Option<Instant>,
    /// The number of bytes that had been queued on the connection before this call.
    pub(super) position: u64,
}

/// The frame that answers a call.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: u8,
    pub(super) serialization: SerializationId,
    pub(super) body: Bytes,
}

/// The end of a call.
#[derive(Debug)]
pub(super) enum Done {
    Answered(Answered, Waiting),
    Failed(Status),
}

#[derive(Debug)]
enum State {
    Free,
    Waiting(Waiting, Option<Waker>),
    Done(Done),
}

#[derive(Debug)]
struct Slot {
    id: u64,
    state: State,
}

/// The reason why no call can be added.
pub(super) enum NoRoom {
    /// The limit of calls that wait.
    Full,
    /// The connection has ended.
    Closed,
}

/// The table of calls.
#[derive(Debug)]
pub(super) struct Calls {
    slots: Vec<Slot>,
    free: Vec<usize>,
    next: u64,
    waiting: usize,
    most: usize,
    closed: bool,
}

impl Calls {
    /// No calls yet, of which at most `most` may wait, and never more than [`MAX_CALLS`]; ids count up
    /// from somewhere that `seed` decides.
    pub(super) fn new(seed: u64, most: usize) -> Self {
        let (slots, free) = (Vec::new(), Vec::new());
        Self { slots, free, next: seed, waiting: 0, most: most.min(MAX_CALLS), closed: false }
    }

    /// The number of calls that wait.
    pub(super) fn waiting(&self) -> usize {
        self.waiting
    }

    /// An id that no call waits under, for what gets no reply.
    pub(super) fn spare_id(&mut self) -> u64 {
        self.id(SLOT_MASK)
    }

    fn id(&mut self, slot: u64) -> u64 {
        self.next = self.next.wrapping_add(1);
        (self.next << SLOT_BITS) | slot
    }

    /// Adds a call and gives it an id.
    #[inline]
    pub(super) fn begin(&mut self, waiting: Waiting) -> Result<u64, NoRoom> {
        if self.closed {
            return Err(NoRoom::Closed);
        }
        let index = match self.free.pop() {
            Some(index) => index,
            None if self.slots.len() < self.most => {
                self.slots.push(Slot { id: 0, state: State::Free });
                self.slots.len() - 1
            }
            None => return Err(NoRoom::Full),
        };
        // A slot is below 2^16, so the cast to u64 cannot fail.
        let id = self.id(u64::try_from(index).unwrap_or(SLOT_MASK));
        if let Some(slot) = self.slots.get_mut(index) {
            *slot = Slot { id, state: State::Waiting(waiting, None) };
        }
        self.waiting += 1;
        Ok(id)
    }

    fn index(id: u64) -> usize {
        usize::try_from(id & SLOT_MASK).unwrap_or(usize::MAX)
    }

    /// Ends the call that waits under `id` with a reply; gives back whom to wake. `None` also when
    /// there is no such call: its caller has given up, or the peer made the id up.
    #[inline]
    pub(super) fn answer(&mut self, id: u64, answered: Answered) -> Option<Waker> {
        self.end(id, |waiting| Done::Answered(answered, waiting))
    }

    /// Ends the call that waits under `id` without one.
    pub(super) fn fail(&mut self, id: u64, why: impl FnOnce(&Waiting) -> Status) -> Option<Waker> {
        self.end(id, |waiting| Done::Failed(why(&waiting)))
    }

    #[inline]
    fn end(&mut self, id: u64, done: impl FnOnce(Waiting) -> Done) -> Option<Waker> {
        let slot = self.slots.get_mut(Self::index(id)).filter(|slot| slot.id == id)?;
        match std::mem::replace(&mut slot.state, State::Free) {
            State::Waiting(waiting, waker) => {
                slot.state = State::Done(done(waiting));
                self.waiting -= 1;
                waker
            }
            other => {
                slot.state = other;
                None
            }
        }
    }

    /// Ends each waiting call for which `why` has a status.
    fn fail_where(&mut self, mut why: impl FnMut(&Waiting) -> Option<Status>) -> Vec<Waker> {
        let mut wakers = Vec::new();
        for slot in &mut self.slots {
            let State::Waiting(waiting, waker) = &mut slot.state else { continue };
            if let Some(status) = why(waiting) {
                wakers.extend(waker.take());
                slot.state = State::Done(Done::Failed(status));
                self.waiting -= 1;
            }
        }
        wakers
    }

    /// Ends all calls, those to come included.
    pub(super) fn close(&mut self, mut why: impl FnMut(&Waiting) -> Status) -> Vec<Waker> {
        self.closed = true;
        self.fail_where(|waiting| Some(why(waiting)))
    }

    /// Ends the calls whose deadline has passed; also gives the earliest deadline that has not.
    pub(super) fn expire(
        &mut self,
        now: Instant,
        why: impl Fn(&Waiting) -> Status,
    ) -> (Option<Instant>, Vec<Waker>) {
        let mut next: Option<Instant> = None;
        let wakers = self.fail_where(|waiting| {
            let deadline = waiting.deadline?;
            if deadline <= now {
                return Some(why(waiting));
            }
            next = Some(next.map_or(deadline, |next| next.min(deadline)));
            None
        });
        (next, wakers)
    }

    /// Polls the call under `id`; once it is ready, the id is free. `None` says that no such call
    /// exists.
    #[inline]
    pub(super) fn poll(&mut self, id: u64, cx: &mut Context<'_>) -> Poll<Option<Done>> {
        let index = Self::index(id);
        let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.id == id) else {
            return Poll::Ready(None);
        };
        if let State::Waiting(_, waker) = &mut slot.state {
            remember(waker, cx);
            return Poll::Pending;
        }
        Poll::Ready(match self.release(id) {
            State::Done(done) => Some(done),
            State::Free | State::Waiting(..) => None,
        })
    }

    /// Gives up the call under `id`.
    pub(super) fn cancel(&mut self, id: u64) {
        if let State::Waiting(..) = self.release(id) {
            self.waiting -= 1;
        }
    }

    /// Frees the slot of `id` and gives back what was in it.
    #[inline]
    fn release(&mut self, id: u64) -> State {
        let index = Self::index(id);
        let Some(slot) = self.slots.get_mut(index).filter(|slot| slot.id == id) else {
            return State::Free;
        };
        let state = std::mem::replace(&mut slot.state, State::Free);
        if !matches!(state, State::Free) {
            self.free.push(index);
        }
        state
    }
}

/// Keeps the waker of the task that polls now.
pub(super) fn remember(waker: &mut Option<Waker>, cx: &Context<'_>) {
    match waker {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *waker = Some(cx.waker().clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use dubhe_core::Code;

    use super::*;

    fn waiting(deadline: Option<Instant>) -> Waiting {
        Waiting {
            service: Arc::new(ServiceKey::interface_only("a.B")),
            method: Arc::new(Method::java("m", "")),
            began: Instant::now(),
            deadline,
            position: 0,
        }
    }

    fn answered() -> Answered {
        Answered { status: 20, serialization: SerializationId::HESSIAN2, body: Bytes::new() }
    }

    fn begin(calls: &mut Calls, deadline: Option<Instant>) -> u64 {
        calls.begin(waiting(deadline)).ok().unwrap()
    }

    fn poll(calls: &mut Calls, id: u64) -> Poll<Option<Done>> {
        calls.poll(id, &mut Context::from_waker(Waker::noop()))
    }

    #[test]
    fn an_answer_ends_its_call_once_and_the_slot_is_used_again_under_another_id() {
        let mut calls = Calls::new(7, MAX_CALLS);
        let first = begin(&mut calls, None);
        assert!(poll(&mut calls, first).is_pending());
        assert!(calls.answer(first, answered()).is_some());
        assert!(calls.answer(first, answered()).is_none());
        assert!(matches!(poll(&mut calls, first), Poll::Ready(Some(Done::Answered(..)))));
        assert!(matches!(poll(&mut calls, first), Poll::Ready(None)));

        let second = begin(&mut calls, None);
        assert_ne!(first, second);
        assert_eq!((first ^ second) & SLOT_MASK, 0);
        assert!(calls.answer(first, answered()).is_none(), "late");
        assert_eq!(calls.waiting(), 1);
    }

    #[test]
    fn a_cancelled_call_leaves_nothing() {
        let mut calls = Calls::new(u64::MAX, MAX_CALLS);
        let id = begin(&mut calls, None);
        calls.cancel(id);
        calls.cancel(id);
        assert_eq!((calls.waiting(), calls.free.len(), calls.slots.len()), (0, 1, 1));
        assert!(calls.answer(id, answered()).is_none());
    }

    #[test]
    fn deadlines_end_only_their_own_calls() {
        let mut calls = Calls::new(0, MAX_CALLS);
        let now = Instant::now();
        let later = now + Duration::from_secs(1);
        let (soon, late, never) =
            (begin(&mut calls, Some(now)), begin(&mut calls, Some(later)), begin(&mut calls, None));
        let (next, _) = calls.expire(now, |_| Status::new(Code::DeadlineExceeded, "late"));
        assert_eq!(next, Some(later));
        assert!(matches!(poll(&mut calls, soon), Poll::Ready(Some(Done::Failed(_)))));
        assert!(poll(&mut calls, late).is_pending());
        assert!(poll(&mut calls, never).is_pending());
    }

    #[test]
    fn the_table_is_bounded_and_closes() {
        for (option, most) in [(MAX_CALLS, MAX_CALLS), (usize::MAX, MAX_CALLS), (3, 3)] {
            let mut calls = Calls::new(0, option);
            (0..most).for_each(|_| assert!(calls.begin(waiting(None)).is_ok()));
            assert!(matches!(calls.begin(waiting(None)), Err(NoRoom::Full)));
        }
        let mut calls = Calls::new(0, 1);
        assert!(calls.begin(waiting(None)).is_ok());
        calls.close(|_| Status::new(Code::Unavailable, "gone"));
        assert_eq!(calls.waiting(), 0);
        assert!(matches!(calls.begin(waiting(None)), Err(NoRoom::Closed)));
    }
}
