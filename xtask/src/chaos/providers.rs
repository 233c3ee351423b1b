//! Providers that hang, are overloaded, slow, stopped, or change their certificate, as callers see
//! them.

use std::thread;
use std::time::Duration;

use super::client::{self, number};
use super::target::Target;
use super::{Chaos, http1, judge};
use crate::Result;
use crate::process::free_address;
use crate::tally::Tally;

const PROTOCOLS: [&str; 2] = ["dubbo", "tri"];

/// A stop of one of two providers by a signal that leaves its connections open.
pub(super) fn hung(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const RATE: u32 = 200;
    const HANG: Duration = Duration::from_secs(12);
    /// Time in which the client may find out.
    const NOTICE_MS: u128 = 5000;
    for protocol in PROTOCOLS {
        let (hung, healthy) = (Target::ours(chaos, &[])?, Target::ours(chaos, &[])?);
        let args = ["--url".into(), hung.url(protocol), "--url".into(), healthy.url(protocol)];
        let mut stopped = 0;
        let load = client::load(chaos, &args, RATE, HANG + Duration::from_secs(2), || {
            thread::sleep(Duration::from_secs(1));
            stopped = client::now_ms();
            hung.signal("STOP")?;
            thread::sleep(HANG);
            hung.signal("CONT")
        })?;
        let end = stopped + HANG.as_millis();
        let within = |from, to| load.since(from).filter(|event| event.at < to).count();
        let (first, then) =
            (within(stopped, stopped + NOTICE_MS), within(stopped + NOTICE_MS, end));
        let bound = u128::from(RATE) * (HANG.as_millis() - NOTICE_MS) / 1000 / 100;
        let what = format!(
            "{then} calls late or failed from {} s on, at most {bound}; {first} before, {} failed in all{}",
            NOTICE_MS / 1000,
            load.failed,
            load.first_error()
        );
        let kept = u128::try_from(then)? <= bound && load.failed == 0;
        judge(tally, &format!("hung-provider/{protocol}"), &what, kept);
    }
    Ok(())
}

/// The one provider there is refuses every call as overloaded.
pub(super) fn overloaded(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const CALLS: u64 = 300;
    for protocol in PROTOCOLS {
        let target = Target::ours(chaos, &[])?;
        let url = target.url(protocol);
        let report = client::run(chaos, &["busy", "--url", &url, "--calls", &CALLS.to_string()])?;
        let millis = number(&report, "millis")?;
        let requests = http1::number(target.address, "begun")?;
        // A fifth more, and ten in each second that has begun.
        let bound = (CALLS + CALLS / 5 + 10 * millis.div_ceil(1000).max(1)).cast_signed();
        let what = format!(
            "{requests} requests for {CALLS} calls in {millis} ms, at most {bound}: 1.2 times and 10 a second"
        );
        judge(tally, &format!("overloaded-provider/{protocol}"), &what, requests <= bound);
    }
    Ok(())
}

/// A handler that takes 1.2 s, on the one provider there is, under default options.
pub(super) fn slow(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    for protocol in PROTOCOLS {
        let target = Target::ours(chaos, &[])?;
        client::run(chaos, &["slow", "--url", &target.url(protocol)])?;
        let runs = http1::number(target.address, "begun")?;
        let what = format!("the handler ran {runs} times for 1 call, at most 1");
        judge(tally, &format!("slow-handler/{protocol}"), &what, runs == 1);
    }
    Ok(())
}

/// A shutdown of one of two providers under load, again and again.
pub(super) fn drain(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const RATE: u32 = 450;
    let rounds = chaos.rounds(3, 20);
    for protocol in PROTOCOLS {
        let (mut clean, mut calls, mut lost, mut error) = (0, 0, 0, String::new());
        for _ in 0..rounds {
            let staying = Target::ours(chaos, &[])?;
            let mut leaving = Target::ours_at(chaos, free_address()?, &[])?;
            let mut args = Vec::new();
            for target in [&staying, &leaving] {
                args.extend(["--url".to_owned(), target.url(protocol)]);
            }
            args.extend(["--retries".to_owned(), "0".to_owned()]);
            let load = client::load(chaos, &args, RATE, Duration::from_secs(3), || {
                thread::sleep(Duration::from_secs(1));
                leaving.signal("TERM")?;
                leaving.ended(Duration::from_secs(15)).map(drop)
            })?;
            calls += load.answered + load.failed;
            lost += load.failed;
            if load.failed == 0 {
                clean += 1;
            } else if error.is_empty() {
                error = load.first_error();
            }
        }
        let what = format!(
            "0 lost in {clean} of {rounds} rounds, {lost} of {calls} calls at {RATE} a second with \
             retries(0){error}"
        );
        judge(tally, &format!("drain/{protocol}"), &what, clean == rounds && calls > 0);
    }
    Ok(())
}

/// A certificate that is replaced while callers connect.
pub(super) fn reload(chaos: &Chaos, tally: &mut Tally) -> Result<()> {
    const RELOADS: usize = 100;
    const CALLS: &str = "800";
    /// Far more than it takes.
    const MAX_RUNS: usize = 50;
    let ca = chaos.peers.file("reload-ca.pem");
    let ca = ca.to_string_lossy();
    let target = Target::ours(chaos, &["--ca", &ca, "--reload"])?;
    for protocol in PROTOCOLS {
        let url = format!("{protocol}://localhost:{}", target.address.port());
        let before = target.said("reloaded ")?;
        let (mut calls, mut failed, mut first, mut reloads) = (0, 0, String::new(), 0);
        for _ in 0..MAX_RUNS {
            let report =
                client::run(chaos, &["reconnect", "--url", &url, "--ca", &ca, "--calls", CALLS])?;
            calls += number(&report, "calls")?;
            let lost = number(&report, "failed")?;
            if lost > 0 && failed == 0 {
                first = format!("; {report}");
            }
            failed += lost;
            reloads = target.said("reloaded ")? - before;
            if reloads >= RELOADS {
                break;
            }
        }
        let what = format!(
            "{failed} of {calls} calls lost, each on a new TLS connection, beside {reloads} new \
             certificates, at least {RELOADS}{first}"
        );
        let kept = failed == 0 && calls > 0 && reloads >= RELOADS;
        judge(tally, &format!("certificates/{protocol}"), &what, kept);
    }
    Ok(())
}
