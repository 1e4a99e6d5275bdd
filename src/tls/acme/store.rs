//! Accounts and certificates on disk, for the next start and for other processes on the volume.
//!
//! `DATA/acme/DIRECTORY/` holds what is of one directory. A certificate and its key are one file,
//! which is exchanged as a whole: readers see the one before or the one after. Only the owner may
//! read (0700 and 0600). Nothing here is on the request's way.

use std::{
    fmt::Write as _,
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, Read as _, Write as _},
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::attempts::Attempts;

/// A chain of certificates is a few KiB.
const LIMIT: u64 = 1024 * 1024;
/// How much of a name goes into the name of a file; its digest tells names apart.
const READABLE: usize = 100;

/// What belongs to one directory.
#[derive(Debug, Clone)]
pub(super) struct Store {
    root: PathBuf,
    folder: PathBuf,
}

/// Held by the process that orders. Ends with it, whatever happens.
pub(super) struct Lock(#[expect(dead_code, reason = "held, not read")] Option<File>);

impl Store {
    /// Below the data of the process, for the directory at this address.
    pub(super) fn new(data: &Path, directory: &str) -> Self {
        let host = directory.split('/').nth(2).unwrap_or_default();
        Self {
            root: data.to_owned(),
            folder: data.join("acme").join(file_name(host, directory)),
        }
    }

    /// Where it is, for people.
    pub(super) fn shown(&self) -> String {
        self.folder.display().to_string()
    }

    /// Makes the folders and sees whether they can be written to.
    pub(super) fn prepare(&self) -> io::Result<()> {
        fs::create_dir_all(&self.root)?;
        let mut private = DirBuilder::new();
        private.recursive(true).mode(0o700).create(&self.folder)?;
        let probe = self.folder.join(temporary("probe"));
        drop(create(&probe)?);
        fs::remove_file(probe)
    }

    /// The account of this mail address, as it was kept.
    pub(super) fn account(&self, contact: &str) -> io::Result<Option<String>> {
        read(&self.account_file(contact))
    }

    /// Keeps an account.
    pub(super) fn keep_account(&self, contact: &str, text: &str) -> io::Result<()> {
        self.write(&self.account_file(contact), text)
    }

    /// Forgets an account that its directory has forgotten.
    pub(super) fn forget_account(&self, contact: &str) -> io::Result<()> {
        fs::remove_file(self.account_file(contact))
    }

    /// The certificate for these names with its key, as it was kept.
    pub(super) fn certificate(&self, names: &[String]) -> io::Result<Option<String>> {
        read(&self.of_names(names, "pem"))
    }

    /// Keeps a certificate with its key.
    pub(super) fn keep_certificate(&self, names: &[String], pem: &str) -> io::Result<()> {
        self.write(&self.of_names(names, "pem"), pem)
    }

    /// What was tried for these names. What cannot be read was not tried.
    pub(super) fn attempts(&self, names: &[String]) -> Attempts {
        let text = read(&self.of_names(names, "attempts.json")).ok().flatten();
        let attempts = text.and_then(|text| serde_json::from_str(&text).ok());
        attempts.unwrap_or_default()
    }

    /// Keeps what was tried.
    pub(super) fn keep_attempts(&self, names: &[String], attempts: &Attempts) -> io::Result<()> {
        let text = serde_json::to_string(attempts)?;
        self.write(&self.of_names(names, "attempts.json"), &text)
    }

    /// The right to order for these names; `None` while another process has it. Where there can be
    /// no lock, there is no other process to lock out either: a volume that cannot be written to.
    pub(super) fn lock(&self, names: &[String]) -> Option<Lock> {
        let Ok(file) = create_or_open(&self.of_names(names, "lock")) else {
            return Some(Lock(None));
        };
        match file.try_lock() {
            Ok(()) => Some(Lock(Some(file))),
            Err(fs::TryLockError::WouldBlock) => None,
            Err(fs::TryLockError::Error(_)) => Some(Lock(None)),
        }
    }

    fn account_file(&self, contact: &str) -> PathBuf {
        self.folder.join(file_name("account", contact) + ".json")
    }

    fn of_names(&self, names: &[String], ending: &str) -> PathBuf {
        let mut sorted = names.to_vec();
        sorted.sort();
        let first = names.first().map(String::as_str).unwrap_or_default();
        let name = file_name(first, &sorted.join(" "));
        self.folder.join(format!("{name}.{ending}"))
    }

    /// All of it, or what was there before.
    fn write(&self, file: &Path, text: &str) -> io::Result<()> {
        let new = self.folder.join(temporary("new"));
        let written = create(&new).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            file.sync_all()
        });
        let done = written
            .and_then(|()| fs::rename(&new, file))
            .and_then(|()| File::open(&self.folder)?.sync_all());
        if done.is_err() {
            drop(fs::remove_file(&new));
        }
        done
    }
}

/// Readable, and another one for each text.
fn file_name(readable: &str, text: &str) -> String {
    let is_plain = |c: &char| c.is_ascii_alphanumeric() || ".-".contains(*c);
    let mut name: String = readable
        .chars()
        .filter(is_plain)
        .take(READABLE)
        .collect::<String>()
        .trim_start_matches('.')
        .to_owned();
    name.push('-');
    for byte in Sha256::digest(text).iter().take(6) {
        let _ = write!(name, "{byte:02x}");
    }
    name
}

/// A name that no other process and no other writer uses.
fn temporary(ending: &str) -> String {
    format!(
        ".{}-{:016x}.{ending}",
        std::process::id(),
        fastrand::u64(..)
    )
}

fn create(file: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
}

fn create_or_open(file: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(file)
}

fn read(file: &Path) -> io::Result<Option<String>> {
    let opened = match File::open(file) {
        Ok(opened) => opened,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    opened.take(LIMIT).read_to_string(&mut text)?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests;
