//! `grpc-timeout`: at most eight digits and a unit (gRPC over HTTP/2, "Timeout").

use dubhe_core::time::Duration;

/// The units, each with its nanoseconds, finest first.
const UNITS: [(char, u64); 6] = [
    ('n', 1),
    ('u', 1_000),
    ('m', 1_000_000),
    ('S', 1_000_000_000),
    ('M', 60_000_000_000),
    ('H', 3_600_000_000_000),
];

/// The largest value, of eight digits.
const MAX_VALUE: u128 = 99_999_999;

/// The header of a timeout, in the finest unit that holds it, as Dubbo Java writes it. Never
/// longer than the timeout, but for one above eleven thousand years.
pub fn format(timeout: Duration) -> String {
    let nanos = timeout.as_nanos();
    let fits = UNITS.iter().map(|(unit, size)| (unit, nanos / u128::from(*size)));
    match fits.into_iter().find(|(_, n)| *n <= MAX_VALUE) {
        Some((unit, n)) => format!("{n}{unit}"),
        None => format!("{MAX_VALUE}H"),
    }
}

/// The timeout of a header; `None` when it is malformed.
pub fn parse(header: &str) -> Option<Duration> {
    let unit = header.chars().next_back()?;
    let (_, size) = UNITS.iter().find(|(u, _)| *u == unit)?;
    let digits = header.strip_suffix(unit)?;
    let fine = (1..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let n: u64 = fine.then(|| digits.parse().ok()).flatten()?;
    let nanos = u128::from(n) * u128::from(*size);
    let (seconds, rest) = (nanos / 1_000_000_000, nanos % 1_000_000_000);
    Some(Duration::new(u64::try_from(seconds).ok()?, u32::try_from(rest).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_java_writes_it() {
        assert_eq!(format(Duration::from_secs(5)), "5000000u");
        assert_eq!(format(Duration::from_millis(99)), "99000000n");
        assert_eq!(format(Duration::ZERO), "0n");
        assert_eq!(format(Duration::from_secs(100_000)), "100000S");
        assert_eq!(format(Duration::MAX), "99999999H");
    }

    #[test]
    fn reads_every_unit_and_nothing_else() {
        assert_eq!(parse("5000000u"), Some(Duration::from_secs(5)));
        assert_eq!(parse("3n"), Some(Duration::from_nanos(3)));
        assert_eq!(parse("2m"), Some(Duration::from_millis(2)));
        assert_eq!(parse("1S"), Some(Duration::from_secs(1)));
        assert_eq!(parse("2M"), Some(Duration::from_mins(2)));
        assert_eq!(parse("99999999H"), Some(Duration::from_hours(99_999_999)));
        for bad in ["", "u", "5", "100000000u", "+5u", "-5u", "5s", "5 u", "é"] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
