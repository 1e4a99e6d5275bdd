//! German.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "de",
    direction: "ltr",
    counting: Counting::Singular,
    between_sentences: " ",
    this_site: "Diese Website",
    outage: CauseWords {
        headline: "Wir sind gleich zurück",
        what: "{} ist vorübergehend nicht erreichbar.",
        later: "Bitte versuchen Sie es in wenigen Minuten noch einmal.",
        sorry: "Wir bitten um Entschuldigung für die Unterbrechung.",
    },
    maintenance: CauseWords {
        headline: "Wir machen kurz Pause",
        what: "{} wird gerade gewartet.",
        later: "Danach ist alles wieder für Sie da.",
        sorry: "Vielen Dank für Ihre Geduld.",
    },
    busy: CauseWords {
        headline: "Gerade ist hier sehr viel los",
        what: "{} hat im Moment mehr Besuch, als gleichzeitig bedient werden kann.",
        later: "Sie werden automatisch eingelassen, sobald Platz ist.",
        sorry: "Vielen Dank, dass Sie kurz warten.",
    },
    unprocessed: Notice {
        fact: "Ihre Anfrage wurde nicht verarbeitet.",
        advice: "Es wurde nichts gesendet, bestellt oder gespeichert. Gehen Sie im Browser einen \
                 Schritt zurück und versuchen Sie es später noch einmal.",
    },
    unknown: Notice {
        fact: "Ob Ihre Anfrage verarbeitet wurde, ist nicht sicher.",
        advice: "Prüfen Sie bitte, zum Beispiel anhand einer Bestätigung per E-Mail, ob sie \
                 angekommen ist, bevor Sie sie noch einmal senden.",
    },
    too_large: TooLarge {
        headline: "Das ist zu groß",
        fact: "Das Gesendete ist größer, als hier angenommen wird, und wurde nicht verarbeitet.",
    },
    come_back_in: "Bitte versuchen Sie es in {} erneut.",
    seconds: Plural {
        one: "{} Sekunde",
        ..Plural::of("{} Sekunden")
    },
    minutes: Plural {
        one: "{} Minute",
        ..Plural::of("{} Minuten")
    },
    hours: Plural {
        one: "{} Stunde",
        ..Plural::of("{} Stunden")
    },
    returning: ReturnWords {
        promise: "Diese Seite öffnet sich von selbst, sobald wir zurück sind.",
        next: "Wir sehen in {} wieder nach",
        looking: "Wir sehen nach …",
        soon: "Wir sind zurück. Sie sind in {} an der Reihe.",
        back: "Wir sind zurück. Die Seite wird geöffnet …",
        stopped: "Automatisches Nachsehen ist ausgeschaltet.",
        try_now: "Jetzt versuchen",
        stop: "Nicht mehr nachsehen",
        resume: "Wieder nachsehen",
        back_after_sending: "Wir sind zurück. Gehen Sie im Browser einen Schritt zurück, um Ihre \
                             Eingaben noch einmal zu senden.",
    },
    expected_back: "Voraussichtlich zurück:",
    time_left: "Noch",
    contact: "So erreichen Sie uns",
    phone: "Telefon",
    email: "E-Mail",
    chat: "Chat",
    address: "Adresse",
    hours_open: "Öffnungszeiten",
    still_works: "Das geht weiterhin",
    meanwhile: "In der Zwischenzeit",
    follow: "Folgen Sie uns",
    status_page: "Aktueller Status",
    voucher: "Ihr Gutscheincode",
    imprint: "Impressum",
    privacy: "Datenschutz",
    request_id: "Anfrage-ID",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Versuch es in ein paar Minuten einfach noch einmal.",
        sorry: "Entschuldige bitte die Unterbrechung.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Danach ist alles wieder für dich da.",
        sorry: "Danke für deine Geduld.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Du kommst automatisch rein, sobald Platz ist.",
        sorry: "Danke, dass du kurz wartest.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Deine Anfrage wurde nicht verarbeitet.",
        advice: "Es wurde nichts gesendet, bestellt oder gespeichert. Geh im Browser einen \
                 Schritt zurück und versuch es später noch einmal.",
    },
    unknown: Notice {
        fact: "Ob deine Anfrage verarbeitet wurde, ist nicht sicher.",
        advice: "Prüf bitte, zum Beispiel anhand einer Bestätigung per E-Mail, ob sie \
                 angekommen ist, bevor du sie noch einmal sendest.",
    },
    come_back_in: "Bitte versuch es in {} erneut.",
    returning: ReturnWords {
        soon: "Wir sind zurück. Du bist in {} an der Reihe.",
        back_after_sending: "Wir sind zurück. Geh im Browser einen Schritt zurück, um deine \
                             Eingaben noch einmal zu senden.",
        ..WORDS.returning
    },
    contact: "So erreichst du uns",
    follow: "Folge uns",
    voucher: "Dein Gutscheincode",
    ..WORDS
};
