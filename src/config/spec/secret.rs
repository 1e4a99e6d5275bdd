//! A text that nobody is shown.

use std::fmt;

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A secret of the configuration. It can be compared with what somebody offers, and nothing else:
/// it has no text form, and its [`fmt::Debug`] is the same for all of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Of what was read.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// Whether this is it. Takes as long for a near guess as for a far one, whatever its length:
    /// what is compared are digests.
    #[must_use]
    pub fn is(&self, offered: &[u8]) -> bool {
        let [own, offered] = [self.0.as_bytes(), offered].map(Sha256::digest);
        own.as_slice().ct_eq(offered.as_slice()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_secret_is_it() {
        let secret = Secret::new("correct-horse-battery".to_owned());
        assert!(secret.is(b"correct-horse-battery"));
        for other in [
            "",
            "correct-horse",
            "correct-horse-batterz",
            "correct-horse-battery ",
        ] {
            assert!(!secret.is(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn no_form_of_it_shows_it() {
        let secret = Some(Secret::new("correct-horse-battery".to_owned()));
        assert_eq!(format!("{secret:?} {secret:#?}").matches("***").count(), 2);
        assert!(!format!("{secret:?} {secret:#?}").contains("horse"));
    }
}
