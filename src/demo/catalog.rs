//! What the demo shop sells: one table for its pages, its pictures and its JSON API.

use serde::Serialize;

/// One flower.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Product {
    /// The number in its addresses.
    pub(super) id: u32,
    /// What it is called.
    pub(super) name: &'static str,
    /// One sentence about it.
    pub(super) description: &'static str,
    /// The price in cents.
    pub(super) price_cents: u32,
    /// Of the price.
    pub(super) currency: &'static str,
    /// The colour of the petals in its picture.
    #[serde(skip)]
    pub(super) petal: &'static str,
    /// The colour of the middle in its picture.
    #[serde(skip)]
    pub(super) heart: &'static str,
}

impl Product {
    /// The price as a German price tag.
    pub(super) fn price(self) -> String {
        format!("{},{:02} €", self.price_cents / 100, self.price_cents % 100)
    }
}

/// The whole range.
pub(super) const PRODUCTS: [Product; 6] = [
    Product {
        id: 1,
        name: "Dahlie „Gretel“",
        description: "Kräftig rot, hält in der Vase eine gute Woche.",
        price_cents: 350,
        currency: "EUR",
        petal: "#d64b6a",
        heart: "#f2a541",
    },
    Product {
        id: 2,
        name: "Margerite",
        description: "Weiß und unverwüstlich, für alle, die es schlicht mögen.",
        price_cents: 190,
        currency: "EUR",
        petal: "#ffffff",
        heart: "#f2a541",
    },
    Product {
        id: 3,
        name: "Aster „Herbstlied“",
        description: "Violett, wenn sonst kaum noch etwas blüht.",
        price_cents: 280,
        currency: "EUR",
        petal: "#8a5cb8",
        heart: "#f6d365",
    },
    Product {
        id: 4,
        name: "Sonnenhut",
        description: "Goldgelb mit dunkler Mitte, die Bienen stehen Schlange.",
        price_cents: 320,
        currency: "EUR",
        petal: "#f2a541",
        heart: "#5a3a22",
    },
    Product {
        id: 5,
        name: "Kornblume",
        description: "Blau wie der Himmel über dem Feld, aus dem sie kommt.",
        price_cents: 160,
        currency: "EUR",
        petal: "#3f6fc4",
        heart: "#2b3f78",
    },
    Product {
        id: 6,
        name: "Wicke",
        description: "Zartrosa; ein Zimmer riecht nach Sommer.",
        price_cents: 240,
        currency: "EUR",
        petal: "#eba9bd",
        heart: "#c25b82",
    },
];
