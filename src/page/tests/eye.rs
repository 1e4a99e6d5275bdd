//! Pages for the eye.

use super::{
    markup::{THEMES, full, html},
    *,
};
use crate::config::spec::Color;

#[test]
#[ignore = "writes pages for the eye to the directory named in PAGES_TO"]
fn write_pages() {
    let Some(directory) = std::env::var_os("PAGES_TO") else {
        return;
    };
    let write = |name: &str, site: &SiteSpec, method: &str, language: &str| {
        let file = std::path::Path::new(&directory).join(format!("{name}.html"));
        std::fs::write(file, html(site, method, language)).unwrap();
    };
    for (name, theme) in THEMES {
        let mut bare = site(BrandSpec {
            theme,
            ..BrandSpec::default()
        });
        write(&format!("{name}-none"), &bare, "GET", "en");
        bare.brand.name = "Stadtwerke Oberkirch-Hinterzarten".to_owned();
        bare.brand.phone = Some("+49 30 1234567".to_owned());
        let headline =
            "Wir aktualisieren gerade unsere Grundstücksverkehrsgenehmigungszuständigkeiten";
        let own = PageTextSpec {
            headline: Some(headline.to_owned()),
            ..PageTextSpec::default()
        };
        bare.pages.insert(Language::De, own);
        write(&format!("{name}-long"), &bare, "GET", "de");
        let mut site = full(theme);
        write(&format!("{name}-full"), &site, "GET", "de");
        let footer = "<footer>\n<a href=\"/.intermission/imprint\">Impressum</a>\n<a href=\"#\">Datenschutz</a>\n</footer>\n</body>";
        let bar = "<div class=\"return\" role=\"status\"><p class=\"return-line\">Diese Seite öffnet sich von selbst, sobald wir zurück sind. Nächster Versuch in <span class=\"countdown\">12 Sekunden</span></p><div class=\"return-buttons\"><a class=\"button\" href=\"\">Jetzt versuchen</a><button class=\"button quiet\">Nicht mehr nachsehen</button></div></div>";
        let page = html(&site, "GET", "de").replace("</body>", footer);
        let again = page
            .split("<p class=\"again\">")
            .nth(1)
            .unwrap()
            .split("</p>")
            .next()
            .unwrap();
        let page = page.replace(&format!("<p class=\"again\">{again}</p>"), bar);
        let file = std::path::Path::new(&directory).join(format!("{name}-return.html"));
        std::fs::write(file, page).unwrap();
        site.pages.clear();
        write(&format!("{name}-brand"), &site, "GET", "en");
        write(&format!("{name}-post"), &site, "POST", "de");
        site.brand.logo = None;
        site.brand.color = Some(Color::new(0xff, 0xe6, 0x00));
        write(&format!("{name}-yellow"), &site, "GET", "en");
        let arabic = html(&full(theme), "GET", "de")
            .replace("lang=\"de\" dir=\"ltr\"", "lang=\"ar\" dir=\"rtl\"")
            .replace("Wir gießen kurz die Blumen", "سنعود بعد قليل")
            .replace(
                "Unser Laden im Netz macht eine kleine Pause.",
                "الموقع غير متاح مؤقتًا. نعتذر عن الانقطاع.",
            );
        let file = std::path::Path::new(&directory).join(format!("{name}-rtl.html"));
        std::fs::write(file, arabic).unwrap();
    }
}
