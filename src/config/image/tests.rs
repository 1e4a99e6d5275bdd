//! Images that pass, and images that do not.

use proptest::prelude::*;

use super::*;

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(data);
    let length = u32::try_from(data.len()).unwrap();
    [
        &length.to_be_bytes()[..],
        kind,
        data,
        &sum.sum().to_be_bytes()[..],
    ]
    .concat()
}

/// A PNG as far as it is looked at: its pixels are not decoded.
fn png(width: u32, height: u32) -> Vec<u8> {
    let head = [
        &width.to_be_bytes()[..],
        &height.to_be_bytes()[..],
        &[8, 6, 0, 0, 0],
    ]
    .concat();
    [
        b"\x89PNG\r\n\x1a\n".to_vec(),
        chunk(b"IHDR", &head),
        chunk(b"IDAT", b"pixels"),
        chunk(b"IEND", b""),
    ]
    .concat()
}

fn webp(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = |length: usize| u32::try_from(length).unwrap().to_le_bytes();
    [
        b"RIFF",
        &length(12 + data.len())[..],
        b"WEBP",
        kind,
        &length(data.len())[..],
        data,
    ]
    .concat()
}

fn ico(length: u32, start: u32) -> Vec<u8> {
    let entry = [
        &[16, 16, 0, 0, 1, 0, 32, 0][..],
        &length.to_le_bytes(),
        &start.to_le_bytes(),
    ]
    .concat();
    [&[0, 0, 1, 0, 1, 0][..], &entry, &[7; 40]].concat()
}

#[test]
fn a_logos_type_is_what_its_bytes_say() {
    assert_eq!(media_type(b"\x89PNG\r\n\x1a\n..."), Some("image/png"));
    assert_eq!(media_type(b"RIFF....WEBPVP8 "), Some("image/webp"));
    assert_eq!(media_type(b"<?xml?>\n<svg/>"), Some("image/svg+xml"));
    for bad in [
        &b"GIF89a"[..],
        b"",
        b"<html><svg>",
        b"\xff\xd8\xff\xe0",
        b"RIFF",
    ] {
        assert_eq!(media_type(bad), None, "{bad:?}");
    }
}

#[test]
fn whole_images_of_a_sane_size_pass() {
    assert_eq!(check("image/png", &png(640, 160)), Ok(()));
    assert_eq!(check("image/png", &png(MOST_PIXELS, 1)), Ok(()));
    let extended = [0, 0, 0, 0, 0x7f, 2, 0, 0x9f, 0, 0];
    assert_eq!(webp_size(&webp(b"VP8X", &extended)), Some((640, 160)));
    let lossless = webp(b"VP8L", &[0x2f, 0x7f, 0xc2, 0x27, 0, 0]);
    assert_eq!(webp_size(&lossless), Some((640, 160)));
    let lossy = webp(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 0x80, 2, 0xa0, 0]);
    assert_eq!(webp_size(&lossy), Some((640, 160)));
    assert_eq!(check("image/x-icon", &ico(40, 22)), Ok(()));
}

#[test]
fn images_that_are_broken_or_huge_are_refused() {
    let whole = png(64, 64);
    let mut flipped = whole.clone();
    flipped[45] ^= 1;
    for (media_type, bytes, reason) in [
        ("image/png", whole[..whole.len() - 9].to_vec(), "broken"),
        ("image/png", flipped, "broken"),
        ("image/png", b"\x89PNG\r\n\x1a\n".to_vec(), "broken"),
        ("image/png", png(0, 9), "without any pixels"),
        ("image/png", png(MOST_PIXELS + 1, 9), "4097 × 9 pixels"),
        ("image/png", png(9, u32::MAX), "too large"),
        ("image/webp", webp(b"VP8L", b"/"), "broken"),
        ("image/webp", webp(b"ALPH", &[0; 20]), "broken"),
        (
            "image/webp",
            b"RIFF\xff\xff\xff\xffWEBPVP8X".to_vec(),
            "broken",
        ),
        ("image/x-icon", ico(400, 22), "broken"),
        ("image/x-icon", vec![0, 0, 1, 0, 0, 0], "broken"),
    ] {
        let fault = check(media_type, &bytes).expect_err(reason);
        assert!(
            fault.problem.contains(reason),
            "{reason}: {}",
            fault.problem
        );
    }
}

proptest! {
    #[test]
    fn no_bytes_panic(bytes: Vec<u8>, cut in 0_usize..80) {
        for start in [&b""[..], b"\x89PNG\r\n\x1a\n", b"RIFF\x10\0\0\0WEBPVP8L", b"\0\0\x01\0\x01\0"] {
            let bytes = [start, &bytes].concat();
            for media_type in ["image/png", "image/webp", "image/x-icon", "image/svg+xml"] {
                let _ = check(media_type, &bytes);
            }
            let _ = media_type(&bytes);
        }
        let whole = png(9, 9);
        let cut = cut.min(whole.len() - 1);
        prop_assert!(check("image/png", &whole[..cut]).is_err());
    }
}
