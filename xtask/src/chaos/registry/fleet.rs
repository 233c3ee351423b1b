//! Providers and consumers of one case and model.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::super::client::now_ms;
use super::super::target::Target;
use super::super::{Chaos, client::Event, client::event};
use crate::Result;
use crate::process::{ServerProcess, free_address};
use crate::registries::Level;

/// Calls of a consumer in a second.
pub(super) const RATE: u32 = 40;
/// The longest time of looking for something, far above every bound.
pub(super) const PATIENCE: Duration = Duration::from_mins(1);

/// The lines of a consumer.
#[derive(Debug, Default)]
struct Lines {
    /// The times at which answered calls began, and the processes that answered.
    seen: Vec<(u128, u32)>,
    failed: Vec<Event>,
}

/// A consumer that calls until it is dropped.
pub(super) struct Consumer {
    pub(super) begun: u128,
    process: ServerProcess,
    lines: Arc<Mutex<Lines>>,
    /// The time from which each failure counts; `None` until its first answer.
    counts_from: Option<u128>,
}

impl Consumer {
    pub(super) fn start(
        chaos: &Chaos,
        app: &str,
        url: &str,
        rate: u32,
        more: &[&str],
    ) -> Result<Self> {
        let mut command = Command::new(&chaos.ours);
        command.args(["follow", "--app", app, "--registry", url, "--rate", &rate.to_string()]);
        command.args(more);
        let log = chaos.peers.log(&format!("consumer-{app}"));
        let log = fs::File::options().create(true).append(true).open(log)?;
        let begun = now_ms();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut process = ServerProcess::spawn(&mut command)?;
        let stdout = process.stdout().ok_or("the consumer has no standard output")?;
        let lines = Arc::new(Mutex::new(Lines::default()));
        let theirs = lines.clone();
        // It ends with the process.
        thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(std::result::Result::ok) {
                let mut lines = theirs.lock().unwrap_or_else(PoisonError::into_inner);
                match seen(&line) {
                    Some(seen) => lines.seen.push(seen),
                    None => lines.failed.extend(event(&line)),
                }
            }
        });
        Ok(Self { begun, process, lines, counts_from: None })
    }

    fn look<T>(&self, look: impl FnOnce(&Lines) -> T) -> T {
        look(&self.lines.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The time at which a call began that `who` answered, at `from` or later.
    fn seen(&self, who: u32, from: u128) -> Option<u128> {
        self.look(|lines| lines.seen.iter().find(|&&(at, by)| by == who && at >= from).map(|s| s.0))
    }

    /// The time at which the last call began that `who` answered.
    fn last_seen(&self, who: u32) -> Option<u128> {
        self.look(|lines| lines.seen.iter().rev().find(|seen| seen.1 == who).map(|seen| seen.0))
    }

    /// The first call that was answered.
    pub(super) fn answered(&self) -> Option<u128> {
        self.look(|lines| lines.seen.first().map(|seen| seen.0))
    }

    /// Failures from `from` on, and after its first answer, unless they count from its start.
    fn failed(&self, from: u128) -> Vec<Event> {
        self.look(|lines| {
            let answered = || lines.seen.first().map_or(u128::MAX, |seen| seen.0);
            let first = self.counts_from.unwrap_or_else(answered);
            let counts = |event: &&Event| event.failed && event.at >= from.max(first);
            lines.failed.iter().filter(counts).cloned().collect()
        })
    }

    /// The number of lines, one in 200 ms at most, that say that `who` answers calls from `from` on.
    fn shares(&self, who: u32, from: u128) -> usize {
        self.look(|lines| lines.seen.iter().filter(|&&(at, by)| by == who && at >= from).count())
    }

    /// The first failure at `from` or later whose text has `text`.
    pub(super) fn says(&self, text: &str, from: u128) -> Option<Event> {
        self.look(|lines| {
            let says = |event: &&Event| event.at >= from && event.error.contains(text);
            lines.failed.iter().find(says).cloned()
        })
    }

    pub(super) fn id(&self) -> u32 {
        self.process.id()
    }

    fn runs(&mut self) -> bool {
        self.process.runs()
    }
}

/// A provider, and when it was started.
pub(super) struct Provider {
    pub(super) begun: u128,
    pub(super) target: Target,
}

/// A registry to which others write than the providers.
pub(super) trait Place {
    /// An address at which the next provider can listen.
    fn free_address(&self) -> Result<SocketAddr> {
        free_address()
    }

    /// The name of the machine of the provider at this address, if it has one of its own; before it starts.
    fn hostname(&self, provider: SocketAddr) -> Result<Option<String>> {
        let _ = provider;
        Ok(None)
    }

    /// Writes that these providers are there and no others.
    fn write(&self, providers: &[SocketAddr]) -> Result<()>;
}

/// The processes of a model.
pub(super) struct Fleet<'a> {
    pub(super) level: Level,
    chaos: &'a Chaos,
    place: Option<&'a dyn Place>,
    pub(super) app: String,
    /// The registry as providers reach it.
    pub(super) url: String,
    pub(super) providers: Vec<Provider>,
    pub(super) consumers: Vec<Consumer>,
    /// The failures of consumers that the case has ended.
    lost: Vec<Event>,
    /// Open descriptors of those that run from the beginning to the end, when all was well.
    before: Vec<(u32, usize)>,
    from: u128,
}

impl<'a> Fleet<'a> {
    /// A fleet of providers, and of a consumer for each of `consumers`, the URLs that they read; once all
    /// find one another.
    pub(super) fn start(
        chaos: &'a Chaos,
        level: Level,
        group: &str,
        url: &str,
        providers: usize,
        consumers: &[&str],
    ) -> Result<Self> {
        Self::start_in(None, chaos, level, group, url, providers, consumers)
    }

    /// The same, whose providers somebody else writes to the registry.
    pub(super) fn start_in(
        place: Option<&'a dyn Place>,
        chaos: &'a Chaos,
        level: Level,
        group: &str,
        url: &str,
        providers: usize,
        consumers: &[&str],
    ) -> Result<Self> {
        let app = format!("{group}-{}", level.name());
        let mut fleet = Self {
            level,
            chaos,
            place,
            app,
            url: url.to_owned(),
            providers: Vec::new(),
            consumers: Vec::new(),
            lost: Vec::new(),
            before: Vec::new(),
            from: 0,
        };
        for _ in 0..providers {
            fleet.provide(fleet.free_address()?)?;
        }
        for url in consumers {
            fleet.consume(url, &[])?;
        }
        fleet.all_seen(now_ms())?;
        fleet.count_descriptors()?;
        fleet.from = now_ms();
        Ok(fleet)
    }

    /// An address at which the next provider can listen.
    pub(super) fn free_address(&self) -> Result<SocketAddr> {
        self.place.map_or_else(free_address, Place::free_address)
    }

    /// Starts one more provider.
    pub(super) fn provide(&mut self, at: SocketAddr) -> Result<&Provider> {
        self.provide_with(at, &[])
    }

    /// The same with further arguments.
    pub(super) fn provide_with(&mut self, at: SocketAddr, more: &[&str]) -> Result<&Provider> {
        let hostname = self.place.map(|place| place.hostname(at)).transpose()?.flatten();
        let begun = now_ms();
        let args = [&["--app", &*self.app, "--registry", &*self.url][..], more].concat();
        let target = Target::ours_named(self.chaos, at, &args, hostname.as_deref())?;
        self.providers.push(Provider { begun, target });
        self.write()?;
        self.providers.last().ok_or_else(|| "no provider".into())
    }

    /// Has the providers of now written to the registry, where they do not write themselves.
    pub(super) fn write(&self) -> Result<()> {
        let all: Vec<_> = self.providers.iter().map(|provider| provider.target.address).collect();
        self.place.map_or(Ok(()), |place| place.write(&all))
    }

    /// Starts one more consumer.
    pub(super) fn consume(&mut self, url: &str, more: &[&str]) -> Result<()> {
        self.consumers.push(Consumer::start(self.chaos, &self.app, url, RATE, more)?);
        Ok(())
    }

    /// Waits until every consumer was answered by every provider, in calls from `from` on; the time at
    /// which the last one was.
    pub(super) fn all_seen(&mut self, from: u128) -> Result<u128> {
        let end = Instant::now() + PATIENCE;
        loop {
            let all = self.consumers.iter().flat_map(|consumer| {
                let seen = move |provider: &Provider| consumer.seen(provider.target.id(), from);
                self.providers.iter().map(seen)
            });
            if let Some(times) = all.collect::<Option<Vec<u128>>>() {
                return Ok(times.into_iter().max().unwrap_or(from));
            }
            self.check_alive()?;
            if Instant::now() > end {
                let failures = self.failures();
                let first = failures.first().map_or("", |event| &event.error);
                let unseen = |(number, consumer): (usize, &Consumer)| {
                    let missing =
                        |provider: &&Provider| consumer.seen(provider.target.id(), from).is_none();
                    let at = self.providers.iter().filter(missing).map(|one| one.target.address);
                    let at: Vec<String> = at.map(|address| address.to_string()).collect();
                    (!at.is_empty()).then(|| format!("consumer {number} by {}", at.join(", ")))
                };
                let who: Vec<String> =
                    self.consumers.iter().enumerate().filter_map(unseen).collect();
                return Err(format!(
                    "{}: not answered within {} s: {}; {first}",
                    self.level.name(),
                    PATIENCE.as_secs(),
                    who.join(", ")
                )
                .into());
            }
            thread::sleep(Duration::from_millis(25));
        }
    }

    /// Waits until no consumer was answered by the provider of this index for a second; the time, from `from`
    /// on, at which one last was.
    pub(super) fn unseen(&mut self, provider: usize, from: u128) -> Result<u128> {
        let who = self.providers.get(provider).ok_or("no such provider")?.target.id();
        let end = Instant::now() + PATIENCE;
        loop {
            let last = self.consumers.iter().filter_map(|consumer| consumer.last_seen(who)).max();
            let last = last.unwrap_or(from).max(from);
            if now_ms() > last + 1000 {
                return Ok(last);
            }
            self.check_alive()?;
            if Instant::now() > end {
                return Err(
                    format!("a provider is called still after {} s", PATIENCE.as_secs()).into()
                );
            }
            thread::sleep(Duration::from_millis(25));
        }
    }

    /// Waits until one more provider, which starts now, and one more consumer are found by all and find
    /// all; the milliseconds that each took.
    pub(super) fn newcomers(&mut self, url: &str) -> Result<(u128, u128)> {
        let begun = self.provide(self.free_address()?)?.begun;
        let provider = self.all_seen(begun)? - begun;
        self.consume(url, &[])?;
        let begun = now_ms();
        // There are providers and a registry, so that none of its calls may fail.
        if let Some(newcomer) = self.consumers.last_mut() {
            newcomer.counts_from = Some(newcomer.begun);
        }
        let consumer = self.all_seen(begun)? - begun;
        if let Some(newcomer) = self.consumers.pop() {
            self.lost.extend(newcomer.failed(self.from));
        }
        Ok((provider, consumer))
    }

    /// The numbers of times, one in 200 ms at most, at which each provider was seen to answer from `from` on.
    pub(super) fn shares(&self, from: u128) -> Vec<usize> {
        let of = |provider: &Provider| {
            let who = provider.target.id();
            self.consumers.iter().map(|consumer| consumer.shares(who, from)).sum()
        };
        self.providers.iter().map(of).collect()
    }

    /// Ends all consumers, whose failures stay.
    pub(super) fn end_consumers(&mut self) {
        for consumer in std::mem::take(&mut self.consumers) {
            self.lost.extend(consumer.failed(self.from));
        }
    }

    fn check_alive(&mut self) -> Result<()> {
        for consumer in &mut self.consumers {
            if !consumer.runs() {
                return Err("a consumer has died".into());
            }
        }
        for provider in &mut self.providers {
            if !provider.target.runs() {
                return Err("a provider has died".into());
            }
        }
        Ok(())
    }

    /// Calls that failed since all was well.
    pub(super) fn failures(&self) -> Vec<Event> {
        let now = self.consumers.iter().flat_map(|consumer| consumer.failed(self.from));
        self.lost.iter().cloned().chain(now).collect()
    }

    /// Counts the descriptors of all that runs now, for [`Self::left_over`].
    pub(super) fn count_descriptors(&mut self) -> Result<()> {
        self.before = self.descriptors()?;
        Ok(())
    }

    fn descriptors(&self) -> Result<Vec<(u32, usize)>> {
        let consumers = self.consumers.iter().map(Consumer::id);
        let providers = self.providers.iter().map(|provider| provider.target.id());
        consumers.chain(providers).map(|id| Ok((id, descriptors(id)?))).collect()
    }

    /// The most descriptors by which a process of the beginning has grown for good, but for `more` that
    /// new processes explain; `None` if none of them runs any more.
    pub(super) fn left_over(&self, more: usize) -> Option<usize> {
        const SETTLES: Duration = Duration::from_secs(8);
        let end = Instant::now() + SETTLES;
        loop {
            // Those that the case ended are gone.
            let grown = self.before.iter().filter_map(|&(id, before)| {
                Some(descriptors(id).ok()?.saturating_sub(before + more))
            });
            let most = grown.max()?;
            if most == 0 || Instant::now() > end {
                return Some(most);
            }
            thread::sleep(Duration::from_millis(200));
        }
    }

    /// The verdict: failures, what was measured, descriptors.
    pub(super) fn verdict(&mut self, figures: &str, in_time: bool, more: usize) -> (String, bool) {
        let failures = self.failures();
        let first = failures.first().map_or_else(String::new, |e| format!("; first: {}", e.error));
        let died = self.check_alive().err().map_or_else(String::new, |error| format!("; {error}"));
        let (kept, left) = match self.left_over(more) {
            Some(left) => (left == 0, format!("{left} descriptors left over")),
            None => (true, "no process lives through it".to_owned()),
        };
        let kept = kept && in_time && failures.is_empty() && died.is_empty();
        let what = format!("{} calls failed; {figures}; {left}{died}{first}", failures.len());
        (what, kept)
    }
}

/// A line such as `seen 1700000000000 4711`.
fn seen(line: &str) -> Option<(u128, u32)> {
    let (at, who) = line.strip_prefix("seen ")?.split_once(' ')?;
    Some((at.parse().ok()?, who.parse().ok()?))
}

/// The number of open descriptors of a process.
fn descriptors(id: u32) -> Result<usize> {
    Ok(fs::read_dir(format!("/proc/{id}/fd"))?.count())
}

#[cfg(test)]
mod tests {
    use super::seen;

    #[test]
    fn lines_say_who_answered() {
        assert_eq!(seen("seen 17 42"), Some((17, 42)));
        assert_eq!(seen("failed 17 42"), None);
    }
}
