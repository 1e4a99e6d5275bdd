//! Colours that can be read: the owner's colour as it is where it is safe, and moved towards
//! black or white where text would not stand out (WCAG 2.2, success criteria 1.4.3 and 1.4.11).

use crate::config::spec::Color;

/// White.
pub(super) const WHITE: Color = Color {
    r: 255,
    g: 255,
    b: 255,
};
/// Black.
pub(super) const BLACK: Color = Color { r: 0, g: 0, b: 0 };
/// The least contrast of text with what is behind it.
pub(super) const TEXT: f64 = 4.5;
/// The least contrast of a control's edge with what is around it.
pub(super) const CONTROL: f64 = 3.0;

/// The contrast of two colours, from 1 (none) to 21 (black on white).
pub(super) fn contrast(one: Color, other: Color) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

/// Relative luminance as WCAG defines it, from 0 (black) to 1 (white).
fn luminance(color: Color) -> f64 {
    let linear = |channel: u8| {
        let value = f64::from(channel) / 255.0;
        if value <= 0.040_45 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * linear(color.r) + 0.7152 * linear(color.g) + 0.0722 * linear(color.b)
}

/// White where it can be read on `background`, else black, which then can: no colour is too close
/// to both.
pub(super) fn text_on(background: Color) -> Color {
    if contrast(WHITE, background) >= TEXT {
        WHITE
    } else {
        BLACK
    }
}

/// The colour nearest to `color` that has at least this contrast with `background`.
pub(super) fn readable(color: Color, background: Color, least: f64) -> Color {
    let away = if contrast(BLACK, background) > contrast(WHITE, background) {
        BLACK
    } else {
        WHITE
    };
    (0..=100)
        .map(|percent| mix(color, away, percent))
        .find(|mixed| contrast(*mixed, background) >= least)
        .unwrap_or(away)
}

/// `percent` of `other` in `color`.
pub(super) fn mix(color: Color, other: Color, percent: u8) -> Color {
    let share = u16::from(percent.min(100));
    let channel = |one: u8, two: u8| {
        let mixed = (u16::from(one) * (100 - share) + u16::from(two) * share + 50) / 100;
        u8::try_from(mixed).unwrap_or(u8::MAX)
    };
    Color {
        r: channel(color.r, other.r),
        g: channel(color.g, other.g),
        b: channel(color.b, other.b),
    }
}

/// As CSS writes it.
pub(super) fn hex(Color { r, g, b }: Color) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const YELLOW: Color = Color {
        r: 255,
        g: 230,
        b: 0,
    };
    const GREEN: Color = Color {
        r: 10,
        g: 122,
        b: 92,
    };

    #[test]
    fn contrast_agrees_with_known_values() {
        let close = |one: Color, other: Color, wanted: f64| {
            let found = contrast(one, other);
            assert!((found - wanted).abs() < 0.01, "{found} is not {wanted}");
        };
        close(BLACK, WHITE, 21.0);
        close(WHITE, WHITE, 1.0);
        close(
            Color {
                r: 119,
                g: 119,
                b: 119,
            },
            WHITE,
            4.48,
        );
        close(Color { r: 255, g: 0, b: 0 }, WHITE, 4.0);
    }

    #[test]
    fn text_on_a_colour_is_white_where_that_can_be_read() {
        assert_eq!(text_on(GREEN), WHITE);
        assert_eq!(text_on(YELLOW), BLACK);
    }

    #[test]
    fn a_readable_colour_stays_as_it_is() {
        assert_eq!(readable(GREEN, WHITE, TEXT), GREEN);
        assert_ne!(readable(YELLOW, WHITE, TEXT), YELLOW);
    }

    proptest! {
        #[test]
        fn every_colour_becomes_readable(r: u8, g: u8, b: u8, dark: bool) {
            let color = Color { r, g, b };
            let background = if dark { BLACK } else { WHITE };
            prop_assert!(contrast(readable(color, background, TEXT), background) >= TEXT);
            prop_assert!(contrast(text_on(color), color) >= TEXT);
        }
    }
}
