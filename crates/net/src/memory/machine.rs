//! The memory that this process may use: that of its cgroup, or of the machine.

use std::fs;
use std::path::{Path, PathBuf};

/// The memory that is assumed where nothing tells of it, as on other systems than Linux: 4 GiB.
const ASSUMED: u64 = 4 << 30;

/// The bytes of memory that this process may use: the least limit of its cgroups (version 2
/// `memory.max`, version 1 `memory.limit_in_bytes`), and at most what the machine has.
pub(super) fn available() -> usize {
    usize::try_from(available_under(Path::new("/"))).unwrap_or(usize::MAX)
}

fn available_under(root: &Path) -> u64 {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_default();
    let cgroup = read("proc/self/cgroup");
    let limits = cgroup.lines().filter_map(|line| cgroup_limit(root, line));
    limits.chain(machine(&read("proc/meminfo"))).min().unwrap_or(ASSUMED)
}

/// The memory of the machine in bytes (`MemTotal` of `/proc/meminfo`, which is in KiB).
fn machine(meminfo: &str) -> Option<u64> {
    let total = meminfo.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    total.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The least limit on the way from the cgroup that a line of `/proc/self/cgroup` names
/// (`hierarchy:controllers:path`) to the root of its hierarchy.
fn cgroup_limit(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':');
    let (_, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
    let (mount, file) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        some if some.split(',').any(|name| name == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return None,
    };
    let mount = root.join(mount);
    let own: PathBuf = mount.join(path.trim_start_matches('/'));
    // A container sees its own cgroup at the mount, whatever its path is outside.
    let ways = own.ancestors().take_while(|folder| folder.starts_with(&mount));
    // `max` is no limit, and no number.
    ways.filter_map(|folder| fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder with these files, removed in the end.
    struct Root(PathBuf);

    impl Root {
        fn with(name: &str, files: &[(&str, &str)]) -> Self {
            let root = std::env::temp_dir().join(format!("dubhe-{name}-{}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Self(root)
        }
    }

    impl Drop for Root {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    const MEMINFO: (&str, &str) = ("proc/meminfo", "MemTotal:        4194304 kB\nMemFree: 1 kB\n");

    #[test]
    fn the_least_limit_on_the_way_to_the_root_counts() {
        let two = Root::with(
            "cgroup-2",
            &[
                MEMINFO,
                ("proc/self/cgroup", "0::/pod/app\n"),
                ("sys/fs/cgroup/pod/app/memory.max", "max\n"),
                ("sys/fs/cgroup/pod/memory.max", "536870912\n"),
                ("sys/fs/cgroup/memory.max", "1073741824\n"),
            ],
        );
        assert_eq!(available_under(&two.0), 512 << 20);
        let one = Root::with(
            "cgroup-1",
            &[
                MEMINFO,
                ("proc/self/cgroup", "5:cpu,cpuacct:/\n4:memory:/docker/ab\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n"),
            ],
        );
        assert_eq!(available_under(&one.0), 256 << 20);
    }

    #[test]
    fn without_a_limit_the_machine_counts() {
        let machine = Root::with(
            "machine",
            &[
                MEMINFO,
                ("proc/self/cgroup", "4:memory:/\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
        );
        assert_eq!(available_under(&machine.0), 4 << 30);
        let nothing = Root::with("nothing", &[("proc/meminfo", "MemTotal: many\n")]);
        assert_eq!(available_under(&nothing.0), ASSUMED);
    }
}
