//! Danish, which has one tone for all.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "da",
    direction: "ltr",
    counting: Counting::Singular,
    between_sentences: " ",
    this_site: "Dette websted",
    outage: CauseWords {
        headline: "Vi er straks tilbage",
        what: "{} kan desværre ikke nås i øjeblikket.",
        later: "Prøv igen om et par minutter.",
        sorry: "Vi beklager afbrydelsen.",
    },
    maintenance: CauseWords {
        headline: "Vi holder en kort pause",
        what: "{} bliver vedligeholdt lige nu.",
        later: "Bagefter er alt klar til dig igen.",
        sorry: "Tak for din tålmodighed.",
    },
    busy: CauseWords {
        headline: "Der er rigtig travlt lige nu",
        what: "{} har lige nu flere besøgende, end der kan klares på én gang.",
        later: "Du bliver automatisk lukket ind, så snart der er plads.",
        sorry: "Tak, fordi du venter et øjeblik.",
    },
    unprocessed: Notice {
        fact: "Din forespørgsel blev ikke behandlet.",
        advice: "Intet er blevet sendt, bestilt eller gemt. Gå et trin tilbage i din browser, og \
                 prøv igen senere.",
    },
    unknown: Notice {
        fact: "Vi ved ikke med sikkerhed, om din forespørgsel blev behandlet.",
        advice: "Tjek, om den er nået frem, for eksempel via en bekræftelse på e-mail, før du \
                 sender den igen.",
    },
    too_large: TooLarge {
        headline: "Det er for stort",
        fact: "Det sendte er større, end hvad der kan modtages her, og er ikke blevet behandlet.",
    },
    come_back_in: "Prøv igen om {}.",
    seconds: Plural {
        one: "{} sekund",
        ..Plural::of("{} sekunder")
    },
    minutes: Plural {
        one: "{} minut",
        ..Plural::of("{} minutter")
    },
    hours: Plural {
        one: "{} time",
        ..Plural::of("{} timer")
    },
    returning: ReturnWords {
        promise: "Denne side åbner af sig selv, så snart vi er tilbage.",
        next: "Næste forsøg om {}",
        looking: "Vi tjekker …",
        soon: "Vi er tilbage. Det er din tur om {}.",
        back: "Vi er tilbage. Siden åbnes …",
        stopped: "Automatisk tjek er slået fra.",
        try_now: "Prøv nu",
        stop: "Stop med at tjekke",
        resume: "Tjek igen",
        back_after_sending: "Vi er tilbage. Gå et trin tilbage i din browser for at sende det, \
                             du skrev, igen.",
    },
    expected_back: "Forventes tilbage:",
    time_left: "Tid tilbage:",
    contact: "Sådan får du fat i os",
    phone: "Telefon",
    email: "E-mail",
    chat: "Chat",
    address: "Adresse",
    hours_open: "Åbningstider",
    still_works: "Det virker stadig",
    meanwhile: "Imens",
    follow: "Følg os",
    status_page: "Aktuel status",
    voucher: "Din rabatkode",
    imprint: "Juridiske oplysninger",
    privacy: "Privatlivspolitik",
    request_id: "Forespørgsels-ID",
};
