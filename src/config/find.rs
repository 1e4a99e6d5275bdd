//! Where the configuration is.

use std::path::{Path, PathBuf};

/// Looked at in this order when no directory is named.
const USUAL: [&str; 2] = ["/etc/intermission", "./config"];

/// There is no configuration to read.
#[derive(Debug, thiserror::Error)]
#[error("{}\n{}", self.problem(), self.way_out())]
pub enum NoConfig {
    /// The directory that was named is none.
    NotThere(PathBuf),
    /// None was named, and none of the usual ones exists.
    Nowhere,
}

impl NoConfig {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> String {
        match self {
            Self::NotThere(dir) => format!("there is no directory {}", dir.display()),
            Self::Nowhere => {
                format!(
                    "there is no configuration: neither {} exists",
                    USUAL.join(" nor ")
                )
            }
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn way_out(&self) -> &'static str {
        match self {
            Self::NotThere(_) => {
                "name the directory that holds intermission.toml and sites/, not a file in it"
            }
            Self::Nowhere => {
                "there are three ways to start:\n  \
                 intermission demo                                  a shop to try it with\n  \
                 intermission run --upstream http://127.0.0.1:3000  one site, no files\n  \
                 intermission run --config DIR                      DIR holds sites/NAME.toml"
            }
        }
    }
}

/// The directory to read: the one that is named, else `/etc/intermission`, else `./config`.
///
/// # Errors
///
/// When it does not exist.
pub fn find_dir(explicit: Option<&Path>) -> Result<PathBuf, NoConfig> {
    find_among(explicit, &USUAL.map(Path::new))
}

fn find_among(explicit: Option<&Path>, usual: &[&Path]) -> Result<PathBuf, NoConfig> {
    match explicit {
        Some(directory) if directory.is_dir() => Ok(directory.to_owned()),
        Some(directory) => Err(NoConfig::NotThere(directory.to_owned())),
        None => usual
            .iter()
            .find(|directory| directory.is_dir())
            .map(|directory| (*directory).to_owned())
            .ok_or(NoConfig::Nowhere),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_named_directory_wins_then_the_first_usual_one_that_exists() {
        let [a, b] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        let missing = a.path().join("missing");
        let usual = [missing.as_path(), b.path()];
        assert_eq!(find_among(Some(a.path()), &usual).unwrap(), a.path());
        assert_eq!(find_among(None, &usual).unwrap(), b.path());
    }

    #[test]
    fn a_directory_that_is_not_there_is_an_error_with_ways_out() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let named = find_among(Some(&missing), &[directory.path()]).unwrap_err();
        assert!(named.to_string().contains("missing"));
        let nowhere = find_among(None, &[&missing]).unwrap_err().to_string();
        assert!(nowhere.contains("intermission run --upstream"));
        assert!(nowhere.contains("intermission demo"));
    }

    #[test]
    fn a_file_is_not_a_directory() {
        let file = tempfile::NamedTempFile::new().unwrap();
        assert!(matches!(
            find_among(Some(file.path()), &[]),
            Err(NoConfig::NotThere(_))
        ));
    }
}
