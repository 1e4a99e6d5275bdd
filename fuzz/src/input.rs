//! Bytes → what a check needs: heads out of lines, sites out of files.

use std::{path::Path, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use intermission::config::{self, Loaded, Problems, spec::SiteSpec};

/// The lines of an input, without their ends.
pub fn lines(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    data.split(|byte| *byte == b'\n')
}

/// `name: value` lines as a head. Those that no HTTP library would let in are left out.
pub fn fields<'a>(lines: impl Iterator<Item = &'a [u8]>) -> HeaderMap {
    let mut fields = HeaderMap::new();
    for line in lines.take(100) {
        let mut halves = line.splitn(2, |byte| *byte == b':');
        let name = halves
            .next()
            .and_then(|name| HeaderName::from_bytes(name).ok());
        let value = halves.next().unwrap_or_default().trim_ascii();
        if let (Some(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
            fields.append(name, value);
        }
    }
    fields
}

/// A request target.
pub fn target(line: &[u8]) -> Option<Uri> {
    Uri::try_from(line).ok()
}

/// Whether a value is fit to stand in a head: printable, nothing that ends a line.
pub fn is_clean(value: &HeaderValue) -> bool {
    value
        .as_bytes()
        .iter()
        .all(|byte| !matches!(byte, b'\r' | b'\n' | 0))
}

/// A directory of configuration that one check writes to again and again.
pub struct Files(tempfile::TempDir);

impl Files {
    pub fn new() -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        std::fs::create_dir(directory.path().join("sites")).expect("an empty directory");
        Self(directory)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.path().join(name), bytes).expect("a writable directory");
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// What is loaded, in an environment with nothing in it.
    pub fn load(&self) -> Result<Loaded, Problems> {
        config::load_with(self.path(), &|_| None)
    }

    /// The only site, where there is one.
    pub fn site(&self) -> Option<Arc<SiteSpec>> {
        self.load().ok()?.config.sites.into_iter().next()
    }
}
