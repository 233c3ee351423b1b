//! Messages that are small on the wire and large in memory or in time.

use std::process::{Command, Stdio};
use std::time::Duration;

use super::dubbo::{self, OBJECT, OK};
use super::target::{Cost, Target};
use super::{Chaos, hessian, http1, judge};
use crate::Result;
use crate::tally::Tally;

const MIB: f64 = 1024.0 * 1024.0;
/// The factor of decoded memory and its most, as the page of limits has them.
const FACTOR: f64 = 64.0;
const LIMIT: f64 = 64.0 * MIB;
/// Buffers of a connection, pages of the allocator, threads.
const SLACK_MIB: f64 = 16.0;
/// Processor time for 64 KiB.
const CPU_MS: f64 = 50.0;
/// Times that a small message is sent, since processor time counts in steps of 10 ms.
const TIMES: u64 = 10;
const PATIENCE: Duration = Duration::from_mins(1);

/// The memory that a message of so many bytes may take: the message as read and as encoded again
/// beside what is decoded.
fn bound_mib(received: usize) -> f64 {
    let received = received as f64;
    ((FACTOR * received).min(LIMIT) + 3.0 * received) / MIB + SLACK_MIB
}

/// The line of one message.
fn verdict(
    target: &Target,
    name: &str,
    received: usize,
    cost: Cost,
    answer: &str,
    right: bool,
    tally: &mut Tally,
) {
    let (alive, state) = target.state();
    let bound = bound_mib(received);
    let what = format!(
        "+{:.1} MiB of at most {bound:.0} for {} KiB, {:.0} ms of processor time; {answer}; {state}",
        cost.mib,
        received / 1024,
        cost.cpu_ms
    );
    judge(tally, name, &what, alive && right && cost.mib <= bound);
}

/// A list among the attachments and twenty references to it.
pub(super) fn references(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    for (kib, name) in [(60, "64-kib"), (256, "256-kib"), (3 * 1024, "3-mib")] {
        let target = Target::ours(chaos, &[])?;
        let request = dubbo::with_attachments(1, "echo", OBJECT, &[hessian::NULL], |body| {
            hessian::text(body, "0");
            body.extend(hessian::list(hessian::ONE, kib * 1024));
            for key in 1..=20 {
                hessian::text(body, &key.to_string());
                hessian::reference(body, 1);
            }
        });
        let times = if kib < 64 { TIMES } else { 1 };
        let (mut cost, status) = target.under(|| {
            let mut status = 0;
            for _ in 0..times {
                status = target.connect()?.ask(&request)?.0;
            }
            Ok(status)
        })?;
        cost.cpu_ms /= times as f64;
        let quick = kib >= 64 || cost.cpu_ms <= CPU_MS;
        let answer = format!("status {status}");
        let name = format!("references/{name}");
        verdict(&target, &name, request.len(), cost, &answer, quick, tally);
    }
    Ok(())
}

/// Lists of what is smallest on the wire.
pub(super) fn lists(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    let attacks = [("nulls", hessian::NULL), ("empty-lists", hessian::EMPTY_LIST)];
    for (name, item) in attacks {
        let target = Target::ours(chaos, &[])?;
        let request = dubbo::call(1, "echo", OBJECT, &hessian::list(item, 4_000_000));
        let (cost, (status, _)) = target.under(|| target.connect()?.ask(&request))?;
        let name = format!("lists/{name}-4-mb");
        verdict(&target, &name, request.len(), cost, &format!("status {status}"), true, tally);
    }
    let target = Target::ours(chaos, &[])?;
    for (name, item) in
        [("ints", hessian::ONE), ("booleans", hessian::TRUE), ("nulls", hessian::NULL)]
    {
        let request = dubbo::call(1, "echo", OBJECT, &hessian::list(item, 100_000));
        let (cost, (status, body)) = target.under(|| target.connect()?.ask(&request))?;
        let passes = status == OK && body.len() > 100_000;
        let answer = format!("status {status}, {} bytes", body.len());
        let name = format!("lists/100000-{name}-pass");
        verdict(&target, &name, request.len(), cost, &answer, passes, tally);
    }
    Ok(())
}

/// JSON of many small values, and JSON that is small once compressed.
pub(super) fn json(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    let list = |item: &str, bytes: usize| {
        let items = vec![item; bytes / (item.len() + 1)];
        format!("[[{}]]", items.join(",")).into_bytes()
    };
    let large = list("[]", 8_000_000);
    let target = Target::ours(chaos, &[])?;
    let ask = |headers: &str, body: &[u8]| {
        target.under(|| http1::post(target.address, "echo", headers, body, PATIENCE))
    };
    let (cost, (code, _)) = ask("", &large)?;
    verdict(&target, "json/8-mb-of-lists", large.len(), cost, &format!("HTTP {code}"), true, tally);

    let gzip = "content-encoding: gzip\r\n";
    let honest = list("{\"name\":\"Ada Lovelace\",\"id\":1815}", 4 << 20);
    let (cost, (code, body)) = ask(gzip, &gzipped(&honest)?)?;
    let answer = format!("HTTP {code}, {} bytes", body.len());
    verdict(&target, "json/4-mib-gzipped-pass", honest.len(), cost, &answer, code == 200, tally);

    let bomb = gzipped(&vec![b' '; 512 << 20])?;
    let (cost, (code, _)) = ask(gzip, &bomb)?;
    // Decompressed bytes count as received, up to the limit of a message.
    let answer = format!("HTTP {code} to 512 MiB in {} KiB", bomb.len() / 1024);
    verdict(&target, "json/gzip-bomb", 8 << 20, cost, &answer, code != 200, tally);
    Ok(())
}

/// Numbers whose digits take the square of their length to print.
pub(super) fn numbers(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const KIB: usize = 104;
    let target = Target::ours(chaos, &[])?;
    let request = dubbo::call(1, "echo", OBJECT, &hessian::big_integer(KIB * 1024 / 4));
    let (cost, (status, _)) = target.under(|| target.connect()?.ask(&request))?;
    let answer = format!("status {status}");
    let quick = cost.cpu_ms <= 2.0 * CPU_MS;
    verdict(&target, "numbers/big-integer-104-kib", request.len(), cost, &answer, quick, tally);

    let digits = [b"[".to_vec(), vec![b'7'; KIB * 1024], b"]".to_vec()].concat();
    let (cost, (code, _)) =
        target.under(|| http1::post(target.address, "echo", "", &digits, PATIENCE))?;
    let answer = format!("HTTP {code}");
    let quick = cost.cpu_ms <= 2.0 * CPU_MS;
    verdict(&target, "numbers/json-104-kib-digits", digits.len(), cost, &answer, quick, tally);
    Ok(())
}

/// The bytes as the program `gzip` compresses them.
fn gzipped(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut child = Command::new("gzip")
        .arg("-c")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("cannot start gzip: {error}"))?;
    let mut input = child.stdin.take().ok_or("gzip has no standard input")?;
    let done = std::thread::scope(|scope| {
        let writing = scope.spawn(move || std::io::Write::write_all(&mut input, bytes));
        let done = child.wait_with_output()?;
        writing.join().map_err(|_| "writing to gzip panicked")??;
        Ok::<_, Box<dyn std::error::Error + Send + Sync>>(done)
    })?;
    Ok(done.stdout)
}

/// A peer that asks for much and reads nothing.
pub(super) fn unread(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const REPLY: i32 = 400_000;
    /// The high-water mark, a read and the replies of handlers that wait to be taken: 16 and one for
    /// each thread.
    const BOUND_MIB: f64 = 32.0;
    let target = Target::ours(chaos, &[])?;
    let mut calls = Vec::new();
    let mut count = 0;
    while calls.len() < 250_000 {
        count += 1;
        calls.extend(dubbo::call(count, "big", dubbo::INT, &hessian::int(REPLY)));
    }
    let (cost, _connection) = target.under(|| {
        let mut connection = target.connect()?;
        connection.send(&calls)?;
        std::thread::sleep(Duration::from_secs(5));
        Ok(connection)
    })?;
    let (alive, state) = target.state();
    let what = format!(
        "+{:.1} MiB of at most {BOUND_MIB:.0} for {count} calls whose replies of {REPLY} bytes \
         nobody reads; {state}",
        cost.mib
    );
    judge(tally, "unread/dubbo", &what, alive && cost.mib <= BOUND_MIB);
    Ok(())
}
