//! All colours of the page, from the few that an owner names: a light and a dark scheme in which
//! everything can be read, whatever was named.

use super::{BrandSpec, Color};

/// The least contrast of text with what is behind it (WCAG 2.2, 1.4.3).
const TEXT: f64 = 4.5;
/// The least contrast of a control or a mark of focus with what is around it (1.4.11).
const CONTROL: f64 = 3.0;

/// Where an owner names no colour: a calm blue.
const NO_BRAND: Color = Color::new(0x2f, 0x5d, 0x9e);
/// The contrast of links in the dark scheme where the owner named no colour for it.
const DARK_LINK: f64 = 6.5;
/// The contrast of controls there: with room for grounds that are a little lighter than the card.
const DARK_CONTROL: f64 = 3.6;
/// How much of the owner's colour is behind notices, in percent.
const TINT: u8 = 9;
/// No large area is lighter than this in the dark scheme (Oklab).
const DARK_HERO: f64 = 0.42;

const LIGHT: Base = Base {
    card: Color::WHITE,
    shade: 5,
    wash: 5,
    ink: Color::new(0x17, 0x1b, 0x22),
    soft: Color::new(0x4a, 0x52, 0x5e),
};
const DARK: Base = Base {
    card: Color::new(0x1a, 0x1d, 0x22),
    shade: 40,
    wash: 4,
    ink: Color::new(0xf2, 0xf4, 0xf6),
    soft: Color::new(0xb6, 0xbe, 0xc8),
};

/// What the page looks like to a visitor who prefers it so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    /// Dark on light, usually.
    Light,
    /// Light on dark, usually.
    Dark,
}

/// What does not depend on the owner.
struct Base {
    card: Color,
    /// How much darker the ground around a card is than the card, in percent.
    shade: u8,
    /// How much of the owner's colour is in it, in percent.
    wash: u8,
    ink: Color,
    soft: Color,
}

/// What an owner says about one scheme.
struct Named {
    accent: Option<Color>,
    background: Option<Color>,
    text: Option<Color>,
}

/// The colours of one scheme, by what they are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Palette {
    /// Around the card.
    pub page: Color,
    /// Behind text.
    pub card: Color,
    /// Text.
    pub ink: Color,
    /// Text of less weight.
    pub soft: Color,
    /// Between parts; carries no meaning.
    pub line: Color,
    /// Buttons.
    pub accent: Color,
    /// The label of a button.
    pub on_accent: Color,
    /// Around a button, and what marks a notice.
    pub edge: Color,
    /// Links, icons and the mark of focus.
    pub link: Color,
    /// Behind notices and vouchers.
    pub tint: Color,
    /// A large area in the owner's colour.
    pub hero: Color,
    /// Shapes in it, further away from what stands on it.
    pub deep: Color,
    /// All that stands on it.
    pub on_hero: Color,
}

/// An owner's colour that cannot be used as it is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Repair {
    /// The key below `[brand]`.
    pub key: &'static str,
    /// What the colour is used for.
    pub purpose: &'static str,
    /// What is behind it.
    pub ground: Color,
    /// The contrast of the two, less than 4.5.
    pub ratio: f64,
    /// What the page uses: the nearest colour that passes.
    pub instead: Color,
}

impl ColorScheme {
    /// Each.
    pub const ALL: [Self; 2] = [Self::Light, Self::Dark];

    const fn base(self) -> &'static Base {
        match self {
            Self::Light => &LIGHT,
            Self::Dark => &DARK,
        }
    }

    const fn named(self, brand: &BrandSpec) -> Named {
        match self {
            Self::Light => Named {
                accent: brand.color,
                background: brand.background,
                text: brand.text,
            },
            Self::Dark => Named {
                accent: brand.color_dark,
                background: brand.background_dark,
                text: brand.text_dark,
            },
        }
    }
}

impl Palette {
    /// The colours of one scheme.
    #[must_use]
    pub fn of(brand: &BrandSpec, scheme: ColorScheme) -> Self {
        let (base, named) = (scheme.base(), scheme.named(brand));
        let card = named.background.unwrap_or(base.card);
        let accent = named.accent.unwrap_or_else(|| match scheme {
            ColorScheme::Light => NO_BRAND,
            // Named for the light scheme: here it is ours to fit.
            ColorScheme::Dark => {
                let color = brand.color.unwrap_or(NO_BRAND);
                color.nearest(&[card], DARK_CONTROL)
            }
        });
        // Thin bright letters on a dark ground: what is ours to choose may be better than enough.
        let least = match (scheme, named.accent) {
            (ColorScheme::Dark, None) => DARK_LINK,
            (ColorScheme::Dark, Some(_)) | (ColorScheme::Light, _) => TEXT,
        };
        let ink = named.text.unwrap_or(base.ink).nearest(&[card], TEXT);
        let soft = named.text.map_or(base.soft, |text| text.mix(card, 15));
        let soft = soft.nearest(&[card], TEXT);
        let link = accent.nearest(&[card], least);
        // A control must stand out even where its own colour does not.
        let edge = accent.nearest(&[card], CONTROL);
        // The other grounds are ours: they give way, not what the owner named.
        let is_ground = |ground: Color| {
            let mut texts = [ink, soft, link].into_iter();
            texts.all(|text| text.contrast(ground) >= TEXT) && edge.contrast(ground) >= CONTROL
        };
        let hero = match scheme {
            ColorScheme::Light => accent,
            ColorScheme::Dark => accent.at_most(DARK_HERO),
        };
        let page = washed(card, Color::BLACK, base.shade, is_ground);
        Self {
            page: washed(page, accent, base.wash, is_ground),
            card,
            ink,
            soft,
            line: card.mix(ink, 14),
            accent,
            on_accent: accent.label(TEXT),
            edge,
            link,
            tint: washed(card, accent, TINT, is_ground),
            hero,
            deep: hero.mix(hero.label(TEXT).opposite(), 9),
            on_hero: hero.label(TEXT),
        }
    }

    /// Which of the owner's colours cannot be read where the page uses them.
    pub fn repairs(brand: &BrandSpec) -> impl Iterator<Item = Repair> {
        ColorScheme::ALL.into_iter().flat_map(|scheme| {
            let (palette, named) = (Self::of(brand, scheme), scheme.named(brand));
            let [color, text] = match scheme {
                ColorScheme::Light => ["color", "text"],
                ColorScheme::Dark => ["color_dark", "text_dark"],
            };
            [
                palette.repair(color, "links", named.accent, palette.link),
                palette.repair(text, "text", named.text, palette.ink),
            ]
            .into_iter()
            .flatten()
        })
    }

    fn repair(
        &self,
        key: &'static str,
        purpose: &'static str,
        named: Option<Color>,
        instead: Color,
    ) -> Option<Repair> {
        let named = named.filter(|named| *named != instead)?;
        Some(Repair {
            key,
            purpose,
            ground: self.card,
            ratio: named.contrast(self.card),
            instead,
        })
    }
}

/// As much of the wash in the colour as leaves it a ground for everything.
fn washed(color: Color, wash: Color, percent: u8, is_ground: impl Fn(Color) -> bool) -> Color {
    (0..=percent)
        .rev()
        .map(|percent| color.mix(wash, percent))
        .find(|mixed| is_ground(*mixed))
        .unwrap_or(color)
}

#[cfg(test)]
mod tests;
