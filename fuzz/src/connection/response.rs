//! What a server may say, read strictly.

/// Responses of HTTP/1.1, one after the other; the last may be cut by the close.
pub fn assert_h1(mut said: &[u8]) {
    while !said.is_empty() {
        let Some(end) = said.windows(4).position(|four| four == b"\r\n\r\n") else {
            panic!("no head: {}", said.escape_ascii());
        };
        let (head, rest) = said.split_at(end + 4);
        let status = assert_head(&head[..end]);
        said = after_body(head, status, rest);
    }
}

fn assert_head(head: &[u8]) -> u16 {
    let shown = head.escape_ascii();
    let mut lines = head
        .split(|byte| *byte == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let status = lines.next().unwrap_or_default();
    let code = status
        .strip_prefix(b"HTTP/1.1 ")
        .and_then(|rest| rest.get(..3));
    let code = code.or_else(|| {
        status
            .strip_prefix(b"HTTP/1.0 ")
            .and_then(|rest| rest.get(..3))
    });
    let code: u16 = code
        .and_then(|code| str::from_utf8(code).ok()?.parse().ok())
        .unwrap_or_default();
    assert!((100..600).contains(&code), "{shown}");
    assert!(code != 502, "a bare 502: {shown}");
    let mut names = Vec::new();
    for line in lines {
        let name = line.split(|byte| *byte == b':').next().unwrap_or_default();
        let is_token =
            |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
        assert!(
            name.len() < line.len() && !name.is_empty() && name.iter().all(is_token),
            "{shown}"
        );
        assert!(
            !line.iter().any(|byte| matches!(byte, b'\r' | 0)),
            "{shown}"
        );
        names.push(name.to_ascii_lowercase());
    }
    let count = |wanted: &[u8]| names.iter().filter(|name| *name == wanted).count();
    assert!(
        count(b"content-length") + count(b"transfer-encoding") <= 1,
        "{shown}"
    );
    if code == 503 {
        assert!(
            count(b"retry-after") == 1 && count(b"cache-control") == 1,
            "{shown}"
        );
    }
    code
}

/// What follows the body. An answer to HEAD has none, whatever its length says.
fn after_body<'s>(head: &[u8], status: u16, rest: &'s [u8]) -> &'s [u8] {
    if rest.starts_with(b"HTTP/1.") || matches!(status, 100..200 | 204 | 304) {
        return rest;
    }
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    if head.contains("\r\ntransfer-encoding: chunked\r\n") {
        let end = rest.windows(5).position(|five| five == b"0\r\n\r\n");
        return end.map_or(&[], |end| &rest[end + 5..]);
    }
    let length = head.split("\r\ncontent-length: ").nth(1);
    let length = length.and_then(|length| length.split('\r').next()?.parse::<usize>().ok());
    // Without a length the body ends with the connection.
    length.map_or(&[], |length| rest.get(length..).unwrap_or_default())
}

/// Frames of HTTP/2: settings first, none longer than allowed, no promises; the last may be cut.
pub fn assert_h2(said: &[u8]) {
    let mut rest = said;
    let mut is_first = true;
    while let [a, b, c, kind, flags, stream @ ..] = rest {
        let length = u32::from_be_bytes([0, *a, *b, *c]);
        assert!(length <= 16 * 1024, "a frame of {length} bytes");
        assert!(*kind <= 9 && *kind != 5, "a frame of type {kind}");
        if is_first {
            assert!(
                *kind == 4 && flags & 1 == 0,
                "not settings first: {}",
                said.escape_ascii()
            );
        }
        is_first = false;
        let length = usize::try_from(length).expect("at most 16 KiB");
        rest = stream.get(4 + length..).unwrap_or_default();
    }
}
