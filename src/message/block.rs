//! Whom an address stands for when clients are counted. Pure; used for connections in
//! [`crate::server`] and for requests in [`crate::site`].

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An IPv4 address stands for itself. Of an IPv6 address the first 64 bits count: whoever has one
/// address of such a block has all of them (RFC 4291 section 2.5.4, RFC 6177).
#[must_use]
pub fn block_of(address: IpAddr) -> IpAddr {
    first_bits(address, 32, 64)
}

/// As [`block_of`], of so large blocks that there are few.
#[must_use]
pub fn region_of(address: IpAddr) -> IpAddr {
    first_bits(address, 12, 16)
}

/// The address with all bits after these cleared.
fn first_bits(address: IpAddr, of_v4: u32, of_v6: u32) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - of_v4).unwrap_or(0);
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - of_v6).unwrap_or(0);
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv6_network_is_one_client_and_an_ipv4_address_is_another() {
        let block = |text: &str| block_of(text.parse().unwrap()).to_string();
        assert_eq!(block("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(block("192.0.2.7"), "192.0.2.7");
        assert_eq!(block("::ffff:192.0.2.7"), "192.0.2.7");
        let region = |text: &str| region_of(text.parse().unwrap()).to_string();
        assert_eq!(region("2001:db8::1"), "2001::");
        assert_eq!(region("192.168.2.7"), "192.160.0.0");
    }
}
