//! What a page is made of, and what machines read: named by destination, media type or path.

/// A resource that is not a page. Its answer has its own media type, never HTML: browsers refuse
/// a style sheet or script that is HTML, and crawlers would read a page as rules or entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AssetType {
    /// `image/avif`
    Avif,
    /// `image/gif`
    Gif,
    /// `image/x-icon`
    Icon,
    /// `image/jpeg`
    Jpeg,
    /// `image/png`, and any image that is not named more closely.
    Png,
    /// `image/svg+xml`
    Svg,
    /// `image/webp`
    Webp,
    /// `text/css`
    Css,
    /// `text/javascript`
    JavaScript,
    /// `font/otf`
    Otf,
    /// `font/ttf`
    Ttf,
    /// `font/woff`
    Woff,
    /// `font/woff2`, and any font that is not named more closely.
    Woff2,
    /// `audio/mpeg`, and any sound that is not named more closely.
    Mp3,
    /// `video/mp4`, and any film that is not named more closely.
    Mp4,
    /// `video/webm`
    Webm,
    /// robots.txt, sitemaps and feeds: a line of plain text.
    Crawled,
}

/// What a destination or a wildcard can tell apart.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Image,
    Style,
    Script,
    Font,
    Audio,
    Video,
    Crawled,
}

impl AssetType {
    /// By `Sec-Fetch-Dest`.
    pub(super) fn of_destination(destination: &[u8]) -> Option<Self> {
        Some(match destination {
            b"image" => Self::Png,
            b"style" => Self::Css,
            b"script" | b"worker" | b"serviceworker" | b"sharedworker" | b"audioworklet"
            | b"paintworklet" => Self::JavaScript,
            b"font" => Self::Woff2,
            b"audio" => Self::Mp3,
            b"video" => Self::Mp4,
            b"track" | b"xslt" => Self::Crawled,
            _ => return None,
        })
    }

    /// By a media type in lower case, as in `Accept`.
    pub(super) fn of_media_type(media_type: &[u8]) -> Option<Self> {
        Some(match media_type {
            b"image/avif" => Self::Avif,
            b"image/gif" => Self::Gif,
            b"image/x-icon" | b"image/vnd.microsoft.icon" => Self::Icon,
            b"image/jpeg" => Self::Jpeg,
            b"image/svg+xml" => Self::Svg,
            b"image/webp" => Self::Webp,
            b"text/css" => Self::Css,
            b"text/javascript"
            | b"application/javascript"
            | b"application/x-javascript"
            | b"application/ecmascript" => Self::JavaScript,
            b"font/otf" => Self::Otf,
            b"font/ttf" => Self::Ttf,
            b"font/woff" | b"application/font-woff" => Self::Woff,
            b"application/font-woff2" => Self::Woff2,
            b"video/webm" => Self::Webm,
            b"application/rss+xml" | b"application/atom+xml" | b"application/rdf+xml" => {
                Self::Crawled
            }
            other if other.starts_with(b"image/") => Self::Png,
            other if other.starts_with(b"font/") => Self::Woff2,
            other if other.starts_with(b"audio/") => Self::Mp3,
            other if other.starts_with(b"video/") => Self::Mp4,
            _ => return None,
        })
    }

    /// By the ending of a path.
    pub(super) fn of_extension(path: &str) -> Option<Self> {
        let (_, extension) = file_name(path).rsplit_once('.')?;
        Some(match extension.to_ascii_lowercase().as_str() {
            "avif" => Self::Avif,
            "gif" => Self::Gif,
            "ico" => Self::Icon,
            "jpg" | "jpeg" => Self::Jpeg,
            "png" | "apng" | "bmp" | "tif" | "tiff" => Self::Png,
            "svg" => Self::Svg,
            "webp" => Self::Webp,
            "css" => Self::Css,
            "js" | "mjs" => Self::JavaScript,
            "otf" => Self::Otf,
            "ttf" => Self::Ttf,
            "woff" => Self::Woff,
            "woff2" => Self::Woff2,
            "mp3" | "m4a" | "ogg" | "oga" | "wav" | "flac" => Self::Mp3,
            "mp4" | "m4v" | "mov" => Self::Mp4,
            "webm" => Self::Webm,
            _ => return None,
        })
    }

    /// Files that are known by their name whatever the client accepts: robots.txt, sitemaps,
    /// feeds, site icons.
    pub(super) fn of_well_known(path: &str) -> Option<Self> {
        let name = file_name(path);
        if name.starts_with("favicon.") || name.starts_with("apple-touch-icon") {
            return Some(Self::of_extension(path).unwrap_or(Self::Png));
        }
        let xml = [".xml", ".xml.gz", ".txt"]
            .iter()
            .any(|end| name.ends_with(end));
        let feed = matches!(
            name,
            "feed" | "rss" | "feed.xml" | "rss.xml" | "atom.xml" | "index.xml" | "index.rdf"
        ) || [".rss", ".atom"].iter().any(|end| name.ends_with(end));
        (path == "/robots.txt" || feed || (xml && name.contains("sitemap")))
            .then_some(Self::Crawled)
    }

    /// The same class of asset, named as closely as the path allows.
    pub(super) fn refined_by(self, path: &str) -> Self {
        Self::of_extension(path)
            .filter(|named| named.class() == self.class())
            .unwrap_or(self)
    }

    /// The media type of its answer.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Avif => "image/avif",
            Self::Gif => "image/gif",
            Self::Icon => "image/x-icon",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Svg => "image/svg+xml",
            Self::Webp => "image/webp",
            Self::Css => "text/css; charset=utf-8",
            Self::JavaScript => "text/javascript; charset=utf-8",
            Self::Otf => "font/otf",
            Self::Ttf => "font/ttf",
            Self::Woff => "font/woff",
            Self::Woff2 => "font/woff2",
            Self::Mp3 => "audio/mpeg",
            Self::Mp4 => "video/mp4",
            Self::Webm => "video/webm",
            Self::Crawled => "text/plain; charset=utf-8",
        }
    }

    const fn class(self) -> Class {
        match self {
            Self::Avif
            | Self::Gif
            | Self::Icon
            | Self::Jpeg
            | Self::Png
            | Self::Svg
            | Self::Webp => Class::Image,
            Self::Css => Class::Style,
            Self::JavaScript => Class::Script,
            Self::Otf | Self::Ttf | Self::Woff | Self::Woff2 => Class::Font,
            Self::Mp3 => Class::Audio,
            Self::Mp4 | Self::Webm => Class::Video,
            Self::Crawled => Class::Crawled,
        }
    }
}

/// The last segment of a path that has anything in it.
fn file_name(path: &str) -> &str {
    path.trim_end_matches('/')
        .rsplit('/')
        .next()
        .unwrap_or_default()
}
