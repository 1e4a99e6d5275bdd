//! The page's style sheet: one colour of the owner's becomes a light and a dark scheme in which
//! everything can be read.

use askama::Template;

use super::contrast::{CONTROL, TEXT, WHITE, contrast, hex, mix, readable, text_on};
use crate::config::spec::Color;

/// Where an owner names no colour: a calm blue.
const NO_BRAND: Color = Color {
    r: 0x3a,
    g: 0x5f,
    b: 0x8a,
};

const LIGHT: Scheme = Scheme {
    page: Color {
        r: 0xf3,
        g: 0xf4,
        b: 0xf6,
    },
    wash: 6,
    card: WHITE,
    ink: Color {
        r: 0x1a,
        g: 0x1f,
        b: 0x26,
    },
    soft: Color {
        r: 0x4c,
        g: 0x55,
        b: 0x60,
    },
};
const DARK: Scheme = Scheme {
    page: Color {
        r: 0x0f,
        g: 0x11,
        b: 0x14,
    },
    wash: 3,
    card: Color {
        r: 0x1a,
        g: 0x1d,
        b: 0x21,
    },
    ink: Color {
        r: 0xf1,
        g: 0xf3,
        b: 0xf5,
    },
    soft: Color {
        r: 0xb3,
        g: 0xbb,
        b: 0xc4,
    },
};

/// What does not depend on the owner.
struct Scheme {
    /// Behind the card.
    page: Color,
    /// How much of the owner's colour is mixed into it, in percent.
    wash: u8,
    card: Color,
    ink: Color,
    soft: Color,
}

#[derive(Template)]
#[template(path = "page.css", escape = "none")]
struct Style {
    light: Palette<String>,
    dark: Palette<String>,
}

/// The colours of one scheme, by what they are for.
struct Palette<T> {
    page: T,
    card: T,
    ink: T,
    soft: T,
    line: T,
    accent: T,
    on_accent: T,
    edge: T,
    link: T,
    tint: T,
}

/// The whole style sheet.
pub(super) fn style(color: Option<Color>) -> Result<String, askama::Error> {
    let accent = color.unwrap_or(NO_BRAND);
    let scheme = |scheme: &Scheme| scheme.palette(accent).written();
    let style = Style {
        light: scheme(&LIGHT),
        dark: scheme(&DARK),
    }
    .render()?;
    Ok(style.trim().to_owned())
}

impl Scheme {
    fn palette(&self, accent: Color) -> Palette<Color> {
        let link = readable(accent, self.card, TEXT);
        // A control must stand out even where its own colour does not.
        let edge = if contrast(accent, self.card) >= CONTROL {
            accent
        } else {
            link
        };
        Palette {
            page: mix(self.page, accent, self.wash),
            card: self.card,
            ink: self.ink,
            soft: self.soft,
            line: mix(self.card, self.ink, 14),
            accent,
            on_accent: text_on(accent),
            edge,
            link,
            tint: mix(self.card, accent, 8),
        }
    }
}

impl Palette<Color> {
    fn written(&self) -> Palette<String> {
        Palette {
            page: hex(self.page),
            card: hex(self.card),
            ink: hex(self.ink),
            soft: hex(self.soft),
            line: hex(self.line),
            accent: hex(self.accent),
            on_accent: hex(self.on_accent),
            edge: hex(self.edge),
            link: hex(self.link),
            tint: hex(self.tint),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn everything_can_be_read_with_any_colour_in_both_schemes(r: u8, g: u8, b: u8) {
            for scheme in [LIGHT, DARK] {
                let of = scheme.palette(Color { r, g, b });
                for (text, behind) in [
                    (of.ink, of.card),
                    (of.soft, of.card),
                    (of.link, of.card),
                    (of.ink, of.tint),
                    (of.on_accent, of.accent),
                ] {
                    let found = contrast(text, behind);
                    prop_assert!(found >= TEXT, "{} on {}: {found}", hex(text), hex(behind));
                }
                prop_assert!(contrast(of.edge, of.card) >= CONTROL);
            }
        }
    }
}
