//! `Via`: which proxies a request has passed (RFC 9110 section 7.6.3), and the loop it betrays.
//!
//! Each process adds a name of its own, `intermission-5f2c9a`, so that one instance in front of
//! another is a chain, and only a request that meets the *same* instance again is a loop.

use http::{HeaderMap, HeaderValue, Version, header::VIA};

/// Our entry, prepared for each version of HTTP a request can come in.
#[derive(Debug, Clone)]
pub struct Via {
    pseudonym: String,
    http10: HeaderValue,
    http11: HeaderValue,
    http2: HeaderValue,
}

impl Via {
    /// For a process of this name, told apart from others by `instance`.
    #[must_use]
    pub fn new(name: &str, instance: u32) -> Self {
        let pseudonym = format!("{name}-{:06x}", instance & 0x00ff_ffff);
        let entry = |protocol: &str| {
            HeaderValue::try_from(format!("{protocol} {pseudonym}"))
                .expect("a token is a valid field value")
        };
        Self {
            http10: entry("1.0"),
            http11: entry("1.1"),
            http2: entry("2"),
            pseudonym,
        }
    }

    /// Whether the request has passed this process before.
    #[must_use]
    pub fn has_passed(&self, headers: &HeaderMap) -> bool {
        let ours = |entry: &str| {
            entry
                .split_ascii_whitespace()
                .nth(1)
                .is_some_and(|by| by == self.pseudonym)
        };
        headers
            .get_all(VIA)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .any(|line| line.split(',').any(ours))
    }

    /// Adds our entry after those that are there.
    pub fn append(&self, headers: &mut HeaderMap, received: Version) {
        let entry = match received {
            Version::HTTP_10 | Version::HTTP_09 => &self.http10,
            Version::HTTP_2 => &self.http2,
            _ => &self.http11,
        };
        headers.append(VIA, entry.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_itself_among_others_and_in_any_line() {
        let via = Via::new("intermission", 0xabc);
        let mut headers = HeaderMap::new();
        assert!(!via.has_passed(&headers));
        headers.append(
            VIA,
            HeaderValue::from_static("1.1 edge, 1.1 intermission-000abd"),
        );
        assert!(!via.has_passed(&headers));
        via.append(&mut headers, Version::HTTP_2);
        assert_eq!(
            headers.get_all(VIA).iter().next_back().unwrap(),
            "2 intermission-000abc"
        );
        assert!(via.has_passed(&headers));
    }

    #[test]
    fn another_instance_of_the_same_name_is_no_loop() {
        let mut headers = HeaderMap::new();
        Via::new("intermission", 1).append(&mut headers, Version::HTTP_11);
        assert!(!Via::new("intermission", 2).has_passed(&headers));
    }
}
