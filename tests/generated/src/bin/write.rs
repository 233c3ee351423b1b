//! Writes `generated/` anew.

use std::io;
use std::path::Path;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("generated");
    if root.exists() {
        std::fs::remove_dir_all(&root)?;
    }
    for (path, text) in dubhe_generated::output().files {
        let path = root.join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, text)?;
    }
    Ok(())
}
