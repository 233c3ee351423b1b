//! The services in a registry that is a folder.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use dubhe::Url;

/// The most bytes of a file that are read, as the registry takes by default.
const MAX_FILE: u64 = 1 << 20;

/// The folder of a registry's URL, if it is one.
pub(super) fn of(url: &str) -> Option<&Path> {
    let rest = url.strip_prefix("file://")?;
    Some(Path::new(rest.split('?').next().unwrap_or_default()))
}

/// The services of all providers in the folder, each once and sorted: `group/interface:version`.
///
/// # Errors
/// When the folder cannot be read; a file that cannot is passed over, as the registry does.
pub(super) fn services(folder: &Path) -> io::Result<Vec<String>> {
    let mut services = Vec::new();
    for entry in folder.read_dir()? {
        let path = entry?.path();
        let mut text = String::new();
        let is_list = path.extension().is_some_and(|extension| extension == "url");
        let read = |file: File| file.take(MAX_FILE).read_to_string(&mut text);
        if !is_list || File::open(&path).and_then(read).is_err() {
            continue;
        }
        let lines = text.lines().map(str::trim).filter(|line| !line.starts_with('#'));
        let urls = lines.filter_map(|line| Url::parse(line, "dubbo").ok());
        services.extend(urls.map(|url| url.service().to_string()).filter(|name| !name.is_empty()));
    }
    services.sort_unstable();
    services.dedup();
    Ok(services)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_is_there_once() {
        let folder = dubhe_testkit::Folder::new().unwrap();
        for (name, text) in [
            (
                "a.url",
                "dubbo://h:1/a.B?version=1\n# dubbo://h:1/a.Not\n\ntri://h:1/a.B?version=1\n",
            ),
            ("b.url", "dubbo://h:2/a.C?group=g\nnonsense\n"),
            ("c.txt", "dubbo://h:2/a.Not\n"),
        ] {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        assert_eq!(services(folder.path()).unwrap(), ["a.B:1", "g/a.C"]);
        assert_eq!(of("file:///x/y?max.file=1"), Some(Path::new("/x/y")));
        assert_eq!(of("zookeeper://h:1"), None);
    }
}
