//! Files stay short enough to read.

use super::Finding;
use crate::repo::Repo;

const MEDIAN: usize = 150;
const P95: usize = 500;
const MAX: usize = 800;
const TRACKED_BYTES: u64 = 1 << 20;

/// Rust files: the median, the 95th percentile and the longest, in lines.
pub(super) fn source(repo: &Repo) -> Vec<Finding> {
    let mut sizes: Vec<(usize, &str)> =
        repo.rust().map(|file| (file.text.lines().count(), file.path.as_str())).collect();
    sizes.sort_unstable();
    let mut found: Vec<Finding> = sizes
        .iter()
        .filter(|(lines, _)| *lines > MAX)
        .map(|(lines, path)| Finding::at(path, *lines, format!("longer than {MAX} lines")))
        .collect();
    for (percent, limit) in [(50, MEDIAN), (95, P95)] {
        // Nearest rank, so that a few files can be judged too.
        let rank = (sizes.len() * percent).div_ceil(100).saturating_sub(1);
        if let Some((lines, path)) = sizes.get(rank).filter(|(lines, _)| *lines > limit) {
            let what = format!(
                "{percent} % of the files may have up to {limit} lines; this one is at that rank"
            );
            found.push(Finding::at(path, *lines, what));
        }
    }
    found
}

/// Every file in the repository, in bytes.
pub(super) fn tracked(repo: &Repo) -> Vec<Finding> {
    repo.files
        .iter()
        .filter(|file| file.bytes > TRACKED_BYTES)
        .map(|file| {
            Finding::new(&file.path, format!("{} bytes; at most {TRACKED_BYTES}", file.bytes))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample::files;
    use super::{source, tracked};

    #[test]
    fn the_longest_file_has_a_limit() {
        let (short, long) = ("x\n".repeat(10), "x\n".repeat(801));
        let mut repo: Vec<(&str, &str)> = vec![("short.rs", &short); 40];
        assert_eq!(source(&files(&repo)), []);
        repo.push(("long.rs", &long));
        let found = source(&files(&repo));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].place, "long.rs:801");
        repo.push(("notes.md", &long));
        assert_eq!(source(&files(&repo)).len(), 1);
    }

    #[test]
    fn median_and_p95_have_limits() {
        let (short, middle, long) = ("x\n".repeat(10), "x\n".repeat(151), "x\n".repeat(501));
        let over_median = source(&files(&[("a.rs", &short), ("b.rs", &middle), ("c.rs", &middle)]));
        assert_eq!(over_median.iter().map(|f| f.place.as_str()).collect::<Vec<_>>(), ["b.rs:151"]);
        let over_p95 = source(&files(&[("a.rs", &short), ("b.rs", &short), ("c.rs", &long)]));
        assert_eq!(over_p95.iter().map(|f| f.place.as_str()).collect::<Vec<_>>(), ["c.rs:501"]);
    }

    #[test]
    fn large_files_are_found() {
        let mut repo = files(&[("a.bin", ""), ("b.bin", "")]);
        repo.files[0].bytes = 1 << 20;
        repo.files[1].bytes = (1 << 20) + 1;
        let places: Vec<String> = tracked(&repo).into_iter().map(|finding| finding.place).collect();
        assert_eq!(places, ["b.bin"]);
    }
}
