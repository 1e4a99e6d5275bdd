//! Keys that hold secrets. Each `x` may be given as `x_file` too, for secrets that platforms mount.
//! What is wrong with one is said without showing it.

use std::io;

use super::{
    fault::Fault,
    reader::{Table, Value},
    source::{ReadError, read_file},
    spec::Secret,
};

/// Nobody writes a longer one by hand, and no header field takes it.
const LONGEST: usize = 256;
/// What cannot be guessed: 16 letters and digits are more than 80 bits.
const SHORTEST: usize = 16;
const FILE_LIMIT: u64 = 1024;
const WAY_OUT: &str = "make one: openssl rand -hex 32";

/// Reads `key`, or the file that `key_file` names.
pub(super) fn secret(table: &Table<'_>, key: &str) -> Option<Secret> {
    let (written, file) = (table.get(key), table.get(&format!("{key}_file")));
    match (written, file) {
        (Some(_), Some(file)) => {
            let problem = format!("stands beside `{key}`");
            file.reject(&problem, "keep one of the two");
            None
        }
        (Some(written), None) => written.read("a secret", bearer),
        (None, Some(file)) => from_file(&file),
        (None, None) => None,
    }
}

fn from_file(file: &Value<'_>) -> Option<Secret> {
    let path = file.file()?;
    let text = match read_file(&path, FILE_LIMIT).map(String::from_utf8) {
        Ok(Ok(text)) => text,
        Ok(Err(_)) => {
            file.reject("is no secret: it is not text", WAY_OUT);
            return None;
        }
        Err(error) => {
            let way_out = match &error {
                ReadError::TooLarge => "put the secret alone into the file",
                ReadError::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    "let the user of this process read it"
                }
                _ => "paths start from the directory of this file; mount the secret there",
            };
            file.reject(&format!("is no secret: it {error}"), way_out);
            return None;
        }
    };
    // Editors and `echo` end files with a line's end.
    match bearer(text.trim_end_matches(['\n', '\r'])) {
        Ok(secret) => Some(secret),
        Err(fault) => {
            let problem = format!("holds what {}", fault.problem);
            file.reject(&problem, &fault.way_out);
            None
        }
    }
}

/// What fits into `Authorization: Bearer` (RFC 6750 section 2.1).
fn bearer(text: &str) -> Result<Secret, Fault> {
    let is_known = |c: char| c.is_ascii_alphanumeric() || "-._~+/".contains(c);
    if !text.trim_end_matches('=').chars().all(is_known) {
        let problem = "has other characters than letters, digits and -._~+/";
        return Err(Fault::new(problem, WAY_OUT));
    }
    if text.len() < SHORTEST {
        let problem = format!("is shorter than {SHORTEST} characters");
        return Err(Fault::new(problem, WAY_OUT));
    }
    if text.len() > LONGEST {
        let problem = format!("is longer than {LONGEST} characters");
        return Err(Fault::new(problem, WAY_OUT));
    }
    Ok(Secret::new(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_fits_into_a_field() {
        let long = "x".repeat(LONGEST);
        for good in ["0123456789abcdef", "aB3-._~+/0123456==", &long] {
            assert!(bearer(good).unwrap().is(good.as_bytes()), "{good}");
        }
        for bad in [
            "",
            "short",
            "with spaces in it all over",
            "line\nbreak-0123456789",
            "ümläut-0123456789",
            &format!("{long}x"),
        ] {
            assert!(bearer(bad).is_err(), "{bad}");
        }
    }
}
