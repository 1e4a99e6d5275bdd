//! Logos and icons: read, told apart by their bytes, and refused where they are broken, huge or
//! would reach for something outside of themselves.

use bytes::Bytes;

use super::{
    fault::Fault,
    reader::Value,
    source::{ReadError, read_file},
    spec::LogoSpec,
    svg,
};

/// What an image may weigh, in bytes.
struct Limits {
    /// What it is called in messages.
    name: &'static str,
    most: u64,
    most_in_words: &'static str,
    /// Beyond this it is most of the page, and slow to arrive on the networks of an outage.
    comfort: usize,
    comfort_in_words: &'static str,
}

const LOGO: Limits = Limits {
    name: "logo",
    most: 512 * 1024,
    most_in_words: "512 KiB",
    comfort: 32 * 1024,
    comfort_in_words: "10 KiB",
};
const FAVICON: Limits = Limits {
    name: "icon",
    most: 64 * 1024,
    most_in_words: "64 KiB",
    comfort: 8 * 1024,
    comfort_in_words: "2 KiB",
};

/// Pixels of either side. More would cost a telephone more memory than the rest of the page.
const MOST_PIXELS: u32 = 4096;

/// Reads a logo.
pub(super) fn logo(file: &Value<'_>) -> Option<LogoSpec> {
    image(file, &LOGO, |bytes| {
        media_type(bytes)
            .ok_or_else(|| Fault::new("is neither SVG, PNG nor WebP", "convert it, best to SVG"))
    })
}

/// Reads the icon of a tab, which may be an ICO file too.
pub(super) fn favicon(file: &Value<'_>) -> Option<LogoSpec> {
    image(file, &FAVICON, |bytes| {
        let icon = bytes.starts_with(b"\0\0\x01\0").then_some("image/x-icon");
        media_type(bytes).or(icon).ok_or_else(|| {
            Fault::new(
                "is neither SVG, PNG, WebP nor ICO",
                "convert it, best to SVG",
            )
        })
    })
}

fn image(
    file: &Value<'_>,
    limits: &Limits,
    media_type: impl FnOnce(&[u8]) -> Result<&'static str, Fault>,
) -> Option<LogoSpec> {
    let path = file.file()?;
    let bytes = match read_file(&path, limits.most) {
        Ok(bytes) => bytes,
        Err(error) => {
            let way_out = match error {
                ReadError::TooLarge => format!(
                    "use one of at most {}, better below {}",
                    limits.most_in_words, limits.comfort_in_words
                ),
                _ => "paths start from the directory of this file; put the file there".to_owned(),
            };
            file.reject(&format!("is no {}: it {error}", limits.name), &way_out);
            return None;
        }
    };
    let media_type = match media_type(&bytes).and_then(|media_type| {
        check(media_type, &bytes)?;
        Ok(media_type)
    }) {
        Ok(media_type) => media_type,
        Err(fault) => {
            file.reject(&fault.problem, &fault.way_out);
            return None;
        }
    };
    if bytes.len() > limits.comfort {
        let problem = format!("has {} KiB, and every page carries it", bytes.len() / 1024);
        let way_out = format!("use a smaller one, best below {}", limits.comfort_in_words);
        file.report()
            .add(file.problem(&problem, &way_out).into_warning());
    }
    Some(LogoSpec {
        media_type,
        bytes: Bytes::from(bytes),
    })
}

/// By what is in the file: endings lie.
fn media_type(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        return Some("image/png");
    }
    if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        return Some("image/webp");
    }
    let text = std::str::from_utf8(bytes).ok()?;
    let is_markup = text
        .trim_start_matches('\u{feff}')
        .trim_start()
        .starts_with('<');
    (is_markup && text.contains("<svg") && !text.contains("<html")).then_some("image/svg+xml")
}

/// Whether a browser would show it, and nothing but it.
fn check(media_type: &str, bytes: &[u8]) -> Result<(), Fault> {
    const BROKEN: &str = "export it again; it may have been cut off on its way";
    let size = match media_type {
        "image/svg+xml" => return svg::check(bytes),
        "image/png" => png_size(bytes),
        "image/webp" => webp_size(bytes),
        _ => icon_size(bytes),
    };
    match size {
        None => Err(Fault::new("is a broken image", BROKEN)),
        Some((width, height)) if width == 0 || height == 0 => {
            Err(Fault::new("is an image without any pixels", BROKEN))
        }
        Some((width, height)) if width.max(height) > MOST_PIXELS => Err(Fault::new(
            format!("is {width} × {height} pixels, which is too large"),
            format!("scale it down to at most {MOST_PIXELS} a side; 600 are plenty"),
        )),
        Some(_) => Ok(()),
    }
}

/// Width and height, if all chunks are whole (PNG, third edition, section 5).
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut rest = bytes.get(8..)?;
    let (mut size, mut has_data) = (None, false);
    loop {
        let length = usize::try_from(big_endian(rest.get(..4)?)?).ok()?;
        let covered = rest.get(4..length.checked_add(8)?)?;
        let (kind, data) = covered.split_at_checked(4)?;
        let end = length.checked_add(12)?;
        let mut sum = flate2::Crc::new();
        sum.update(covered);
        if sum.sum() != big_endian(rest.get(length + 8..end)?)? {
            return None;
        }
        match kind {
            b"IHDR" => size = Some((big_endian(data.get(..4)?)?, big_endian(data.get(4..8)?)?)),
            b"IDAT" => has_data = true,
            b"IEND" => return size.filter(|_| has_data),
            _ => {}
        }
        rest = rest.get(end..)?;
    }
}

/// Width and height, if the container is whole (RFC 9649 sections 2.3 to 2.7).
fn webp_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let length = usize::try_from(little_endian(bytes.get(4..8)?)?).ok()?;
    let file = bytes.get(..length.checked_add(8)?)?;
    let kind = file.get(12..16)?;
    let chunk = usize::try_from(little_endian(file.get(16..20)?)?).ok()?;
    let data = file.get(20..)?.get(..chunk)?;
    match kind {
        b"VP8X" => {
            let side = |at: usize| Some(little_endian(data.get(at..at + 3)?)? + 1);
            Some((side(4)?, side(7)?))
        }
        b"VP8L" if data.first() == Some(&0x2f) => {
            let packed = little_endian(data.get(1..5)?)?;
            Some(((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1))
        }
        b"VP8 " if data.get(3..6) == Some(b"\x9d\x01\x2a") => {
            let side = |at: usize| Some(little_endian(data.get(at..at + 2)?)? & 0x3fff);
            Some((side(6)?, side(8)?))
        }
        _ => None,
    }
}

/// The first image of an ICO file, if all that it announces are there.
fn icon_size(bytes: &[u8]) -> Option<(u32, u32)> {
    const ENTRY: usize = 16;
    let count = usize::try_from(little_endian(bytes.get(4..6)?)?).ok()?;
    let entries = bytes.get(6..)?.get(..count.checked_mul(ENTRY)?)?;
    for entry in entries.chunks(ENTRY) {
        let length = usize::try_from(little_endian(entry.get(8..12)?)?).ok()?;
        let start = usize::try_from(little_endian(entry.get(12..16)?)?).ok()?;
        bytes.get(start..start.checked_add(length)?)?;
    }
    // 0 stands for 256.
    let side = |at: usize| match entries.get(at) {
        Some(0) => Some(256),
        Some(side) => Some(u32::from(*side)),
        None => None,
    };
    Some((side(0)?, side(1)?))
}

fn big_endian(bytes: &[u8]) -> Option<u32> {
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// Of up to four bytes.
fn little_endian(bytes: &[u8]) -> Option<u32> {
    let mut whole = [0; 4];
    whole.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(u32::from_le_bytes(whole))
}

#[cfg(test)]
mod tests;
