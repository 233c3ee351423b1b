//! Figures of Linux about a process.

use std::fs;

use crate::Result;

/// `USER_HZ`: the kernel reports times to programs in hundredths of a second
/// on every architecture in use.
const TICK_US: f64 = 10_000.0;

/// Processor time that all threads of a process have used, in microseconds.
pub(crate) fn cpu_us(pid: u32) -> Result<f64> {
    let stat = read(pid, "stat")?;
    Ok(ticks(&stat).ok_or_else(|| format!("cannot read the times in /proc/{pid}/stat: {stat}"))?
        * TICK_US)
}

/// The resident memory of a process, in MiB.
pub(crate) fn rss_mib(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    Ok(kib(&status, "VmRSS:").ok_or_else(|| format!("no VmRSS in /proc/{pid}/status"))? / 1024.0)
}

/// The highest resident memory of a process since [`forget_peak`], in MiB.
pub(crate) fn peak_mib(pid: u32) -> Result<f64> {
    let status = read(pid, "status")?;
    Ok(kib(&status, "VmHWM:").ok_or_else(|| format!("no VmHWM in /proc/{pid}/status"))? / 1024.0)
}

/// Sets the highest resident memory of a process to the current one.
pub(crate) fn forget_peak(pid: u32) -> Result<()> {
    let path = format!("/proc/{pid}/clear_refs");
    fs::write(&path, "5").map_err(|error| format!("cannot write {path}: {error}").into())
}

fn read(pid: u32, file: &str) -> Result<String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(|error| format!("cannot read {path}: {error}").into())
}

/// utime and stime, fields 14 and 15. Field 2 is the name, which may hold
/// spaces and brackets.
fn ticks(stat: &str) -> Option<f64> {
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some(user + system)
}

fn kib(status: &str, key: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    line.trim().strip_suffix(" kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{kib, ticks};

    #[test]
    fn times_follow_a_name_with_brackets() {
        let stat = "42 (a) b) S 1 2 3 4 5 6 7 8 9 10 110 13 0 0 20 0 1 0 7";
        assert_eq!(ticks(stat), Some(123.0));
    }

    #[test]
    fn resident_memory_is_read() {
        assert_eq!(kib("VmPeak:\t 9 kB\nVmRSS:\t    2048 kB\n", "VmRSS:"), Some(2048.0));
        assert_eq!(kib("VmPeak:\t 9 kB\n", "VmRSS:"), None);
    }
}
