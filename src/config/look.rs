//! The part of `[brand]` that is for the eye: theme, letters and colours. Colours that cannot be
//! read are reported with what the page uses instead.

use super::{
    fault::Fault,
    reader::{Table, Value},
    spec::{BrandSpec, Color, FontSpec, Palette, Theme},
};

const THEMES: [(&str, Theme); 3] = [
    ("calm", Theme::Calm),
    ("bold", Theme::Bold),
    ("plain", Theme::Plain),
];
const FONTS: [(&str, FontSpec); 4] = [
    ("sans", FontSpec::Sans),
    ("serif", FontSpec::Serif),
    ("rounded", FontSpec::Rounded),
    ("mono", FontSpec::Mono),
];
const MOST_FAMILIES: usize = 8;
const LONGEST_FAMILY: usize = 50;

/// Reads what is for the eye into the rest of a brand.
pub(super) fn with_look(table: &Table<'_>, rest: BrandSpec) -> BrandSpec {
    let named = |key: &str| table.get(key)?.read("a colour such as \"#0a7a5c\"", color);
    let theme = table.get("theme").and_then(|theme| theme.choice(&THEMES));
    let brand = BrandSpec {
        theme: theme.unwrap_or_default(),
        font: table.get("font").and_then(|value| font(&value)),
        color: named("color"),
        color_dark: named("color_dark"),
        background: named("background"),
        background_dark: named("background_dark"),
        text: named("text"),
        text_dark: named("text_dark"),
        ..rest
    };
    warn_of_contrast(table, &brand);
    brand
}

fn warn_of_contrast(table: &Table<'_>, brand: &BrandSpec) {
    for repair in Palette::repairs(brand) {
        let Some(value) = table.get(repair.key) else {
            continue;
        };
        // Rounded down: 4.499 is not enough and must not look so.
        let ratio = (repair.ratio * 100.0).floor() / 100.0;
        let problem = format!(
            "is hard to read as {} on {}: their contrast is {ratio:.2}:1, and WCAG 2.2 AA wants \
             4.5:1",
            repair.purpose, repair.ground
        );
        let way_out = format!(
            "write \"{0}\", the nearest colour that passes; until then the page uses {0} for {1}",
            repair.instead, repair.purpose
        );
        table
            .report()
            .add(value.problem(&problem, &way_out).into_warning());
    }
}

/// One of ours by its word, or the names of families.
fn font(value: &Value<'_>) -> Option<FontSpec> {
    let items = value.list_or_one("a font or a list of font families")?;
    if items.len() > MOST_FAMILIES || items.is_empty() {
        value.reject(
            &format!("has {} entries", items.len()),
            &format!("name between 1 and {MOST_FAMILIES} families, the best first"),
        );
        return None;
    }
    let names: Vec<_> = items
        .iter()
        .filter_map(|item| item.read("a font", family))
        .collect();
    if let [name] = names.as_slice()
        && let Some((_, font)) = FONTS.iter().find(|(known, _)| known == name)
    {
        return Some(font.clone());
    }
    (names.len() == items.len()).then_some(FontSpec::Families(names))
}

fn family(text: &str) -> Result<String, Fault> {
    let text = text.trim();
    let is_usual = text
        .chars()
        .all(|char| char.is_alphanumeric() || " -_".contains(char));
    if text.is_empty() || text.len() > LONGEST_FAMILY || !is_usual {
        return Err(Fault::new(
            "is not the name of a font family",
            "write \"sans\", \"serif\", \"rounded\" or \"mono\", or a name such as \"Avenir Next\"",
        ));
    }
    Ok(text.to_owned())
}

fn color(text: &str) -> Result<Color, Fault> {
    let fault = || {
        Fault::new(
            "is not a colour",
            "write it as \"#rrggbb\", for example \"#0a7a5c\"",
        )
    };
    let digits = text.strip_prefix('#').unwrap_or(text);
    let doubled: String = match digits.len() {
        3 => digits.chars().flat_map(|digit| [digit, digit]).collect(),
        _ => digits.to_owned(),
    };
    if doubled.len() != 6 || !doubled.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(fault());
    }
    if digits.len() == text.len() {
        return Err(fault().or_rather(format!("#{digits}")));
    }
    let part = |at| {
        doubled
            .get(at..at + 2)
            .and_then(|two| u8::from_str_radix(two, 16).ok())
    };
    match (part(0), part(2), part(4)) {
        (Some(r), Some(g), Some(b)) => Ok(Color::new(r, g, b)),
        _ => Err(fault()),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn colours_have_three_or_six_digits() {
        let green = Color::new(0x0a, 0x7a, 0x5c);
        assert_eq!(color("#0a7A5c").unwrap(), green);
        assert_eq!(
            color("#fb0").unwrap(),
            Color {
                r: 0xff,
                g: 0xbb,
                b: 0
            }
        );
        assert_eq!(
            color("0a7a5c").unwrap_err().better.as_deref(),
            Some("#0a7a5c")
        );
        for bad in [
            "", "#", "#12", "#12345", "#1234567", "#ggg", "green", "#+1+1+1", "#üb",
        ] {
            assert!(color(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn names_of_font_families_hold_nothing_that_a_style_sheet_could_mistake() {
        for good in [
            "Inter",
            "Avenir Next",
            "Noto Sans JP",
            "游ゴシック",
            "serif",
        ] {
            assert!(family(good).is_ok(), "{good}");
        }
        for bad in [
            "", " ", "a;b", "a\"b", "a{", "a\\", "</style>", "a,b", "url(x)", "a\nb",
        ] {
            assert!(family(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "#?\\PC*") {
            let _ = color(&text);
            let _ = family(&text);
        }
    }
}
