//! Calls of one message for one.

use std::fmt::Display;
use std::time::Instant;

use bytes::Bytes;

use crate::limit::Limit;
use crate::payload::Data;
use crate::report::{CallerReport, Clock};
use crate::{Error, Load};

/// Makes calls and prints the report. `caller` is asked for each caller by its number, so that
/// callers can be dealt out over connections.
///
/// # Errors
/// When a first call fails. Failures under load are counted.
pub async fn unary<C, F, R, E>(
    kind: &str,
    load: &Load,
    caller: impl Fn(usize) -> C,
) -> Result<(), Error>
where
    C: FnMut(Bytes) -> F + Send + 'static,
    F: Future<Output = Result<R, E>> + Send + 'static,
    R: AsRef<[u8]> + Send + 'static,
    E: Display + Send + 'static,
{
    let data = Data::new(load.size);
    // Connections open with the first calls, before the clock starts.
    for number in 0..load.conns {
        caller(number)(data.of(0)).await.map_err(|error| error.to_string())?;
    }

    let (clock, limit, seen) = (Clock::start()?, load.limit(), CallerReport::new()?);
    let callers: Vec<_> = (0..load.concurrency)
        .map(|number| tokio::spawn(call(caller(number), limit, data.clone(), seen.clone())))
        .collect();
    let mut all = Vec::new();
    for caller in callers {
        all.push(caller.await?);
    }
    clock.report(kind, all)
}

async fn call<C, F, R, E>(
    mut caller: C,
    limit: Limit,
    data: Data,
    mut seen: CallerReport,
) -> CallerReport
where
    C: FnMut(Bytes) -> F,
    F: Future<Output = Result<R, E>>,
    R: AsRef<[u8]>,
    E: Display,
{
    let (mut now, mut number) = (Instant::now(), 0);
    while limit.allows(now, number) {
        let data = data.of(number);
        let reply = caller(data.clone()).await;
        let end = Instant::now();
        seen.reply(reply, &data, end - now);
        (now, number) = (end, number + 1);
    }
    seen
}
