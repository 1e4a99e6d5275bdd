//! The demo shop's files: every page and picture, made once at the start and kept in memory.

use std::{collections::BTreeMap, net::SocketAddr};

use bytes::Bytes;

use super::{
    catalog::{PRODUCTS, Product},
    form::escape,
};

const HTML: &str = "text/html; charset=utf-8";
const SVG: &str = "image/svg+xml";
const LAYOUT: &str = include_str!("shop/layout.html");
const FLOWER: &str = include_str!("shop/flower.svg");

/// Bytes and what they are.
#[derive(Debug, Clone)]
pub(super) struct File {
    /// The `Content-Type`.
    pub(super) media_type: &'static str,
    /// The body.
    pub(super) bytes: Bytes,
}

/// The files by path.
#[derive(Debug)]
pub(super) struct Pages {
    files: BTreeMap<String, File>,
    layout: Layout,
    home: Bytes,
}

/// The frame around every page.
#[derive(Debug)]
struct Layout {
    control: String,
}

/// The two languages of the shop.
#[derive(Debug, Clone, Copy)]
enum Tongue {
    German,
    English,
}

impl Pages {
    /// Makes all files. The pages link to the control page, where the shop can be broken.
    pub(super) fn new(control: SocketAddr) -> Self {
        let layout = Layout {
            control: format!("http://{control}/"),
        };
        let mut files = fixed_files();
        let mut add = |path: &str, page: String| files.insert(path.to_owned(), html(page));
        let home = layout.page(
            Tongue::German,
            "Frische Blumen",
            include_str!("shop/home.html"),
        );
        add("/", home.clone());
        add(
            "/about",
            layout.page(Tongue::German, "Über uns", include_str!("shop/about.html")),
        );
        add(
            "/contact",
            layout.page(Tongue::German, "Anfrage", include_str!("shop/contact.html")),
        );
        add(
            "/echo.html",
            layout.page(Tongue::German, "Live", include_str!("shop/echo.html")),
        );
        add(
            "/en/",
            layout.page(
                Tongue::English,
                "Fresh flowers",
                include_str!("shop/en.html"),
            ),
        );
        add(
            "/products",
            layout.page(Tongue::German, "Blumen", &product_list()),
        );
        for product in PRODUCTS {
            let page = layout.page(Tongue::German, product.name, &product_main(product));
            add(&format!("/products/{}", product.id), page);
        }
        Self {
            files,
            layout,
            home: Bytes::from(home),
        }
    }

    /// The file at a path.
    pub(super) fn find(&self, path: &str) -> Option<File> {
        self.files.get(path).cloned()
    }

    /// The bytes of the first page.
    pub(super) fn home(&self) -> &[u8] {
        &self.home
    }

    /// The paths of the HTML pages, for the sitemap.
    pub(super) fn html_paths(&self) -> impl Iterator<Item = &str> {
        self.files
            .iter()
            .filter(|(_, file)| file.media_type == HTML)
            .map(|(path, _)| path.as_str())
    }

    /// The page for an address that does not exist.
    pub(super) fn not_found(&self) -> File {
        let main = "<h1>Hier wächst nichts</h1>\n<p>Diese Seite gibt es nicht. <a href=\"/\">Zurück zum Laden</a></p>";
        html(self.layout.page(Tongue::German, "Nicht gefunden", main))
    }

    /// The page that shows what was sent with the form.
    pub(super) fn received(&self, fields: &[(String, String)]) -> File {
        let list: String = fields
            .iter()
            .map(|(name, value)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(name), escape(value)))
            .collect();
        let main = format!("<h1>Danke, das ist angekommen</h1>\n<dl>\n{list}</dl>");
        html(self.layout.page(Tongue::German, "Danke", &main))
    }
}

impl Layout {
    fn page(&self, tongue: Tongue, title: &str, main: &str) -> String {
        let (lang, home, nav_label, links, footer, break_it) = match tongue {
            Tongue::German => (
                "de",
                "/",
                "Hauptmenü",
                [
                    ("/products", "Blumen"),
                    ("/contact", "Anfrage"),
                    ("/echo.html", "Live"),
                ]
                .as_slice(),
                "Ein Laden zur Vorführung",
                "Diesen Laden kaputtmachen",
            ),
            Tongue::English => (
                "en",
                "/en/",
                "Main menu",
                [("/products", "Flowers (German)")].as_slice(),
                "A shop for demonstration",
                "Break this shop",
            ),
        };
        let more = match tongue {
            Tongue::German => [("/about", "Über uns"), ("/en/", "English")].as_slice(),
            Tongue::English => [("/", "Deutsch")].as_slice(),
        };
        let nav: String = links
            .iter()
            .chain(more)
            .map(|(href, text)| format!("<li><a href=\"{href}\">{text}</a></li>"))
            .collect();
        // The main part comes last: what it says is never taken for a placeholder.
        LAYOUT
            .replace("{lang}", lang)
            .replace("{title}", &escape(title))
            .replace("{home}", home)
            .replace("{nav_label}", nav_label)
            .replace("{nav}", &nav)
            .replace("{footer}", footer)
            .replace("{control}", &escape(&self.control))
            .replace("{break_it}", break_it)
            .replace("{main}", main.trim_end())
    }
}

fn html(page: String) -> File {
    File {
        media_type: HTML,
        bytes: Bytes::from(page),
    }
}

/// What is served as it lies in the source tree, and the pictures of the flowers.
fn fixed_files() -> BTreeMap<String, File> {
    let fixed: [(&str, &str, &[u8]); 5] = [
        (
            "/shop.css",
            "text/css; charset=utf-8",
            include_bytes!("shop/shop.css"),
        ),
        (
            "/shop.js",
            "text/javascript; charset=utf-8",
            include_bytes!("shop/shop.js"),
        ),
        ("/logo.svg", SVG, include_bytes!("shop/logo.svg")),
        (
            "/favicon.ico",
            "image/x-icon",
            include_bytes!("shop/favicon.ico"),
        ),
        (
            "/images/meadow.png",
            "image/png",
            include_bytes!("shop/meadow.png"),
        ),
    ];
    let fixed = fixed.map(|(path, media_type, bytes)| {
        (
            path.to_owned(),
            File {
                media_type,
                bytes: Bytes::from_static(bytes),
            },
        )
    });
    let flowers = PRODUCTS.map(|product| {
        let picture = FLOWER
            .replace("{petal}", product.petal)
            .replace("{heart}", product.heart);
        (
            format!("/images/flower-{}.svg", product.id),
            File {
                media_type: SVG,
                bytes: Bytes::from(picture),
            },
        )
    });
    fixed.into_iter().chain(flowers).collect()
}

fn product_list() -> String {
    let cards: String = PRODUCTS
        .iter()
        .map(|product| {
            format!(
                "<li><a href=\"/products/{id}\"><img src=\"/images/flower-{id}.svg\" width=\"160\" height=\"160\" alt=\"\" loading=\"lazy\"><h2>{name}</h2></a><p>{description}</p><p class=\"price\">{price}</p></li>\n",
                id = product.id,
                name = escape(product.name),
                description = escape(product.description),
                price = product.price(),
            )
        })
        .collect();
    format!("<h1>Was gerade blüht</h1>\n<ul class=\"cards\">\n{cards}</ul>")
}

fn product_main(product: Product) -> String {
    format!(
        "<div class=\"product\"><img src=\"/images/flower-{id}.svg\" width=\"160\" height=\"160\" alt=\"{name}\">\n<div><h1>{name}</h1><p>{description}</p><p class=\"price\">{price} je Stiel</p><p><a href=\"/contact\">Strauß anfragen</a> · <a href=\"/products\">Alle Blumen</a></p></div></div>",
        id = product.id,
        name = escape(product.name),
        description = escape(product.description),
        price = product.price(),
    )
}
