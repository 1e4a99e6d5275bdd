//! Headers good and bad, and that no cut through one makes a difference.

use proptest::prelude::*;

use super::*;

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

fn binary(command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let mut header = SIGNATURE.to_vec();
    header.extend([command, family]);
    header.extend(u16::try_from(rest.len()).unwrap().to_be_bytes());
    header.extend(rest);
    header
}

/// 192.0.2.7:4711 to 198.51.100.1:443.
const V4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0x12, 0x67, 1, 0xbb];

/// The client that a header names, once its length has been found right.
fn named(header: &[u8]) -> Option<String> {
    assert_eq!(length(header).unwrap(), Some(header.len()));
    let ends = read(header).unwrap();
    ends.map(|ends| format!("{} {}", ends.source, ends.destination))
}

#[test]
fn the_text_form_is_read() {
    let v4 = named(b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n");
    assert_eq!(v4.unwrap(), "192.0.2.7:4711 198.51.100.1:443");
    let v6 = named(b"PROXY TCP6 2001:db8::7 2001:db8::1 4711 443\r\n");
    assert_eq!(v6.unwrap(), "[2001:db8::7]:4711 [2001:db8::1]:443");
    assert_eq!(named(b"PROXY UNKNOWN\r\n"), None);
    assert_eq!(named(b"PROXY UNKNOWN a b c d e f g h\r\n"), None);
}

#[test]
fn the_binary_form_is_read_with_whatever_is_added_to_it() {
    let v4 = Some("192.0.2.7:4711 198.51.100.1:443".to_owned());
    assert_eq!(named(&binary(0x21, 0x11, &V4)), v4);
    let more = [&V4[..], &[4, 0, 2, 0, 0], &[0x20, 0, 1, 9]].concat();
    assert_eq!(named(&binary(0x21, 0x11, &more)), v4);
    assert_eq!(named(&binary(0x20, 0, &[])), None);
    assert_eq!(named(&binary(0x20, 0x11, &[])), None, "LOCAL needs nothing");
    assert_eq!(named(&binary(0x21, 0, &[])), None);
    assert_eq!(named(&binary(0x21, 0x31, &[0; 216])), None);
}

#[test]
fn what_is_not_valid_is_refused() {
    for header in [
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711 65536\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 04711 443\r\n",
        "PROXY TCP4 192.0.2.999 198.51.100.1 4711 443\r\n",
        "PROXY TCP4 2001:db8::7 2001:db8::1 4711 443\r\n",
        "PROXY TCP4  192.0.2.7 198.51.100.1 4711 443\r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443 \r\n",
        "PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\n",
        "PROXY UDP4 192.0.2.7 198.51.100.1 4711 443\r\n",
        "PROXY UNKNOWN\n",
        "PROXY \r\n",
    ] {
        assert!(read(header.as_bytes()).is_err(), "{header:?}");
    }
    for header in [
        binary(0x11, 0x11, &V4),
        binary(0x22, 0x11, &V4),
        binary(0x21, 0x41, &V4),
        binary(0x21, 0x13, &V4),
        binary(0x21, 0x11, &V4[1..]),
        binary(0x21, 0x21, &V4),
    ] {
        assert!(read(&header).is_err(), "{header:?}");
    }
}

#[test]
fn what_cannot_become_a_header_is_refused_at_once() {
    for bytes in [
        &b"G"[..],
        b"PROXX",
        b"proxy ",
        b"\r\n\r\n\r",
        b"\x16\x03\x01",
    ] {
        assert!(
            matches!(length(bytes), Err(HeaderError::Absent)),
            "{bytes:?}"
        );
    }
    let endless = [b"PROXY UNKNOWN ".to_vec(), vec![b'a'; 200]].concat();
    assert!(matches!(length(&endless), Err(HeaderError::TooLong)));
    let huge = [&SIGNATURE[..], &[0x21, 0x11, 0xff, 0xff]].concat();
    assert!(matches!(length(&huge), Err(HeaderError::TooLong)));
}

#[test]
fn what_is_written_is_read_the_same() {
    let ends = |source: &str, destination: &str| Ends {
        source: source.parse().unwrap(),
        destination: destination.parse().unwrap(),
    };
    let said = |client| named(&write(Some(client))).unwrap();
    let v4 = ends("192.0.2.7:4711", "198.51.100.1:443");
    assert_eq!(write(Some(v4)), binary(0x21, 0x11, &V4));
    assert_eq!(said(v4), "192.0.2.7:4711 198.51.100.1:443");
    let v6 = ends("[2001:db8::7]:1", "[2001:db8::1]:2");
    assert_eq!(said(v6), "[2001:db8::7]:1 [2001:db8::1]:2");
    let mixed = ends("192.0.2.7:1", "[2001:db8::1]:2");
    assert_eq!(said(mixed), "[::ffff:192.0.2.7]:1 [2001:db8::1]:2");
    assert_eq!(write(None), binary(0x20, 0, &[]));
}

proptest! {
    #[test]
    fn a_header_ends_where_it_ends_wherever_it_is_cut(cut in 0_usize..80, after in "[a-z\r\n]{0,40}") {
        for header in [
            b"PROXY TCP4 192.0.2.7 198.51.100.1 4711 443\r\n".to_vec(),
            binary(0x21, 0x11, &[&V4[..], &[4, 0, 2, 0, 0]].concat()),
        ] {
            let piece = header.get(..cut).unwrap_or(&header);
            let known = length(piece).unwrap();
            prop_assert!(known.is_none_or(|length| length == header.len()));
            let whole = [&header[..], after.as_bytes()].concat();
            prop_assert_eq!(length(&whole).unwrap(), Some(header.len()));
        }
    }

    #[test]
    fn nothing_makes_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), text: bool) {
        let begin = if text { TEXT } else { &SIGNATURE[..] };
        let bytes = [begin, &bytes].concat();
        if let Ok(Some(length)) = length(&bytes) {
            let header = bytes.get(..length).unwrap_or(&bytes);
            drop(read(header));
        }
        drop(read(&bytes));
    }
}
