//! A request's head as HTTP/2 has it (RFC 9113 section 8.3.1).

use http::{
    HeaderName, Request, Uri, Version,
    header::{CONNECTION, HOST, TRANSFER_ENCODING, UPGRADE},
    request::Parts,
    uri::{Authority, PathAndQuery, Scheme},
};

/// What belongs to HTTP/1.1 and is malformed here (RFC 9113 section 8.2.2). `TE` is ours by now,
/// and says `trailers` or nothing.
const FOREIGN: [HeaderName; 3] = [CONNECTION, TRANSFER_ENCODING, UPGRADE];

/// Makes it from the head that HTTP/1.1 would get, which stays as it is for another attempt. The
/// authority is what `Host` says; `otherwise` serves where it says nothing.
pub(super) fn translate(parts: &Parts, scheme: &Scheme, otherwise: &Authority) -> Request<()> {
    let mut headers = parts.headers.clone();
    let host = headers.remove(HOST);
    let named = host.and_then(|host| Authority::try_from(host.as_bytes()).ok());
    for name in FOREIGN {
        headers.remove(name);
    }
    let path = parts.uri.path_and_query().cloned();
    let mut target = http::uri::Parts::default();
    target.scheme = Some(scheme.clone());
    target.authority = Some(named.unwrap_or_else(|| otherwise.clone()));
    target.path_and_query = Some(path.unwrap_or(PathAndQuery::from_static("/")));
    let mut request = Request::new(());
    *request.method_mut() = parts.method.clone();
    // It cannot fail: all three parts are there.
    *request.uri_mut() = Uri::from_parts(target).unwrap_or_default();
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    request
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(request: http::request::Builder) -> Request<()> {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        translate(&parts, &Scheme::HTTP, &Authority::from_static("app:3000"))
    }

    #[test]
    fn the_authority_is_what_host_says() {
        let request = Request::post("/a%20b?c=d").header("host", "shop.example:8443");
        let request = translated(request);
        assert_eq!(request.uri(), "http://shop.example:8443/a%20b?c=d");
        assert!(request.headers().is_empty());
        assert_eq!(translated(Request::get("/")).uri(), "http://app:3000/");
    }

    #[test]
    fn nothing_of_the_hop_before_stays_but_trailers() {
        let request = Request::get("/")
            .header("connection", "te")
            .header("te", "trailers")
            .header("transfer-encoding", "chunked")
            .header("cookie", "a=b");
        let request = translated(request);
        let headers = request.headers();
        assert_eq!(headers.len(), 2, "{headers:?}");
        assert!(headers["te"] == "trailers" && headers["cookie"] == "a=b");
    }
}
