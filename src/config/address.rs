//! Addresses: to listen on, of name servers, of trusted proxies.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use ipnet::IpNet;

use super::fault::Fault;

const DNS_PORT: u16 = 53;

/// Reads `127.0.0.1:8080`, `[::1]:8080` and `:8080` (every IPv4 address).
pub(super) fn listen(text: &str) -> Result<SocketAddr, Fault> {
    const EXAMPLES: &str = "write for example \"127.0.0.1:8080\", \"[::1]:8080\" or \":8080\"";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if let Ok(ip) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
        let better = SocketAddr::new(ip, 8080).to_string();
        return Err(Fault::new("is an address without a port", EXAMPLES).or_rather(better));
    }
    if let Some(port) = text.strip_prefix(':') {
        return match port.parse() {
            Ok(port) => Ok(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
            Err(_) => Err(Fault::new("is not an address: the port is wrong", EXAMPLES)),
        };
    }
    if text.parse::<u16>().is_ok() {
        return Err(
            Fault::new("is a port without its colon", EXAMPLES).or_rather(format!(":{text}"))
        );
    }
    let Some((host, port)) = text.rsplit_once(':') else {
        return Err(Fault::new("is not an address", EXAMPLES));
    };
    if port.parse::<u16>().is_err() {
        return Err(Fault::new("is not an address: the port is wrong", EXAMPLES));
    }
    let fault = Fault::new("is not an address: names cannot be listened on", EXAMPLES);
    Err(match host {
        "localhost" => fault.or_rather(format!("127.0.0.1:{port}")),
        "*" => fault.or_rather(format!(":{port}")),
        _ if host.parse::<IpAddr>().is_ok() => fault.or_rather(format!("[{host}]:{port}")),
        _ => fault,
    })
}

/// Reads an address, or "off" as none.
pub(super) fn listen_or_off(text: &str) -> Result<Option<SocketAddr>, Fault> {
    if text == "off" {
        Ok(None)
    } else {
        listen(text).map(Some)
    }
}

/// Reads an IP address, with or without a port.
pub(super) fn name_server(text: &str) -> Result<SocketAddr, Fault> {
    let ip = || {
        text.parse::<IpAddr>()
            .map(|ip| SocketAddr::new(ip, DNS_PORT))
    };
    text.parse::<SocketAddr>().or_else(|_| ip()).map_err(|_| {
        Fault::new(
            "is not the IP address of a name server",
            "write for example \"10.0.0.53\", \"10.0.0.53:5353\" or \"[fd00::53]:53\"",
        )
    })
}

/// Reads "10.0.0.0/8" or one IP address.
pub(super) fn range(text: &str) -> Result<IpNet, Fault> {
    const EXAMPLES: &str = "write for example \"10.0.0.0/8\", \"192.168.1.7\" or \"fd00::/8\"";
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(IpNet::from(ip));
    }
    let range: IpNet = text
        .parse()
        .map_err(|_| Fault::new("is not an IP address or CIDR range", EXAMPLES))?;
    if range == range.trunc() {
        return Ok(range);
    }
    let fault = Fault::new(
        "is a CIDR range whose address has bits beyond its prefix",
        EXAMPLES,
    );
    Err(fault.or_rather(range.trunc().to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn better(fault: Result<SocketAddr, Fault>) -> String {
        fault.unwrap_err().better.unwrap_or_default()
    }

    #[test]
    fn addresses_to_listen_on_are_read() {
        for (text, wanted) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:0", "[::1]:0"),
            (":8080", "0.0.0.0:8080"),
        ] {
            assert_eq!(listen(text).unwrap().to_string(), wanted);
        }
        assert_eq!(listen_or_off("off").unwrap(), None);
    }

    #[test]
    fn what_was_probably_meant_is_offered() {
        assert_eq!(better(listen("8080")), ":8080");
        assert_eq!(better(listen("*:80")), ":80");
        assert_eq!(better(listen("localhost:80")), "127.0.0.1:80");
        assert_eq!(better(listen("10.0.0.1")), "10.0.0.1:8080");
        assert_eq!(better(listen("::1")), "[::1]:8080");
        for bad in ["", ":", ":99999", "app:80", "10.0.0.1:x", "10.0.0.300:80"] {
            assert_eq!(better(listen(bad)), "", "{bad}");
        }
    }

    #[test]
    fn name_servers_and_ranges_are_read() {
        assert_eq!(
            name_server("10.0.0.53").unwrap().to_string(),
            "10.0.0.53:53"
        );
        assert_eq!(name_server("::1").unwrap().to_string(), "[::1]:53");
        assert_eq!(name_server("[::1]:5353").unwrap().port(), 5353);
        assert!(name_server("dns.example").is_err());
        assert_eq!(range("10.0.0.1").unwrap().to_string(), "10.0.0.1/32");
        assert_eq!(range("fd00::/8").unwrap().to_string(), "fd00::/8");
        assert_eq!(
            range("10.1.2.3/8").unwrap_err().better.as_deref(),
            Some("10.0.0.0/8")
        );
        assert!(range("10.0.0.0/33").is_err());
    }
}
