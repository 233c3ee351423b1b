//! Following all objects of a kind: a list, and a watch from where it ended.
//!
//! What Kubernetes asks of clients (API concepts, "Efficient detection of changes"): lists come in
//! pages; a watch begins at the version of the list and is resumed at the last version it told of,
//! which bookmarks carry too; when that version is gone (410), the list begins anew.

use std::fmt::Write as _;
use std::marker::PhantomData;
use std::sync::Arc;

use dubhe_core::Status;
use dubhe_core::backoff::FullJitter;
use dubhe_core::printable::Printable;
use dubhe_core::random::RandomSource;
use dubhe_core::time::{Duration, after};
use http_body_util::BodyExt as _;
use serde_json::Value;

use crate::api::{Api, Ask, Failure, PROBE_PERIOD};
use crate::events::{Event, Named, Read, text};
use crate::lines::{Lines, MAX_LINE};
use crate::objects::Object;

/// The objects of a page of a list.
const PAGE: usize = 500;
/// The time after which the server ends a watch, in seconds, and up to as much again: many that began
/// together do not end together.
const WATCH_SECONDS: u64 = 240;
/// The silence after which a watch is given up as dead. Servers send a bookmark each minute (measured with 1.37:
/// 59.7 s to 61.0 s apart, in a namespace where nothing happens), and one within 2 min after their own start.
const SILENCE: Duration = Duration::from_secs(75);
/// The watches in a row that break without one new event, or are refused for what may be their version, before
/// the list begins anew.
const MAX_BROKEN: u32 = 3;

/// A receiver of the objects of a kind.
pub(crate) trait Sink<O>: Send + 'static {
    /// The whole list.
    fn replace(&mut self, all: Vec<(String, Read<O>)>);

    /// An object that is new or has changed.
    fn apply(&mut self, name: String, object: Read<O>);

    /// An object is gone.
    fn remove(&mut self, name: &str);

    /// The server answers: what was told is current.
    fn current(&mut self);

    /// The server cannot be reached or refuses: what was told is as it was.
    fn failed(&mut self, status: Status);
}

/// Follows all objects of a kind in a namespace.
pub(crate) struct Follow<O, S> {
    pub(crate) api: Api,
    /// The part that all queries have, such as `labelSelector=…`, encoded; may be empty.
    pub(crate) selector: String,
    pub(crate) backoff: FullJitter,
    pub(crate) random: Arc<dyn RandomSource>,
    pub(crate) sink: S,
    pub(crate) kind: PhantomData<fn() -> O>,
}

/// The end of a watch.
enum End {
    /// The server ended it, or it was silent for too long.
    Over,
    /// The version that it began at is gone.
    Gone,
    /// The connection broke, or what came cannot be read.
    Broken(Status),
}

impl<O: Object, S: Sink<O>> Follow<O, S> {
    /// Follows until it is dropped.
    pub(crate) async fn run(mut self) {
        let mut version: Option<String> = None;
        // Of these in a row: failures, for the pause; watches that broke and brought nothing, for the
        // list; and histories that were gone, of which the first is no failure.
        let (mut failures, mut broken, mut gone) = (0, 0, 0);
        loop {
            let from = version.take();
            let failed = match &from {
                None => match self.list().await {
                    Ok(at) => {
                        if failures > 0 {
                            tracing::info!(kind = Self::kind(), "followed again");
                        }
                        if gone <= 1 && broken == 0 {
                            failures = 0;
                        }
                        broken = 0;
                        version = Some(at);
                        None
                    }
                    Err(failure) => Some(failure.status),
                },
                Some(from) => {
                    let mut at = from.clone();
                    let end = self.watch(&mut at).await;
                    let progressed = at != *from;
                    if progressed {
                        (failures, broken, gone) = (0, 0, 0);
                    }
                    match end {
                        Ok(End::Over) => {
                            version = Some(at);
                            (failures, broken, gone) = (0, 0, 0);
                            if !progressed {
                                // One that ends at once must not be asked for at once again.
                                self.pause(1).await;
                            }
                            None
                        }
                        Ok(End::Gone) => self.gone(&mut gone),
                        Ok(End::Broken(status)) => {
                            broken += 1;
                            version = (broken < MAX_BROKEN).then_some(at);
                            tracing::warn!(kind = Self::kind(), %status, "a watch broke");
                            (!progressed).then_some(status)
                        }
                        Err(failure) if failure.is_gone() => self.gone(&mut gone),
                        Err(failure) => {
                            broken += u32::from(failure.may_be_of_version());
                            version = (broken < MAX_BROKEN).then_some(at);
                            Some(failure.status)
                        }
                    }
                }
            };
            if let Some(status) = failed {
                failures += 1;
                if failures == 1 {
                    tracing::warn!(kind = Self::kind(), %status, "cannot follow; trying goes on");
                }
                self.sink.failed(status);
                self.pause(failures).await;
            }
        }
    }

    fn kind() -> &'static str {
        O::LIST.resource().plural()
    }

    /// The failure when the history is gone again, after a new list.
    fn gone(&self, times: &mut u32) -> Option<Status> {
        *times = times.saturating_add(1);
        tracing::debug!(kind = Self::kind(), times, "the history is gone; listing anew");
        let again = "the history is gone again after a new list";
        (*times > 1).then(|| self.api.failed(O::WATCH, Some(410), again).status)
    }

    async fn pause(&self, failures: u32) {
        let pause = self.backoff.pause(failures, &*self.random);
        self.api.clock.sleep_until(after(self.api.clock.now(), pause)).await;
    }

    /// Lists all objects, in pages, and returns the version of the list.
    async fn list(&mut self) -> Result<String, Failure> {
        let (all, version) = match self.pages(PAGE).await {
            // A page is gone when those before took too long: then all come at once.
            Err(failure) if failure.is_gone() => self.pages(0).await?,
            pages => pages?,
        };
        self.sink.replace(all);
        self.sink.current();
        Ok(version)
    }

    async fn pages(&self, limit: usize) -> Result<(Vec<(String, Read<O>)>, String), Failure> {
        let (mut all, mut next) = (Vec::new(), String::new());
        loop {
            let mut query = self.selector.clone();
            for (name, value) in [("limit", limit.to_string()), ("continue", encode(&next))] {
                if !value.is_empty() && value != "0" {
                    push_query(&mut query, name, &value);
                }
            }
            let ask = Ask::of(O::LIST).query(&query).metadata_only(O::METADATA_ONLY);
            let mut page = self.api.call(ask).await?;
            let Some(Value::Array(items)) = page.get_mut("items").map(Value::take) else {
                // Go writes no items as null.
                if page.get("metadata").is_none() {
                    let why = "the answer is no list; is this the API server of Kubernetes?";
                    return Err(self.api.failed(O::LIST, None, why));
                }
                return Ok((all, text(&page, "resourceVersion")));
            };
            let read = items.into_iter().filter_map(Named::read);
            all.extend(read.map(|Named { name, object, .. }| (name, object)));
            next = text(&page, "continue");
            if next.is_empty() {
                return Ok((all, text(&page, "resourceVersion")));
            }
        }
    }

    /// Watches from `version`, which follows what it tells.
    async fn watch(&mut self, version: &mut String) -> Result<End, Failure> {
        let mut query = self.selector.clone();
        let seconds = WATCH_SECONDS + self.random.below(WATCH_SECONDS);
        for (name, value) in [
            ("watch", "true"),
            ("allowWatchBookmarks", "true"),
            ("resourceVersion", &encode(version)),
            ("timeoutSeconds", &seconds.to_string()),
        ] {
            push_query(&mut query, name, value);
        }
        let ask = Ask::of(O::WATCH).query(&query).metadata_only(O::METADATA_ONLY);
        let mut body = self.api.open(ask).await?;
        self.sink.current();
        let broken = |api: &Api, why: &dyn std::fmt::Display| {
            Ok(End::Broken(api.failed(O::WATCH, None, why).status))
        };
        let mut lines = Lines::default();
        loop {
            let frame = tokio::select! {
                frame = body.frame() => frame,
                end = self.silence() => return end,
            };
            match frame {
                None if lines.is_cut() => {
                    return broken(&self.api, &"the answer ends within a line");
                }
                None => return Ok(End::Over),
                Some(Err(error)) => return broken(&self.api, &error),
                Some(Ok(frame)) => {
                    if let Some(piece) = frame.data_ref() {
                        lines.push(piece);
                    }
                }
            }
            loop {
                let line = match lines.next() {
                    Ok(None) => break,
                    Ok(Some(line)) => line,
                    Err(_) => {
                        let why = format_args!("an event has more than {MAX_LINE} bytes");
                        return broken(&self.api, &why);
                    }
                };
                match serde_json::from_slice(&line) {
                    Ok(event) => {
                        if let Some(end) = self.event(event, version) {
                            return Ok(end);
                        }
                    }
                    Err(error) => {
                        return broken(&self.api, &format_args!("an event is no JSON: {error}"));
                    }
                }
            }
        }
    }

    /// Waits until nothing has come for too long, or the server does not answer meanwhile: a peer that is gone
    /// without a word leaves a connection that looks as it did.
    async fn silence(&self) -> Result<End, Failure> {
        let clock = &self.api.clock;
        let over = after(clock.now(), SILENCE);
        while clock.now() < over {
            clock.sleep_until(after(clock.now(), PROBE_PERIOD).min(over)).await;
            self.api.probe().await?;
        }
        Ok(End::Over)
    }

    /// Takes an event; the end of the watch when it says so.
    fn event(&mut self, event: Value, version: &mut String) -> Option<End> {
        let at = match Event::read(event) {
            Event::Applied(Named { name, version, object }) => {
                self.sink.apply(name, object);
                version
            }
            Event::Removed(Named::<O> { name, version, .. }) => {
                self.sink.remove(&name);
                version
            }
            Event::Bookmark { version } => version,
            Event::Gone => return Some(End::Gone),
            Event::Failed { code, message } => {
                let failure = self.api.failed(O::WATCH, code, Printable(&message));
                return Some(End::Broken(failure.status));
            }
            Event::Other => return None,
        };
        // Unless the object has none.
        if !at.is_empty() {
            *version = at;
        }
        None
    }
}

fn push_query(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() {
        query.push('&');
    }
    query.push_str(name);
    query.push('=');
    query.push_str(value);
}

/// Percent-encodes a value of a query.
pub(crate) fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a text never fails.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}
