//! One line a call.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use dubhe_core::filter::Hook;
use dubhe_core::invoke::Outcome;
use dubhe_core::time::SharedClock;
use dubhe_core::{Call, Head, Status};

/// Writes one line a call: peer, service, method, outcome and time taken.
///
/// Arguments and attachments never appear, since they may be secret.
pub struct AccessLog {
    clock: SharedClock,
    to: To,
}

enum To {
    Tracing,
    Writer(Mutex<Box<dyn Write + Send>>),
}

impl AccessLog {
    /// Writes through `tracing`, target `dubhe::access`, level INFO.
    pub fn new(clock: SharedClock) -> Self {
        Self { clock, to: To::Tracing }
    }

    /// Writes lines to `writer`, such as a file.
    pub fn to_writer(clock: SharedClock, writer: impl Write + Send + 'static) -> Self {
        Self { clock, to: To::Writer(Mutex::new(Box::new(writer))) }
    }

    /// This filter as a step of a chain.
    pub fn hook(self) -> Arc<dyn Hook> {
        Arc::new(self)
    }
}

impl Hook for AccessLog {
    fn before(&self, _: &mut Call) -> Result<(), Status> {
        Ok(())
    }

    fn after(&self, head: &Head, outcome: &Outcome) {
        let now = self.clock.now();
        let micros = head.arrived.map_or(0, |a| now.saturating_duration_since(a).as_micros());
        let peer = head.peer.as_ref().and_then(|p| p.remote);
        let peer = peer.map_or_else(|| "-".to_owned(), |a| a.to_string());
        let outcome = outcome.as_ref().map_or_else(|s| s.code().name(), |_| "OK");
        let Head { service, method, .. } = head;
        // Names come from our own exports by now, but a path could still hold line breaks.
        let name = &method.name;
        match &self.to {
            To::Tracing => {
                tracing::info!(target: "dubhe::access", peer, %service, method = &**name, outcome, micros);
            }
            To::Writer(writer) => {
                let line = format!("{peer} {service} {name} {outcome} {micros}us");
                let line = line.replace(['\n', '\r'], "?");
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                // A full disk must not fail calls; the next line tries again.
                let _ = writeln!(writer, "{line}");
            }
        }
    }

    fn observes(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessLog")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use dubhe_core::time::{Clock, Sleep};
    use dubhe_core::{Code, Method, Payload, Reply, ServiceKey, Value};

    use super::*;

    struct Fixed(Instant);

    impl Clock for Fixed {
        fn now(&self) -> Instant {
            self.0
        }

        fn sleep_until(&self, _: Instant) -> Sleep {
            Box::pin(std::future::ready(()))
        }
    }

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn writes_one_line_a_call_and_no_contents() {
        let start = Instant::now();
        let lines = Lines::default();
        let clock = Arc::new(Fixed(start + Duration::from_micros(42)));
        let log = AccessLog::to_writer(clock, lines.clone());
        let service = Arc::new(ServiceKey::new("a.B", "g", ""));
        let mut head = Head::new(service, Arc::new(Method::java("m\nx", "")));
        head.arrived = Some(start);
        head.metadata.insert("password", "hidden");
        log.after(&head, &Ok(Reply::new(Payload::dynamic(Value::Null))));
        log.after(&head, &Err(Status::new(Code::NotFound, "hidden")));
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "- g/a.B m?x OK 42us\n- g/a.B m?x NOT_FOUND 42us\n");
    }
}
