//! Colours and whether they can be told apart (WCAG 2.2, success criteria 1.4.3 and 1.4.11).
//!
//! A colour that is hard to read is replaced by the nearest one that is not: only its lightness
//! moves, in Oklab (Björn Ottosson, 2020), so that it stays the owner's hue to the eye.

use std::fmt;

/// An sRGB colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub r: u8,
    /// Green.
    pub g: u8,
    /// Blue.
    pub b: u8,
}

/// Lightness from 0 to 1, and the two axes of hue.
#[derive(Clone, Copy)]
struct Oklab {
    l: f64,
    a: f64,
    b: f64,
}

impl Color {
    /// White.
    pub const WHITE: Self = Self::new(255, 255, 255);
    /// Black.
    pub const BLACK: Self = Self::new(0, 0, 0);

    /// From its channels.
    #[must_use]
    pub const fn new(r: u8, g: u8, b: u8) -> Self {
        Self { r, g, b }
    }

    /// The contrast with another colour, from 1 (none) to 21 (black on white).
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, other) = (self.luminance(), other.luminance());
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    /// Relative luminance as WCAG defines it, from 0 (black) to 1 (white).
    fn luminance(self) -> f64 {
        let [r, g, b] = self.linear();
        0.2126 * r + 0.7152 * g + 0.0722 * b
    }

    /// Black or white, whichever stands out more. Its contrast is never below 4.58.
    #[must_use]
    pub fn opposite(self) -> Self {
        if Self::BLACK.contrast(self) > Self::WHITE.contrast(self) {
            Self::BLACK
        } else {
            Self::WHITE
        }
    }

    /// White where it has a contrast of at least `least`, else black.
    #[must_use]
    pub fn label(self, least: f64) -> Self {
        if Self::WHITE.contrast(self) >= least {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// The nearest colour of the same hue that has at least this contrast with each of the
    /// grounds; where there is none, what stands out most from the first.
    #[must_use]
    pub fn nearest(self, grounds: &[Self], least: f64) -> Self {
        let passes = |color: Self| {
            grounds
                .iter()
                .all(|ground| color.contrast(*ground) >= least)
        };
        if passes(self) {
            return self;
        }
        let from = Oklab::from(self);
        let lighter = from.shifted(1.0, &passes);
        let darker = from.shifted(0.0, &passes);
        match (lighter, darker) {
            (Some((up, color)), Some((down, _))) if up <= down => color,
            (_, Some((_, color))) | (Some((_, color)), None) => color,
            (None, None) => grounds.first().map_or(self, |ground| ground.opposite()),
        }
    }

    /// The same hue, at most as light as this (0 to 1).
    #[must_use]
    pub fn at_most(self, lightness: f64) -> Self {
        let lab = Oklab::from(self);
        if lab.l <= lightness {
            return self;
        }
        lab.at(lightness)
    }

    /// `percent` of `other` in this one.
    #[must_use]
    pub fn mix(self, other: Self, percent: u8) -> Self {
        let share = u16::from(percent.min(100));
        let channel = |one: u8, two: u8| {
            let mixed = (u16::from(one) * (100 - share) + u16::from(two) * share + 50) / 100;
            u8::try_from(mixed).unwrap_or(u8::MAX)
        };
        Self {
            r: channel(self.r, other.r),
            g: channel(self.g, other.g),
            b: channel(self.b, other.b),
        }
    }

    /// The channels in proportion to light, from 0 to 1.
    fn linear(self) -> [f64; 3] {
        [self.r, self.g, self.b].map(|channel| {
            let value = f64::from(channel) / 255.0;
            if value <= 0.040_45 {
                value / 12.92
            } else {
                ((value + 0.055) / 1.055).powf(2.4)
            }
        })
    }

    fn from_linear(linear: [f64; 3]) -> Self {
        let [r, g, b] = linear.map(|light| {
            let light = light.clamp(0.0, 1.0);
            let value = if light <= 0.003_130_8 {
                light * 12.92
            } else {
                1.055 * light.powf(1.0 / 2.4) - 0.055
            };
            rounded(value * 255.0)
        });
        Self { r, g, b }
    }
}

/// The nearest byte, bit by bit: there is no checked conversion.
fn rounded(value: f64) -> u8 {
    let bits = [128_u8, 64, 32, 16, 8, 4, 2, 1];
    bits.into_iter().fold(0, |byte, bit| {
        if value + 0.5 >= f64::from(byte | bit) {
            byte | bit
        } else {
            byte
        }
    })
}

impl From<Color> for Oklab {
    fn from(color: Color) -> Self {
        let [r, g, b] = color.linear();
        let l = (0.412_221_470_8 * r + 0.536_332_536_3 * g + 0.051_445_992_9 * b).cbrt();
        let m = (0.211_903_498_2 * r + 0.680_699_545_1 * g + 0.107_396_956_6 * b).cbrt();
        let s = (0.088_302_461_9 * r + 0.281_718_837_6 * g + 0.629_978_700_5 * b).cbrt();
        Self {
            l: 0.210_454_255_3 * l + 0.793_617_785_0 * m - 0.004_072_046_8 * s,
            a: 1.977_998_495_1 * l - 2.428_592_205_0 * m + 0.450_593_709_9 * s,
            b: 0.025_904_037_1 * l + 0.782_771_766_2 * m - 0.808_675_766_0 * s,
        }
    }
}

impl Oklab {
    /// The least shift of lightness towards `end` that passes, and the colour it leads to.
    fn shifted(self, end: f64, passes: &impl Fn(Color) -> bool) -> Option<(f64, Color)> {
        const STEPS: u32 = 12;
        let mut found = Some(self.at(end)).filter(|color| passes(*color))?;
        let (mut near, mut far) = (self.l, end);
        for _ in 0..STEPS {
            let middle = f64::midpoint(near, far);
            let color = self.at(middle);
            if passes(color) {
                (far, found) = (middle, color);
            } else {
                near = middle;
            }
        }
        Some(((far - self.l).abs(), found))
    }

    /// The same hue at another lightness, as colourful as sRGB can show it.
    fn at(self, lightness: f64) -> Color {
        const STEPS: u32 = 10;
        let light = |chroma: f64| self.linear(lightness, chroma);
        let is_shown = |light: [f64; 3]| {
            let tolerance = 1e-4;
            light
                .iter()
                .all(|one| (-tolerance..=1.0 + tolerance).contains(one))
        };
        if is_shown(light(1.0)) {
            return Color::from_linear(light(1.0));
        }
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..STEPS {
            let middle = f64::midpoint(low, high);
            if is_shown(light(middle)) {
                low = middle;
            } else {
                high = middle;
            }
        }
        Color::from_linear(light(low))
    }

    /// Linear sRGB with this lightness and this share of the chroma.
    fn linear(self, lightness: f64, chroma: f64) -> [f64; 3] {
        let (a, b) = (self.a * chroma, self.b * chroma);
        let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
        let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
        let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
        [
            4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s,
            -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s,
            -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s,
        ]
    }
}

impl fmt::Display for Color {
    /// As CSS writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { r, g, b } = self;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

#[cfg(test)]
mod tests;
