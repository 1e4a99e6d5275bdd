//! How long the first line of a request head is, told while it comes in.
//!
//! Hyper refuses a head that is too large with 431, whatever made it too large; a target that is
//! too long is to be refused with 414 (RFC 9112 section 3).

/// What the longest target leaves for method, version and the spaces between.
const BESIDE_TARGET: usize = 64;

/// Follows one request line after the other.
#[derive(Debug, Default)]
pub struct RequestLine {
    length: usize,
    ended: bool,
}

impl RequestLine {
    /// A new head begins.
    pub fn begin(&mut self) {
        *self = Self::default();
    }

    /// More bytes of the head have come. Says whether the line is longer than one with the longest
    /// target can be.
    pub fn push(&mut self, bytes: &[u8], longest_target: usize) -> bool {
        if self.ended {
            return false;
        }
        match bytes.iter().position(|byte| *byte == b'\n') {
            Some(at) => {
                self.ended = true;
                self.length += at;
            }
            None => self.length += bytes.len(),
        }
        self.length > longest_target + BESIDE_TARGET
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_line_counts() {
        let mut line = RequestLine::default();
        assert!(!line.push(b"GET / HTTP/1.1\r\n", 8000));
        assert!(!line.push(&[b'x'; 10_000], 8000));
        line.begin();
        assert!(!line.push(&[b'x'; 8064], 8000));
        assert!(line.push(b"x", 8000));
    }
}
