//! Names of outages: short, to be read out on the telephone, and in the order of their starts.

use std::fmt;

/// Crockford's alphabet: no letter that is taken for a number.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const BITS: u32 = 5;
/// Of the milliseconds since 1970: enough until the year 10889.
const TIME: u32 = 48;
const RANDOM: u32 = 12;

/// The milliseconds of its start in the upper bits, chance in the lower.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OutageId(u64);

impl OutageId {
    /// For an outage that began so many milliseconds after 1970. `random` is any number.
    #[must_use]
    pub const fn new(milliseconds: u64, random: u64) -> Self {
        let time = milliseconds & ((1 << TIME) - 1);
        Self(time << RANDOM | random & ((1 << RANDOM) - 1))
    }
}

impl fmt::Display for OutageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for digit in (0..(TIME + RANDOM) / BITS).rev() {
            let at = usize::try_from(self.0 >> (digit * BITS) & 31).map_err(|_| fmt::Error)?;
            let letter = ALPHABET.get(at).ok_or(fmt::Error)?;
            write!(f, "{}", char::from(*letter))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_letters_in_the_order_of_time() {
        let now = 1_790_000_000_000;
        let [first, second] = [OutageId::new(now, u64::MAX), OutageId::new(now + 1, 0)];
        assert_eq!(first.to_string().len(), 12);
        assert!(first.to_string() < second.to_string());
        assert_ne!(first.to_string(), OutageId::new(now, 7).to_string());
    }
}
