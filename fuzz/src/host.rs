//! A target on the first line, `Host` values on the others.

use http::{HeaderMap, HeaderValue, Version, header::HOST};
use intermission::message::host::{of_request, site_name};

use super::input::{lines, target};

/// What counts as a host names one host, whoever reads it.
pub fn check(data: &[u8]) {
    let mut lines = lines(data);
    let Some(uri) = lines.next().and_then(target) else {
        return;
    };
    let mut head = HeaderMap::new();
    for value in lines.filter_map(|line| HeaderValue::from_bytes(line).ok()) {
        head.append(HOST, value);
    }
    for version in [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2] {
        match of_request(&uri, &head, version) {
            Ok(Some(host)) => accepted(&host),
            Ok(None) => assert!(version == Version::HTTP_10 && head.is_empty()),
            Err(_) => {}
        }
    }
}

fn accepted(host: &HeaderValue) {
    let text = host.to_str().expect("a host is ASCII");
    let is_odd = |c: char| c.is_ascii_control() || " \t\"#%,/;<>?@\\^`{|}".contains(c);
    assert!(!text.is_empty() && !text.contains(is_odd), "{text:?}");
    let again = HeaderMap::from_iter([(HOST, host.clone())]);
    let read = of_request(&"/".parse().expect("a path"), &again, Version::HTTP_11);
    assert_eq!(
        read.as_ref().map(Option::as_ref),
        Ok(Some(host)),
        "reads as itself"
    );

    let name = site_name(host);
    assert!(!name.contains(|c: char| c.is_ascii_uppercase()), "{name:?}");
    assert!(name.starts_with('[') == name.ends_with(']'), "{name:?}");
    assert!(
        name.starts_with('[') || !name.contains(':'),
        "{name:?} has a port"
    );
}
