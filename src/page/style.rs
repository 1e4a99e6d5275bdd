//! The page's one style sheet: what all designs share, a design, letters, and the owner's colours
//! in a light and a dark scheme.

use askama::Template;

use crate::config::spec::{BrandSpec, ColorScheme, FontSpec, Palette, Theme};

const SANS: &str = r#"system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif"#;
const SERIF: &str =
    r#"Charter,"Bitstream Charter","Iowan Old Style","Sitka Text",Cambria,Georgia,serif"#;
const ROUNDED: &str = r#"ui-rounded,"SF Pro Rounded","Hiragino Maru Gothic ProN",Quicksand,Nunito,Manjari,system-ui,sans-serif"#;
const MONO: &str =
    r#"ui-monospace,SFMono-Regular,Menlo,"Cascadia Code",Consolas,"DejaVu Sans Mono",monospace"#;

#[derive(Template)]
#[template(path = "base.css", escape = "none")]
struct Style<'a> {
    light: Palette,
    dark: Palette,
    font: &'a str,
    /// The design's own rules.
    own: &'static str,
}

/// The whole style sheet of a brand.
pub(super) fn style(brand: &BrandSpec) -> Result<String, askama::Error> {
    let style = Style {
        light: Palette::of(brand, ColorScheme::Light),
        dark: Palette::of(brand, ColorScheme::Dark),
        font: &font(brand),
        own: match brand.theme {
            Theme::Calm => include_str!("../../templates/calm.css"),
            Theme::Bold => include_str!("../../templates/bold.css"),
            Theme::Plain => include_str!("../../templates/plain.css"),
        }
        .trim_end(),
    }
    .render()?;
    Ok(style.trim().to_owned())
}

/// As `font-family` takes it.
fn font(brand: &BrandSpec) -> String {
    match (&brand.font, brand.theme) {
        (Some(FontSpec::Families(names)), _) => families(names),
        (Some(FontSpec::Serif), _) | (None, Theme::Plain) => SERIF.to_owned(),
        (Some(FontSpec::Sans), _) | (None, Theme::Calm | Theme::Bold) => SANS.to_owned(),
        (Some(FontSpec::Rounded), _) => ROUNDED.to_owned(),
        (Some(FontSpec::Mono), _) => MONO.to_owned(),
    }
}

/// Quoted, so that no name is taken for a word of CSS. Whatever a name could do beyond that is
/// left out here, too: the style sheet is the one place where nothing is escaped.
fn families(names: &[String]) -> String {
    let mut list = String::new();
    for name in names {
        let is_usual = |char: &char| char.is_alphanumeric() || " -_".contains(*char);
        let name: String = name.chars().filter(is_usual).collect();
        list += &match name.as_str() {
            "" => continue,
            // Not a family but the device's own choice of one.
            "sans-serif" | "serif" | "monospace" | "cursive" | "system-ui" => format!("{name},"),
            _ => format!("\"{name}\","),
        };
    }
    list + "sans-serif"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_are_quoted_and_end_in_one_that_every_device_has() {
        let names = ["Avenir Next", "serif", "a\"};b{</style>"].map(str::to_owned);
        assert_eq!(
            families(&names),
            r#""Avenir Next",serif,"abstyle",sans-serif"#
        );
    }

    #[test]
    fn a_theme_has_letters_of_its_own_unless_told_otherwise() {
        let with = |theme, font| {
            let brand = BrandSpec {
                theme,
                font,
                ..BrandSpec::default()
            };
            super::font(&brand)
        };
        assert_eq!(with(Theme::Calm, None), SANS);
        assert_eq!(with(Theme::Plain, None), SERIF);
        assert_eq!(with(Theme::Plain, Some(FontSpec::Sans)), SANS);
    }
}
