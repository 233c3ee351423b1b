//! A log with a line for each call.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use dubhe_core::Peer;
use dubhe_core::filter::{Guard, Hook};
use dubhe_core::printable::Printable;
use dubhe_core::{Call, End, Head, Method, ServiceKey, Status};

/// Writes one line a call when it has ended, a stream with its last message: peer, service, method,
/// outcome, time taken in microseconds, and the number of messages of the reply that passed. The outcome
/// is `OK` or gRPC's name of the code; a caller that gave up is `CANCELLED`.
///
/// To a writer, a line is `PEER SERVICE METHOD OUTCOME TIMEus MESSAGESmsg`, with `-` for no peer:
/// `10.0.0.7:51234 org.example.Hello Repeat OK 1834us 3msg`.
///
/// Arguments and attachments never appear, since they may be secret.
///
/// ```
/// use dubhe::Server;
/// use dubhe::filter::AccessLog;
///
/// let server = Server::builder().hook(AccessLog::to_writer(std::io::stderr()));
/// ```
#[derive(Clone, Default)]
pub struct AccessLog(Output);

#[derive(Clone, Default)]
enum Output {
    #[default]
    Tracing,
    Writer(Arc<Mutex<dyn Write + Send>>),
}

impl AccessLog {
    /// Writes through `tracing`, target `dubhe::access`, level INFO.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes lines to `writer`, such as a file.
    pub fn to_writer(writer: impl Write + Send + 'static) -> Self {
        Self(Output::Writer(Arc::new(Mutex::new(writer))))
    }
}

impl Hook for AccessLog {
    fn before(&self, call: &mut Call) -> Result<Guard, Status> {
        let Head { service, method, peer, .. } = &call.head;
        let (service, method, peer) = (service.clone(), method.clone(), peer.clone());
        let output = self.0.clone();
        Ok(Guard::new(move |end| output.write(&service, &method, peer.as_deref(), end)))
    }
}

impl Output {
    fn write(&self, service: &ServiceKey, method: &Method, peer: Option<&Peer>, end: &End<'_>) {
        let micros = end.latency.as_micros();
        let peer = peer.and_then(|peer| peer.remote.as_ref());
        // A path may hold spaces, which are what parts the columns.
        let peer = peer.map_or_else(|| "-".to_owned(), |a| a.to_string().replace(' ', "?"));
        let (method, outcome, messages) = (Printable(&method.name), end.name(), end.messages);
        match self {
            Self::Tracing => {
                tracing::info!(
                    target: "dubhe::access", peer, %service, %method, outcome, micros, messages
                );
            }
            Self::Writer(writer) => {
                let line = format!("{peer} {service} {method} {outcome} {micros}us {messages}msg");
                // Names come from our own exports by now, but a path could still hold line breaks.
                let line = Printable(line);
                let mut writer = writer.lock().unwrap_or_else(PoisonError::into_inner);
                // A full disk must not fail calls; the next line tries again.
                let _ = writeln!(writer, "{line}");
            }
        }
    }
}

impl std::fmt::Debug for AccessLog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AccessLog")
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::pin::Pin;
    use std::task::{Context, Poll, Waker};
    use std::time::{Duration, Instant};

    use dubhe_core::end::Until;
    use dubhe_core::filter::{Chain, Step};
    use dubhe_core::reply::{Frame, ReplyBody, Trailers};
    use dubhe_core::time::{Clock, SharedClock, Sleep};
    use dubhe_core::{Code, Invoke, Invoking, Payload, Reply, SockAddr, Value};

    use futures_core::Stream;

    use super::*;

    struct Fixed(Instant);

    impl Clock for Fixed {
        fn now(&self) -> Instant {
            self.0
        }

        fn sleep_until(&self, _: Instant) -> Sleep {
            Box::pin(std::future::ready(()))
        }

        fn wall(&self) -> std::time::SystemTime {
            std::time::SystemTime::now()
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

    struct Answers(Result<(), Status>);

    impl Invoke for Answers {
        fn invoke(&self, _: Call) -> Invoking {
            let reply = self.0.clone().map(|()| Reply::new(Payload::dynamic(Value::Null)));
            Invoking::ready(reply)
        }
    }

    #[test]
    fn writes_the_outcome_of_a_stream_at_its_end() {
        let start = Instant::now();
        let lines = Lines::default();
        let clock: SharedClock = Arc::new(Fixed(start + Duration::from_millis(5)));
        let log = Step::Hook(Arc::new(AccessLog::to_writer(lines.clone())));
        let chain = Chain::new([log], &clock, Until::Sent);
        let head =
            Head::new(Arc::new(ServiceKey::interface_only("a.B")), Arc::new(Method::java("m", "")));
        let target: Arc<dyn Invoke> = Arc::new(Breaks);
        let mut call = chain.run(Call::new(head, Payload::dynamic(Value::Null)), start, &target);
        let mut cx = Context::from_waker(Waker::noop());
        let Poll::Ready(Ok(mut reply)) = Pin::new(&mut call).poll(&mut cx) else {
            panic!("no reply")
        };
        assert!(lines.0.lock().unwrap().is_empty(), "the reply has begun, and not ended");
        let ReplyBody::Stream(stream) = &mut reply.body else { panic!("no stream") };
        while let Poll::Ready(Some(_)) = Pin::new(&mut *stream).poll_next(&mut cx) {}
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "- a.B m DATA_LOSS 5000us 1msg\n");
    }

    /// Answers with a stream that fails after its first message.
    struct Breaks;

    impl Invoke for Breaks {
        fn invoke(&self, _: Call) -> Invoking {
            let frames = [
                Frame::Message(Payload::dynamic(Value::Null)),
                Frame::Trailers(Trailers::failed(Status::data_loss("later"))),
            ];
            Invoking::ready(Ok(Reply::stream(Frames(frames.into_iter()))))
        }
    }

    struct Frames(std::array::IntoIter<Frame, 2>);

    impl Stream for Frames {
        type Item = Frame;

        fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Frame>> {
            Poll::Ready(self.0.next())
        }
    }

    #[test]
    fn writes_one_line_a_call_and_no_contents() {
        let start = Instant::now();
        let lines = Lines::default();
        let clock: SharedClock = Arc::new(Fixed(start + Duration::from_micros(42)));
        let log = Step::Hook(Arc::new(AccessLog::to_writer(lines.clone())));
        let chain = Chain::new([log], &clock, Until::Sent);
        let service = Arc::new(ServiceKey::new("a.B", "g", ""));
        let mut head = Head::new(service, Arc::new(Method::java("m\nx", "")));
        head.metadata.insert("password", "hidden");
        let mut cx = Context::from_waker(Waker::noop());
        for answer in [Ok(()), Err(Status::new(Code::NotFound, "hidden"))] {
            let target: Arc<dyn Invoke> = Arc::new(Answers(answer));
            let call = Call::new(head.clone(), Payload::dynamic(Value::Null));
            let mut call = chain.run(call, start, &target);
            match Pin::new(&mut call).poll(&mut cx) {
                Poll::Ready(Ok(mut reply)) => reply.delivered(),
                Poll::Ready(Err(_)) => {}
                Poll::Pending => panic!("no reply"),
            }
        }
        let target: Arc<dyn Invoke> = Arc::new(Answers(Ok(())));
        let path = Path::new("/a b\nc").into();
        let remote = Some(SockAddr::Unix(Some(path)));
        head.peer = Some(Arc::new(Peer { remote, ..Peer::default() }));
        drop(chain.run(Call::new(head, Payload::dynamic(Value::Null)), start, &target));
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(
            text,
            "- g/a.B m\\nx OK 42us 1msg\n- g/a.B m\\nx NOT_FOUND 42us 0msg\n\
             unix:/a?b\\nc g/a.B m\\nx CANCELLED 42us 0msg\n"
        );
    }
}
