//! A registry in a folder, whose files somebody breaks.

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use super::super::Chaos;
use super::Light;
use super::cases::{Tell, newcomers};
use super::fleet::Fleet;
use super::stops::{ROLLED, kill_and_start, roll};
use crate::Result;
use crate::registries::Level;

pub(super) const CASES: &[(&str, Light)] =
    &[("faults", faults), ("restart", restart), ("rolling", rolling)];

/// The time that a fault lasts: the folder is read once a second.
const LASTS: Duration = Duration::from_secs(3);

/// The folder of a case, and its URL.
fn folder(chaos: &Chaos, case: &str) -> (PathBuf, String) {
    let folder = chaos.peers.file(&format!("{case}-file"));
    let url = format!("file://{}", folder.display());
    (folder, url)
}

fn restart(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let (_, url) = folder(chaos, "restart");
    let mut fleet = Fleet::start(chaos, Level::Interface, "restart", &url, 2, &[&url])?;
    kill_and_start(&mut fleet, chaos.rounds(3, 100), tell)
}

fn rolling(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let (_, url) = folder(chaos, "rolling");
    let mut fleet = Fleet::start(chaos, Level::Interface, "rolling", &url, ROLLED, &[])?;
    roll(chaos, &mut fleet, &url, tell)
}

/// Files that are no use beside those of providers, files that are half written or empty, a folder that is away,
/// and files that are replaced all the time.
fn faults(chaos: &Chaos, tell: &mut Tell<'_>) -> Result<()> {
    let (folder, url) = folder(chaos, "faults");
    let fleet = Fleet::start(chaos, Level::Interface, "faults", &url, 2, &[&url])?;
    let mut fleets = [fleet];
    let whole = read(&folder)?;
    if whole.is_empty() {
        return Err("no provider has written a file".into());
    }

    for (name, bytes) in junk(&whole) {
        fs::write(folder.join(name), bytes)?;
    }
    fs::create_dir(folder.join("folder.url"))?;
    thread::sleep(LASTS);

    // As an editor leaves a file for a while: of one provider, then of all.
    let (path, text) = whole.first().ok_or("no file")?;
    fs::write(path, cut(text, 50))?;
    thread::sleep(LASTS);
    fs::write(path, text)?;
    thread::sleep(LASTS);
    for percent in [50, 0] {
        for (path, text) in &whole {
            fs::write(path, cut(text, percent))?;
        }
        thread::sleep(LASTS);
        for (path, text) in &whole {
            fs::write(path, text)?;
        }
        thread::sleep(LASTS);
    }

    // All files, and the folder with them.
    let aside = folder.with_extension("aside");
    fs::create_dir_all(&aside)?;
    for (path, _) in &whole {
        fs::rename(path, aside.join(path.file_name().unwrap_or_default()))?;
    }
    thread::sleep(LASTS);
    for (path, _) in &whole {
        fs::rename(aside.join(path.file_name().unwrap_or_default()), path)?;
    }
    let away = folder.with_extension("away");
    fs::rename(&folder, &away)?;
    thread::sleep(LASTS);
    fs::rename(&away, &folder)?;

    for round in 0..100 {
        for (path, text) in &whole {
            let aside = path.with_extension("new");
            fs::write(&aside, format!("# {round}\n{text}"))?;
            fs::rename(&aside, path)?;
        }
        thread::sleep(LASTS / 100);
    }
    newcomers(&mut fleets, "files are broken, cut, taken away and replaced", tell)
}

/// The files of providers with their texts.
fn read(folder: &Path) -> Result<Vec<(PathBuf, String)>> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let text = fs::read_to_string(&path)?;
        all.push((path, text));
    }
    all.sort();
    Ok(all)
}

/// The beginning of a text in ASCII, of so many percent.
fn cut(text: &str, percent: usize) -> &str {
    text.get(..text.len() * percent / 100).unwrap_or_default()
}

/// Files without use.
fn junk(whole: &[(PathBuf, String)]) -> Vec<(&'static str, Vec<u8>)> {
    let one = whole.first().map_or("", |(_, text)| text);
    vec![
        ("half.url", cut(one, 50).into()),
        ("bytes.url", (0..=255).collect()),
        ("words.url", b"no url at all\n://\ndubbo://\ndubbo://:x/y\n\n# note\n".to_vec()),
        ("large.url", one.repeat(2 * 1024 * 1024 / one.len().max(1) + 1).into()),
        ("note.txt", b"dubbo://127.0.0.1:1/org.example.chaos.Chaos".to_vec()),
    ]
}
