//! Categories against a table written from CLDR's chart of plural rules.

use super::{super::words, Category};
use crate::config::spec::Language;

#[test]
fn numbers_have_the_categories_of_cldr() {
    use Category::{Few, Many, One, Other, Two, Zero};
    const NUMBERS: [u64; 18] = [
        0, 1, 2, 3, 4, 5, 10, 11, 12, 14, 21, 22, 25, 100, 101, 102, 111, 1_000_000,
    ];
    let table: [(&[Language], [Category; 18]); 9] = [
        (&[Language::Ja, Language::ZhHans], [Other; 18]),
        (
            &[
                Language::Da,
                Language::De,
                Language::En,
                Language::Nl,
                Language::Sv,
                Language::Tr,
            ],
            [
                Other, One, Other, Other, Other, Other, Other, Other, Other, Other, Other, Other,
                Other, Other, Other, Other, Other, Other,
            ],
        ),
        (
            &[Language::Es, Language::It],
            [
                Other, One, Other, Other, Other, Other, Other, Other, Other, Other, Other, Other,
                Other, Other, Other, Other, Other, Many,
            ],
        ),
        (
            &[Language::Fr, Language::Pt],
            [
                One, One, Other, Other, Other, Other, Other, Other, Other, Other, Other, Other,
                Other, Other, Other, Other, Other, Many,
            ],
        ),
        (
            &[Language::He],
            [
                Other, One, Two, Other, Other, Other, Other, Other, Other, Other, Other, Other,
                Other, Other, Other, Other, Other, Other,
            ],
        ),
        (
            &[Language::Cs],
            [
                Other, One, Few, Few, Few, Other, Other, Other, Other, Other, Other, Other, Other,
                Other, Other, Other, Other, Other,
            ],
        ),
        (
            &[Language::Pl],
            [
                Many, One, Few, Few, Few, Many, Many, Many, Many, Many, Many, Few, Many, Many,
                Many, Few, Many, Many,
            ],
        ),
        (
            &[Language::Uk],
            [
                Many, One, Few, Few, Few, Many, Many, Many, Many, Many, One, Few, Many, Many, One,
                Few, Many, Many,
            ],
        ),
        (
            &[Language::Ar],
            [
                Zero, One, Two, Few, Few, Few, Few, Many, Many, Many, Many, Many, Many, Other,
                Other, Other, Many, Other,
            ],
        ),
    ];
    let mut seen = Vec::new();
    for (languages, categories) in table {
        for language in languages {
            let found = NUMBERS.map(|number| words(*language).counting.category(number));
            assert_eq!(found, categories, "{}", language.tag());
            seen.push(*language);
        }
    }
    seen.sort_unstable();
    assert_eq!(seen, Language::ALL);
}
