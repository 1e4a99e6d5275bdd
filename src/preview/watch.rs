//! Whether anything in a directory has changed. Looked at now and then rather than told by the
//! system: that works on every file system and over every kind of mount.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

/// Deeper and more than any configuration has; bounds what a wrong directory costs.
const DEEPEST: usize = 6;
const MOST_FILES: usize = 10_000;

/// Differs when a file was added, removed or written.
pub(super) fn fingerprint(directory: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut folders = vec![(directory.to_owned(), 0)];
    let mut files = 0;
    while let Some((folder, depth)) = folders.pop() {
        let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
        let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
        paths.sort();
        for path in paths {
            files += 1;
            if files > MOST_FILES {
                return hasher.finish();
            }
            let Ok(facts) = fs::metadata(&path) else {
                continue;
            };
            if facts.is_dir() && depth < DEEPEST {
                folders.push((path, depth + 1));
            } else {
                (&path, facts.len(), facts.modified().ok()).hash(&mut hasher);
            }
        }
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_come_go_or_change_are_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let seen = || fingerprint(directory.path());
        let empty = seen();
        let folder = directory.path().join("sites");
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("a.toml"), "a").unwrap();
        let one = seen();
        assert_ne!(empty, one);
        assert_eq!(one, seen());
        fs::write(folder.join("a.toml"), "ab").unwrap();
        assert_ne!(one, seen());
        assert_eq!(fingerprint(Path::new("/nonexistent")), empty);
    }
}
