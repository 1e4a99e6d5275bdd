//! The `check` command.

use std::{path::Path, process::Command};

use super::proxy::BINARY;

/// All that `check` shows of a directory, but for its last line, which names the directory.
pub(crate) fn checked(dir: &Path) -> String {
    let shown = Command::new(BINARY)
        .args(["check", "--config"])
        .arg(dir)
        .output()
        .expect("the binary runs");
    String::from_utf8_lossy(&shown.stderr)
        .lines()
        .filter(|line| !line.ends_with(&dir.display().to_string()))
        .flat_map(|line| [line, "\n"])
        .collect()
}
