//! The text of one file, and places in it.

use std::{
    borrow::Cow,
    fs::File,
    io::{self, Read as _},
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::hidden::without_secrets;

/// One file as it was read.
#[derive(Debug)]
pub(super) struct Source {
    /// Its path as it is shown: relative to the configuration's directory.
    pub shown: String,
    /// The directory that relative paths in it start from.
    pub directory: PathBuf,
    /// Its text.
    pub text: String,
}

impl Source {
    /// The text as it may be shown. Every byte stays in its place.
    pub(super) fn shown_text(&self) -> Cow<'_, str> {
        without_secrets(&self.text)
    }

    /// What is written at a place, on one line and not too long.
    pub(super) fn written(&self, span: &Range<usize>) -> String {
        const LONGEST: usize = 60;
        let text = self.shown_text();
        let line = text
            .get(span.clone())
            .unwrap_or_default()
            .lines()
            .next()
            .unwrap_or("");
        if line.chars().count() <= LONGEST {
            return line.to_owned();
        }
        line.chars().take(LONGEST).chain(['…']).collect()
    }
}

/// A place in a file.
#[derive(Debug, Clone)]
pub(super) struct Spot {
    pub source: Arc<Source>,
    /// Bytes of the text; always within it and between characters.
    pub span: Range<usize>,
}

impl Spot {
    /// A place, moved to the nearest one that exists.
    pub(super) fn new(source: &Arc<Source>, span: Range<usize>) -> Self {
        let start = source.text.floor_char_boundary(span.start);
        let end = source
            .text
            .ceil_char_boundary(span.end.min(source.text.len()))
            .max(start);
        Self {
            source: Arc::clone(source),
            span: start..end,
        }
    }

    /// Line and column (in characters), both from 1.
    pub(super) fn place(&self) -> (usize, usize) {
        place(&self.source.text, self.span.start)
    }

    /// `sites/shop.toml:3:1`.
    pub(super) fn named(&self) -> String {
        let (line, column) = self.place();
        format!("{}:{line}:{column}", self.source.shown)
    }
}

/// Line and column (in characters) of a byte of a text, both from 1.
pub(super) fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.matches('\n').count() + 1;
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// Reads a regular file of at most `limit` bytes. Anything else (a pipe, a device) could keep the
/// start waiting for ever.
pub(super) fn read_file(path: &Path, limit: u64) -> Result<Vec<u8>, ReadError> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(ReadError::NotAFile);
    }
    let mut bytes = Vec::new();
    File::open(path)?
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length <= limit) {
        Ok(bytes)
    } else {
        Err(ReadError::TooLarge)
    }
}

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error("{}", plain(.0))]
    Io(#[from] io::Error),
    #[error("is not a regular file")]
    NotAFile,
    #[error("is too large")]
    TooLarge,
}

/// The usual reasons in words that do not differ between systems.
fn plain(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "does not exist".to_owned(),
        io::ErrorKind::PermissionDenied => "cannot be read: permission denied".to_owned(),
        _ => format!("cannot be read: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_counted_in_lines_and_characters_from_one() {
        let text = "a = 1\nß = ü\n";
        assert_eq!(place(text, 0), (1, 1));
        assert_eq!(place(text, 4), (1, 5));
        assert_eq!(place(text, text.find('ü').unwrap()), (2, 5));
        assert_eq!(place(text, text.len()), (3, 1));
    }

    #[test]
    fn a_span_outside_the_text_is_moved_into_it() {
        let source = Arc::new(Source {
            shown: "x".to_owned(),
            directory: PathBuf::new(),
            text: "aß".to_owned(),
        });
        assert_eq!(Spot::new(&source, 2..900).span, 1..3);
        assert_eq!(Spot::new(&source, 50..60).span, 3..3);
    }

    #[test]
    fn only_regular_files_within_the_limit_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "12345").unwrap();
        assert_eq!(read_file(&path, 5).unwrap(), b"12345");
        assert!(matches!(read_file(&path, 4), Err(ReadError::TooLarge)));
        assert!(matches!(
            read_file(directory.path(), 4),
            Err(ReadError::NotAFile)
        ));
        assert!(matches!(
            read_file(Path::new("/dev/zero"), 4),
            Err(ReadError::NotAFile)
        ));
        assert!(matches!(
            read_file(&directory.path().join("no"), 4),
            Err(ReadError::Io(_))
        ));
    }
}
