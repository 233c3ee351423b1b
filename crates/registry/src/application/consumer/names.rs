//! The applications that provide an interface.

use std::sync::Arc;

use bytestring::ByteString;
use dubhe_core::backoff::FullJitter;
use dubhe_core::documents::{DocumentKey, DocumentState, DocumentStore};
use dubhe_core::registry::Health;
use dubhe_core::{ServiceKey, Status};
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;

use crate::application::follow::{News, follow};
use crate::application::mapping;
use crate::application::registry::Parts;

/// The applications that are followed for one interface at most.
const MAX_APPLICATIONS: usize = 256;

/// The applications of an interface, as they change.
pub(super) struct Names {
    interface: ByteString,
    states: Option<BoxStream<'static, News<DocumentState>>>,
    sorted: Arc<[ByteString]>,
    /// `true` once it is known whether there are any.
    pub(super) answered: bool,
    /// `true` while the metadata centre is out of reach.
    pub(super) stale: bool,
    /// The reason why there are none.
    pub(super) error: Option<Status>,
    center: String,
}

impl Names {
    /// Follows those of `service`: the configured ones, else those of the mapping.
    pub(super) fn new(parts: &Parts, service: &ServiceKey) -> Self {
        let fixed = &parts.options.provided_by;
        let center = parts.metadata_center.as_ref().filter(|_| fixed.is_empty());
        let mut names = Self {
            interface: service.interface().clone(),
            states: center.map(|center| watch(parts, service, center.clone())),
            sorted: Arc::default(),
            answered: center.is_none(),
            stale: false,
            error: None,
            center: center.map(|center| center.name().to_owned()).unwrap_or_default(),
        };
        if center.is_none() {
            names.take(fixed.clone());
            if fixed.is_empty() {
                let text = format!(
                    "it is not known which applications provide {}: set provided-by, or a metadata \
                     centre",
                    service.interface()
                );
                names.error = Some(Status::unavailable(text));
            }
        }
        names
    }

    pub(super) fn get(&self) -> &Arc<[ByteString]> {
        &self.sorted
    }

    /// Waits for a change.
    pub(super) async fn changed(&mut self) {
        let Some(states) = &mut self.states else { return std::future::pending().await };
        match states.next().await {
            Some(News::Present(state)) => self.read(&state),
            Some(News::Lost(error)) => {
                (self.answered, self.stale) = (true, true);
                self.error = Some(error.context(&self.center));
            }
            None => self.states = None,
        }
    }

    fn read(&mut self, state: &DocumentState) {
        (self.answered, self.stale) = (true, state.health == Health::Stale);
        let text = state.document.as_ref().map(|document| &*document.text);
        let mut names: Vec<_> = mapping::applications(text.unwrap_or_default()).collect();
        names.sort_unstable();
        names.dedup();
        if names.is_empty() {
            // As in Java: an application that was found stays, whatever becomes of the mapping.
            if self.sorted.is_empty() {
                let (center, interface) = (&self.center, &self.interface);
                let text = if self.stale {
                    format!("{center} cannot be reached for the mapping of {interface}")
                } else {
                    format!(
                        "no application provides {interface} by its mapping in {center}: start a \
                         provider, or set provided-by"
                    )
                };
                self.error = Some(Status::unavailable(text));
            }
            return;
        }
        self.error = None;
        let names = names.into_iter().map(ByteString::from).collect();
        self.take(names);
    }

    fn take(&mut self, mut names: Vec<ByteString>) {
        if names.len() > MAX_APPLICATIONS {
            let (interface, count) = (&*self.interface, names.len());
            let limit = MAX_APPLICATIONS;
            tracing::warn!(
                interface,
                count,
                limit,
                "too many applications provide an interface; the first are followed"
            );
            names.truncate(MAX_APPLICATIONS);
        }
        if names[..] != self.sorted[..] {
            self.sorted = names.into();
        }
    }
}

fn watch(
    parts: &Parts,
    service: &ServiceKey,
    center: Arc<dyn DocumentStore>,
) -> BoxStream<'static, News<DocumentState>> {
    let key = DocumentKey::Mapping { interface: service.interface().clone() };
    let (what, name) = (key.to_string(), center.name().to_owned());
    follow(what, name, FullJitter::default(), parts.pauses.clone(), move || {
        let states = center.watch(&key);
        Box::pin(async { Ok(states) })
    })
}
