//! An origin that takes nothing but what RFC 9112 allows a client to send.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
};

use super::server::Faults;

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
const NOTHING: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";

/// Answers every request, and tells of those that are none.
pub struct Origin;

impl Origin {
    pub fn start(faults: Faults) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        std::thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let faults = faults.clone();
                std::thread::spawn(move || {
                    if let Err(Wrong::Http(what)) = serve(socket) {
                        faults.add(format!("at the origin: {what}"));
                    }
                });
            }
        });
        address
    }
}

enum Wrong {
    /// It broke off, as connections do.
    Io,
    /// It is no HTTP.
    Http(String),
}

impl From<std::io::Error> for Wrong {
    fn from(_: std::io::Error) -> Self {
        Self::Io
    }
}

fn serve(socket: TcpStream) -> Result<(), Wrong> {
    let mut writer = socket.try_clone()?;
    let mut reader = BufReader::new(socket);
    while !reader.fill_buf()?.is_empty() {
        let head = head(&mut reader)?;
        body(&head, &mut reader)?;
        let is_head = head.first().is_some_and(|line| line.starts_with("HEAD "));
        writer.write_all(if is_head { NOTHING } else { ANSWER })?;
    }
    Ok(())
}

/// The lines of a head: a request line and fields.
fn head(reader: &mut impl BufRead) -> Result<Vec<String>, Wrong> {
    let mut head = Vec::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let wrong = || Wrong::Http(format!("{head:?}"));
    let (request, fields) = head.split_first().ok_or_else(wrong)?;
    let parts: Vec<&str> = request.split(' ').collect();
    let [method, target, "HTTP/1.1"] = parts.as_slice() else {
        return Err(wrong());
    };
    let is_token = |text: &str| {
        !text.is_empty()
            && text
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c))
    };
    let is_origin_form = target.starts_with('/') || *target == "*";
    let named = fields.iter().all(|field| {
        field
            .split_once(':')
            .is_some_and(|(name, _)| is_token(name))
    });
    let is_framed_once =
        values(&head, "content-length").count() + values(&head, "transfer-encoding").count() <= 1;
    if !is_token(method)
        || !is_origin_form
        || !named
        || !is_framed_once
        || values(&head, "host").count() > 1
    {
        return Err(wrong());
    }
    Ok(head)
}

fn values<'h>(head: &'h [String], wanted: &'h str) -> impl Iterator<Item = &'h str> {
    head.iter().skip(1).filter_map(move |field| {
        let (name, value) = field.split_once(':')?;
        name.eq_ignore_ascii_case(wanted).then(|| value.trim())
    })
}

fn body(head: &[String], reader: &mut impl BufRead) -> Result<(), Wrong> {
    if let Some(length) = values(head, "content-length").next() {
        let is_number = !length.is_empty() && length.bytes().all(|byte| byte.is_ascii_digit());
        let length = length.parse().ok().filter(|_| is_number);
        let length = length.ok_or_else(|| Wrong::Http(format!("{head:?}")))?;
        return skip(reader, length);
    }
    match values(head, "transfer-encoding").next() {
        None => Ok(()),
        Some("chunked") => chunks(reader),
        Some(_) => Err(Wrong::Http(format!("{head:?}"))),
    }
}

fn chunks(reader: &mut impl BufRead) -> Result<(), Wrong> {
    loop {
        let size = line(reader)?;
        let is_number = !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_hexdigit());
        let length = u64::from_str_radix(&size, 16).ok().filter(|_| is_number);
        let length = length.ok_or_else(|| Wrong::Http(format!("chunk {size:?}")))?;
        skip(reader, length)?;
        if length == 0 {
            while !line(reader)?.is_empty() {}
            return Ok(());
        }
        let end = line(reader)?;
        if !end.is_empty() {
            return Err(Wrong::Http(format!("after a chunk: {end:?}")));
        }
    }
}

fn skip(reader: &mut impl BufRead, length: u64) -> Result<(), Wrong> {
    let skipped = std::io::copy(&mut reader.take(length), &mut std::io::sink())?;
    if skipped == length {
        Ok(())
    } else {
        Err(Wrong::Io)
    }
}

/// One line with its CRLF, and without any other CR, LF or NUL.
fn line(reader: &mut impl BufRead) -> Result<String, Wrong> {
    let mut bytes = Vec::new();
    reader.read_until(b'\n', &mut bytes)?;
    let Some(whole) = bytes.strip_suffix(b"\n") else {
        return Err(Wrong::Io);
    };
    match whole.strip_suffix(b"\r") {
        Some(line) if !line.iter().any(|byte| matches!(byte, b'\r' | 0)) => {
            Ok(line.iter().map(|byte| char::from(*byte)).collect())
        }
        _ => Err(Wrong::Http(format!("line {}", bytes.escape_ascii()))),
    }
}
