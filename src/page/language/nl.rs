//! Dutch.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "nl",
    direction: "ltr",
    counting: Counting::Singular,
    between_sentences: " ",
    this_site: "Deze website",
    outage: CauseWords {
        headline: "We zijn zo terug",
        what: "{} is tijdelijk niet bereikbaar.",
        later: "Probeer het over een paar minuten nog eens.",
        sorry: "Onze excuses voor de onderbreking.",
    },
    maintenance: CauseWords {
        headline: "We nemen even pauze",
        what: "{} is op dit moment in onderhoud.",
        later: "Daarna staat alles weer voor u klaar.",
        sorry: "Bedankt voor uw geduld.",
    },
    busy: CauseWords {
        headline: "Het is nu erg druk",
        what: "{} heeft op dit moment meer bezoekers dan er tegelijk terechtkunnen.",
        later: "U komt vanzelf binnen zodra er plek is.",
        sorry: "Bedankt dat u even wacht.",
    },
    unprocessed: Notice {
        fact: "Uw verzoek is niet verwerkt.",
        advice: "Er is niets verzonden, besteld of opgeslagen. Ga in uw browser een stap terug \
                 en probeer het later opnieuw.",
    },
    unknown: Notice {
        fact: "We weten niet zeker of uw verzoek is verwerkt.",
        advice: "Controleer voordat u het opnieuw verstuurt of het is aangekomen, bijvoorbeeld \
                 aan de hand van een bevestigingsmail.",
    },
    too_large: TooLarge {
        headline: "Dat is te groot",
        fact: "Wat is verzonden, is groter dan hier wordt aangenomen en is niet verwerkt.",
    },
    come_back_in: "Probeer het over {} opnieuw.",
    seconds: Plural {
        one: "{} seconde",
        ..Plural::of("{} seconden")
    },
    minutes: Plural {
        one: "{} minuut",
        ..Plural::of("{} minuten")
    },
    hours: Plural::of("{} uur"),
    returning: ReturnWords {
        promise: "Deze pagina opent vanzelf zodra we terug zijn.",
        next: "Volgende poging over {}",
        looking: "We kijken even…",
        soon: "We zijn terug. U bent over {} aan de beurt.",
        back: "We zijn terug. De pagina wordt geopend…",
        stopped: "Automatisch controleren staat uit.",
        try_now: "Nu proberen",
        stop: "Niet meer controleren",
        resume: "Weer controleren",
        back_after_sending: "We zijn terug. Ga in uw browser een stap terug om uw gegevens \
                             opnieuw te versturen.",
    },
    expected_back: "Naar verwachting terug:",
    time_left: "Nog",
    contact: "Zo bereikt u ons",
    phone: "Telefoon",
    email: "E-mail",
    chat: "Chat",
    address: "Adres",
    hours_open: "Openingstijden",
    still_works: "Dit werkt nog wel",
    meanwhile: "In de tussentijd",
    follow: "Volg ons",
    status_page: "Actuele status",
    voucher: "Uw kortingscode",
    imprint: "Colofon",
    privacy: "Privacy",
    request_id: "Verzoek-ID",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        sorry: "Sorry voor de onderbreking.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Daarna staat alles weer voor je klaar.",
        sorry: "Bedankt voor je geduld.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Je komt vanzelf binnen zodra er plek is.",
        sorry: "Fijn dat je even wacht.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Je verzoek is niet verwerkt.",
        advice: "Er is niets verzonden, besteld of opgeslagen. Ga in je browser een stap terug \
                 en probeer het later opnieuw.",
    },
    unknown: Notice {
        fact: "We weten niet zeker of je verzoek is verwerkt.",
        advice: "Controleer voordat je het opnieuw verstuurt of het is aangekomen, bijvoorbeeld \
                 aan de hand van een bevestigingsmail.",
    },
    returning: ReturnWords {
        soon: "We zijn terug. Je bent over {} aan de beurt.",
        back_after_sending: "We zijn terug. Ga in je browser een stap terug om je gegevens \
                             opnieuw te versturen.",
        ..WORDS.returning
    },
    contact: "Zo bereik je ons",
    voucher: "Je kortingscode",
    ..WORDS
};
