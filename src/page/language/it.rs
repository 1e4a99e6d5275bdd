//! Italian.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "it",
    direction: "ltr",
    counting: Counting::SingularAndMillions,
    between_sentences: " ",
    this_site: "Questo sito",
    outage: CauseWords {
        headline: "Torniamo subito",
        what: "{} non è al momento raggiungibile.",
        later: "La preghiamo di riprovare tra qualche minuto.",
        sorry: "Ci scusiamo per l’interruzione.",
    },
    maintenance: CauseWords {
        headline: "Facciamo una breve pausa",
        what: "{} è in manutenzione in questo momento.",
        later: "Subito dopo ritroverà tutto come sempre.",
        sorry: "Grazie per la Sua pazienza.",
    },
    busy: CauseWords {
        headline: "C’è molta affluenza",
        what: "{} riceve in questo momento più visite di quante ne possa gestire contemporaneamente.",
        later: "Entrerà automaticamente appena si libera un posto.",
        sorry: "Grazie per l’attesa.",
    },
    unprocessed: Notice {
        fact: "La Sua richiesta non è stata elaborata.",
        advice: "Non è stato inviato, ordinato o salvato nulla. Torni alla pagina precedente del \
                 browser e riprovi più tardi.",
    },
    unknown: Notice {
        fact: "Non sappiamo con certezza se la Sua richiesta sia stata elaborata.",
        advice: "Prima di inviarla di nuovo, verifichi se ci è arrivata, ad esempio con \
                 un’e-mail di conferma.",
    },
    too_large: TooLarge {
        headline: "È troppo grande",
        fact: "Quanto inviato supera la dimensione accettata qui e non è stato elaborato.",
    },
    come_back_in: "La preghiamo di riprovare tra {}.",
    seconds: Plural {
        one: "{} secondo",
        many: "{} di secondi",
        ..Plural::of("{} secondi")
    },
    minutes: Plural {
        one: "{} minuto",
        many: "{} di minuti",
        ..Plural::of("{} minuti")
    },
    hours: Plural {
        one: "{} ora",
        many: "{} di ore",
        ..Plural::of("{} ore")
    },
    returning: ReturnWords {
        promise: "Questa pagina si aprirà da sola appena saremo di nuovo online.",
        next: "Prossimo controllo tra {}",
        looking: "Controllo in corso…",
        soon: "Siamo di nuovo online. Tocca a Lei tra {}.",
        back: "Siamo di nuovo online. Apertura della pagina…",
        stopped: "Il controllo automatico è disattivato.",
        try_now: "Riprova ora",
        stop: "Interrompi il controllo",
        resume: "Riprendi il controllo",
        back_after_sending: "Siamo di nuovo online. Torni alla pagina precedente del browser per \
                             inviare di nuovo i Suoi dati.",
    },
    expected_back: "Ritorno previsto:",
    time_left: "Tempo rimanente:",
    contact: "Come contattarci",
    phone: "Telefono",
    email: "E-mail",
    chat: "Chat",
    address: "Indirizzo",
    hours_open: "Orari di apertura",
    still_works: "Cosa resta disponibile",
    meanwhile: "Nel frattempo",
    follow: "Seguiteci",
    status_page: "Stato del servizio",
    voucher: "Il Suo codice sconto",
    imprint: "Note legali",
    privacy: "Privacy",
    request_id: "ID della richiesta",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Riprova tra qualche minuto.",
        sorry: "Scusa per l’interruzione.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Subito dopo ritroverai tutto come sempre.",
        sorry: "Grazie per la tua pazienza.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Entrerai automaticamente appena si libera un posto.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "La tua richiesta non è stata elaborata.",
        advice: "Non è stato inviato, ordinato o salvato nulla. Torna alla pagina precedente del \
                 browser e riprova più tardi.",
    },
    unknown: Notice {
        fact: "Non sappiamo con certezza se la tua richiesta sia stata elaborata.",
        advice: "Prima di inviarla di nuovo, verifica se ci è arrivata, ad esempio con \
                 un’e-mail di conferma.",
    },
    come_back_in: "Riprova tra {}.",
    returning: ReturnWords {
        soon: "Siamo di nuovo online. Tocca a te tra {}.",
        back_after_sending: "Siamo di nuovo online. Torna alla pagina precedente del browser per \
                             inviare di nuovo i tuoi dati.",
        ..WORDS.returning
    },
    follow: "Seguici",
    voucher: "Il tuo codice sconto",
    ..WORDS
};
