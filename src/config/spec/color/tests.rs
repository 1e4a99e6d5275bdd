//! Known contrasts, and that every colour finds its nearest.

use proptest::prelude::*;

use super::*;

const YELLOW: Color = Color::new(255, 230, 0);
const GREEN: Color = Color::new(10, 122, 92);

#[test]
fn contrast_agrees_with_known_values() {
    let close = |one: Color, other: Color, wanted: f64| {
        let found = one.contrast(other);
        assert!((found - wanted).abs() < 0.01, "{found} is not {wanted}");
    };
    close(Color::BLACK, Color::WHITE, 21.0);
    close(Color::WHITE, Color::WHITE, 1.0);
    close(Color::new(119, 119, 119), Color::WHITE, 4.48);
    close(Color::new(255, 0, 0), Color::WHITE, 4.0);
}

#[test]
fn a_label_is_white_where_that_can_be_read() {
    assert_eq!(GREEN.label(4.5), Color::WHITE);
    assert_eq!(YELLOW.label(4.5), Color::BLACK);
}

#[test]
fn a_colour_that_can_be_read_stays_as_it_is() {
    assert_eq!(GREEN.nearest(&[Color::WHITE], 4.5), GREEN);
    assert_ne!(YELLOW.nearest(&[Color::WHITE], 4.5), YELLOW);
}

#[test]
fn the_nearest_colour_goes_no_further_than_it_must_and_keeps_its_hue() {
    for (color, ground) in [
        (YELLOW, Color::WHITE),
        (GREEN, Color::new(26, 29, 33)),
        (Color::new(255, 120, 120), Color::WHITE),
    ] {
        let found = color.nearest(&[ground], 4.5);
        let contrast = found.contrast(ground);
        assert!((4.5..4.6).contains(&contrast), "{found}: {contrast}");
        let hue = |color: Color| {
            let lab = Oklab::from(color);
            lab.b.atan2(lab.a)
        };
        assert!((hue(color) - hue(found)).abs() < 0.05, "{color} to {found}");
    }
}

#[test]
fn between_two_grounds_that_leave_no_room_the_first_decides() {
    let grounds = [Color::WHITE, Color::BLACK];
    assert_eq!(YELLOW.nearest(&grounds, 4.6), Color::BLACK);
}

proptest! {
    #[test]
    fn every_colour_becomes_readable_on_every_ground(
        color: (u8, u8, u8), ground: (u8, u8, u8),
    ) {
        let color = Color::new(color.0, color.1, color.2);
        let ground = Color::new(ground.0, ground.1, ground.2);
        prop_assert!(color.nearest(&[ground], 4.5).contrast(ground) >= 4.5);
        prop_assert!(color.label(4.5).contrast(color) >= 4.5);
        prop_assert!(color.opposite().contrast(color) >= 4.58);
    }

    #[test]
    fn oklab_and_back_is_the_same_colour(r: u8, g: u8, b: u8) {
        let color = Color::new(r, g, b);
        let lab = Oklab::from(color);
        let back = lab.at(lab.l);
        for (one, other) in [(r, back.r), (g, back.g), (b, back.b)] {
            prop_assert!(one.abs_diff(other) <= 1, "{color} became {back}");
        }
    }
}
