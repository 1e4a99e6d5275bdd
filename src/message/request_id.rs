//! The name of one request, the same in the answer, the access record and at the origin.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

/// The field that carries it.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Longer ids of a trusted peer are not taken over.
const LONGEST: usize = 128;

/// The id of a request: the one a trusted peer gave it, else a new one of 128 random bits.
#[must_use]
pub fn of_request(headers: &HeaderMap, trusted: bool) -> HeaderValue {
    headers
        .get(X_REQUEST_ID)
        .filter(|id| trusted && is_usable(id))
        .cloned()
        .unwrap_or_else(new)
}

/// A new id.
#[must_use]
pub fn new() -> HeaderValue {
    random(fastrand::u128(..))
}

fn is_usable(id: &HeaderValue) -> bool {
    !id.is_empty() && id.len() <= LONGEST && id.as_bytes().iter().all(u8::is_ascii_graphic)
}

fn random(bits: u128) -> HeaderValue {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bits.to_be_bytes()) {
        for (digit, nibble) in pair.iter_mut().zip([byte >> 4, byte & 15]) {
            *digit = DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
        }
    }
    HeaderValue::from_maybe_shared(Bytes::copy_from_slice(&text))
        .expect("hexadecimal digits are a valid field value")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_id_has_32_hexadecimal_digits() {
        assert_eq!(
            random(0x0123_4567_89ab_cdef),
            "00000000000000000123456789abcdef"
        );
    }

    #[test]
    fn only_a_trusted_peers_usable_id_is_kept() {
        let mut headers = HeaderMap::new();
        headers.insert(X_REQUEST_ID, HeaderValue::from_static("edge-1"));
        assert_eq!(of_request(&headers, true), "edge-1");
        assert_ne!(of_request(&headers, false), "edge-1");
        for bad in ["", "a b", &"x".repeat(129)] {
            headers.insert(X_REQUEST_ID, HeaderValue::from_str(bad).unwrap());
            assert_eq!(of_request(&headers, true).len(), 32, "{bad:?}");
        }
    }
}
