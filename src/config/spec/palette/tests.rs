//! Everything can be read, whatever an owner names.

use proptest::prelude::*;

use super::*;

/// Every pair that a style sheet puts together, and the contrast it needs.
fn pairs(of: &Palette) -> Vec<(&'static str, Color, Color, f64)> {
    let mut pairs = vec![
        ("a button's label", of.on_accent, of.accent, TEXT),
        ("text in the large area", of.on_hero, of.hero, TEXT),
        ("text on shapes in it", of.on_hero, of.deep, TEXT),
        ("a label in the owner's colour", of.hero, of.on_hero, TEXT),
    ];
    for ground in [of.card, of.page, of.tint] {
        pairs.extend([
            ("text", of.ink, ground, TEXT),
            ("soft text", of.soft, ground, TEXT),
            ("links and focus", of.link, ground, TEXT),
            ("a button's edge", of.edge, ground, CONTROL),
        ]);
    }
    pairs
}

fn color() -> impl Strategy<Value = Color> {
    any::<(u8, u8, u8)>().prop_map(|(r, g, b)| Color::new(r, g, b))
}

fn named() -> impl Strategy<Value = Option<Color>> {
    prop::option::of(color())
}

#[test]
fn colours_that_can_be_read_are_left_alone() {
    let brand = BrandSpec {
        color: Some(Color::new(0x0a, 0x7a, 0x5c)),
        color_dark: Some(Color::new(0x5f, 0xd3, 0xb0)),
        text: Some(Color::new(0x22, 0x22, 0x22)),
        ..BrandSpec::default()
    };
    assert_eq!(Palette::repairs(&brand).next(), None);
    assert_eq!(Palette::repairs(&BrandSpec::default()).next(), None);
}

#[test]
fn what_cannot_be_read_is_named_with_what_is_used_instead() {
    let brand = BrandSpec {
        color: Some(Color::new(0xff, 0xe6, 0x00)),
        text_dark: Some(Color::new(0x33, 0x33, 0x33)),
        ..BrandSpec::default()
    };
    let found: Vec<_> = Palette::repairs(&brand).collect();
    let keys: Vec<_> = found.iter().map(|repair| repair.key).collect();
    assert_eq!(keys, ["color", "text_dark"]);
    for repair in found {
        assert!(repair.ratio < TEXT, "{repair:?}");
        assert!(repair.instead.contrast(repair.ground) >= TEXT, "{repair:?}");
    }
}

#[test]
fn a_colour_for_the_light_scheme_is_fitted_to_the_dark_one_without_a_word() {
    let brand = BrandSpec {
        color: Some(Color::new(0x10, 0x18, 0x30)),
        ..BrandSpec::default()
    };
    assert_eq!(Palette::repairs(&brand).next(), None);
    let dark = Palette::of(&brand, ColorScheme::Dark);
    assert!(dark.accent.contrast(dark.card) >= CONTROL);
}

proptest! {
    #[test]
    fn everything_can_be_read_with_any_colours_in_both_schemes(
        light in (named(), named(), named()), dark in (named(), named(), named()),
    ) {
        let brand = BrandSpec {
            color: light.0, background: light.1, text: light.2,
            color_dark: dark.0, background_dark: dark.1, text_dark: dark.2,
            ..BrandSpec::default()
        };
        for scheme in ColorScheme::ALL {
            for (what, text, ground, least) in pairs(&Palette::of(&brand, scheme)) {
                let found = text.contrast(ground);
                prop_assert!(found >= least, "{scheme:?}: {what}, {text} on {ground}: {found}");
            }
        }
        for repair in Palette::repairs(&brand) {
            prop_assert!(repair.ratio < TEXT && repair.instead.contrast(repair.ground) >= TEXT);
        }
    }
}
