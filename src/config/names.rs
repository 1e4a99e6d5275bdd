//! Names: host patterns, upstream URLs, values of `Host`, our own token.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderValue, Uri, uri::Authority};

use super::{
    fault::Fault,
    spec::{HostPattern, Scheme},
};

/// Reads an entry of `hosts`.
pub(super) fn host_pattern(text: &str) -> Result<HostPattern, Fault> {
    const EXAMPLES: &str = "write for example \"shop.example\", \"*.shop.example\" or \"*\"";
    if text == "*" {
        return Ok(HostPattern::Any);
    }
    if let Some((_, rest)) = text.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return Err(Fault::new("is a URL, not a host", EXAMPLES).or_rather(host));
    }
    if !text.is_ascii() {
        return Err(Fault::new(
            "is not a host: it has letters beyond ASCII",
            "write the name as DNS knows it, which begins with \"xn--\"",
        ));
    }
    let name = text.strip_suffix('.').unwrap_or(text).to_ascii_lowercase();
    if is_ipv6_literal(&name) {
        return Ok(HostPattern::Exact(name));
    }
    if let Some((host, port)) = name.split_once(':') {
        let fault = Fault::new("has a port; sites are found by host alone", EXAMPLES);
        let is_port = !host.is_empty() && port.parse::<u16>().is_ok();
        return Err(if is_port {
            fault.or_rather(host)
        } else {
            fault
        });
    }
    if let Some(suffix) = name.strip_prefix('*') {
        return match suffix.strip_prefix('.') {
            Some(parent) if is_name(parent) => Ok(HostPattern::Wildcard(suffix.to_owned())),
            _ => Err(Fault::new(
                "is not a host pattern: `*` stands for whole labels",
                EXAMPLES,
            )),
        };
    }
    if is_name(&name) {
        Ok(HostPattern::Exact(name))
    } else {
        Err(Fault::new("is not a host pattern", EXAMPLES))
    }
}

/// Reads where the origin is.
pub(super) fn upstream(text: &str) -> Result<(Scheme, Authority), Fault> {
    const EXAMPLES: &str = "write for example \"http://app:3000\" or \"https://10.0.0.7\"";
    let Some((scheme, rest)) = text.split_once("://") else {
        let fault = Fault::new(
            "is not a URL: it does not begin with http:// or https://",
            EXAMPLES,
        );
        let better = format!("http://{text}");
        return Err(if upstream(&better).is_ok() {
            fault.or_rather(better)
        } else {
            fault
        });
    };
    let (scheme, default_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (Scheme::Http, 80),
        "https" => (Scheme::Https, 443),
        _ => {
            return Err(Fault::new(
                "is a URL that is neither http nor https",
                EXAMPLES,
            ));
        }
    };
    let bare = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if bare.contains('@') {
        return Err(Fault::new(
            "has a user name or password in it",
            "leave it out; requests pass on the client's own `Authorization`",
        ));
    }
    if !matches!(rest.strip_prefix(bare), Some("" | "/")) {
        let better = text
            .strip_suffix(rest)
            .map(|scheme| format!("{scheme}{bare}"));
        let fault = Fault::new(
            "has a path or query; paths are passed on as clients send them",
            "leave out what follows the host and port",
        );
        return Err(better.into_iter().fold(fault, Fault::or_rather));
    }
    let authority = host_and_port(bare, default_port)
        .map_err(|what| Fault::new(format!("is not a URL: {what}"), EXAMPLES))?;
    Ok((scheme, authority))
}

/// Reads where SRV records are: as [`upstream`], without a port, because they bring theirs.
pub(super) fn service(text: &str) -> Result<(Scheme, Authority), Fault> {
    const EXAMPLES: &str = "write for example \"http://_http._tcp.app.internal\"";
    let (scheme, full) = upstream(text)?;
    let host = full.host();
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    if !matches!(rest.strip_prefix(host), Some("" | "/")) {
        let better = text
            .strip_suffix(rest)
            .map(|scheme| format!("{scheme}{host}"));
        let fault = Fault::new("has a port; SRV records bring their own", EXAMPLES);
        return Err(better.into_iter().fold(fault, Fault::or_rather));
    }
    if host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() {
        return Err(Fault::new(
            "is an address, which has no SRV records",
            EXAMPLES,
        ));
    }
    let bare = host
        .parse()
        .map_err(|_| Fault::new("is not a name", EXAMPLES))?;
    Ok((scheme, bare))
}

/// Reads a host with an optional port into one that always has a port.
fn host_and_port(text: &str, default_port: u16) -> Result<Authority, &'static str> {
    let authority = authority(text)?;
    if authority.port().is_some() {
        return Ok(authority);
    }
    format!("{}:{default_port}", authority.host())
        .parse()
        .map_err(|_| "the host is wrong")
}

fn authority(text: &str) -> Result<Authority, &'static str> {
    let authority: Authority = text.parse().map_err(|_| "the host or port is wrong")?;
    let host = authority.host();
    if host.is_empty() {
        return Err("it has no host");
    }
    if text.contains('@') {
        return Err("it has a user name");
    }
    if !is_name(host.strip_suffix('.').unwrap_or(host)) && !is_ipv6_literal(host) {
        return Err("the host is wrong");
    }
    let port = text.strip_prefix(host).unwrap_or_default();
    match authority.port_u16() {
        None if port.is_empty() => Ok(authority),
        None | Some(0) => Err("the port is not between 1 and 65535"),
        Some(_) => Ok(authority),
    }
}

/// Reads a value for `Host`.
pub(super) fn host_field(text: &str) -> Result<HeaderValue, Fault> {
    let fault = || {
        Fault::new(
            "is not a value for the `Host` field",
            "write a host, with a port if need be: \"shop.example\" or \"shop.example:8443\"",
        )
    };
    authority(text).map_err(|_| fault())?;
    HeaderValue::from_str(text).map_err(|_| fault())
}

/// Reads a token of RFC 9110 section 5.6.2.
pub(super) fn token(text: &str) -> Result<String, Fault> {
    const MARKS: &str = "!#$%&'*+-.^_`|~";
    let is_short = (1..=64).contains(&text.len());
    if is_short
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || MARKS.contains(c))
    {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        "is not a token of RFC 9110",
        "write up to 64 letters, digits and marks such as `-` and `.`, without spaces",
    ))
}

/// Reads the URL of something that opens in a browser.
pub(super) fn web_link(text: &str) -> Result<String, Fault> {
    let url = link(text)?;
    let is_mail_or_phone = url
        .split_once(':')
        .is_some_and(|(scheme, _)| !scheme.to_ascii_lowercase().starts_with("http"));
    if is_mail_or_phone {
        let way_out =
            "write a URL that begins with https://; mail and phone have keys of their own";
        return Err(Fault::new("does not open in a browser", way_out));
    }
    Ok(url)
}

/// Reads the URL of a link on the page.
pub(super) fn link(text: &str) -> Result<String, Fault> {
    const EXAMPLES: &str = "write for example \"https://status.example\", \"tel:+49301234\" or \"mailto:us@shop.example\"";
    let is_clean = !text
        .chars()
        .any(|c| c.is_whitespace() || c.is_control() || "<>\"".contains(c));
    let (scheme, rest) = text.split_once(':').unwrap_or_default();
    let fault = match scheme.to_ascii_lowercase().as_str() {
        _ if !is_clean => Fault::new("is not a URL: it has spaces or quotes in it", EXAMPLES),
        "https" | "http" => {
            let host = rest
                .strip_prefix("//")
                .and_then(|rest| rest.split(['/', '?', '#']).next());
            match host {
                Some(host) if !host.is_empty() => return Ok(text.to_owned()),
                _ => Fault::new("is a URL without a host", EXAMPLES),
            }
        }
        "tel" | "mailto" if !rest.is_empty() => return Ok(text.to_owned()),
        _ => {
            let fault = Fault::new(
                "is not a link that begins with https:, http:, tel: or mailto:",
                EXAMPLES,
            );
            let better = format!("https://{text}");
            let is_host = !text.contains(':') && text.contains('.');
            if is_host && better.parse::<Uri>().is_ok() {
                fault.or_rather(better)
            } else {
                fault
            }
        }
    };
    Err(fault)
}

/// The address of an upstream that is surely on this machine.
pub(super) fn local_address(authority: &Authority) -> Option<SocketAddr> {
    let ip = match authority.host() {
        "localhost" => IpAddr::from(Ipv4Addr::LOCALHOST),
        host => host.trim_matches(['[', ']']).parse().ok()?,
    };
    let address = SocketAddr::new(ip, authority.port_u16()?);
    ip.is_loopback().then_some(address)
}

/// A DNS name, a container's name or an IPv4 address.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

fn is_ipv6_literal(text: &str) -> bool {
    text.strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|ip| ip.parse::<Ipv6Addr>().is_ok())
}

#[cfg(test)]
mod tests;
