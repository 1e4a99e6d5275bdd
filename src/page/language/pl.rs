//! Polish. The polite words address nobody by gender; what the browser counts stands after a
//! colon, where it is not inflected.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "pl",
    direction: "ltr",
    counting: Counting::Polish,
    between_sentences: " ",
    this_site: "Ta strona",
    outage: CauseWords {
        headline: "Zaraz wracamy",
        what: "{} chwilowo nie działa.",
        later: "Prosimy spróbować ponownie za kilka minut.",
        sorry: "Przepraszamy za utrudnienia.",
    },
    maintenance: CauseWords {
        headline: "Mamy krótką przerwę",
        what: "{} ma teraz przerwę techniczną.",
        later: "Po jej zakończeniu wszystko będzie działać jak zwykle.",
        sorry: "Dziękujemy za cierpliwość.",
    },
    busy: CauseWords {
        headline: "Mamy teraz duży ruch",
        what: "{} ma w tej chwili więcej odwiedzin, niż można obsłużyć naraz.",
        later: "Strona otworzy się automatycznie, gdy tylko zwolni się miejsce.",
        sorry: "Dziękujemy za chwilę cierpliwości.",
    },
    unprocessed: Notice {
        fact: "Zgłoszenie nie zostało przetworzone.",
        advice: "Nic nie zostało wysłane, zamówione ani zapisane. Prosimy wrócić w przeglądarce \
                 do poprzedniej strony i spróbować później.",
    },
    unknown: Notice {
        fact: "Nie mamy pewności, czy zgłoszenie zostało przetworzone.",
        advice: "Przed ponownym wysłaniem prosimy sprawdzić, czy do nas dotarło, na przykład \
                 szukając e-maila z potwierdzeniem.",
    },
    too_large: TooLarge {
        headline: "To jest za duże",
        fact: "Przesłane dane są większe, niż można tu przyjąć, i nie zostały przetworzone.",
    },
    come_back_in: "Prosimy spróbować ponownie za {}.",
    seconds: Plural {
        one: "{} sekundę",
        few: "{} sekundy",
        ..Plural::of("{} sekund")
    },
    minutes: Plural {
        one: "{} minutę",
        few: "{} minuty",
        ..Plural::of("{} minut")
    },
    hours: Plural {
        one: "{} godzinę",
        few: "{} godziny",
        ..Plural::of("{} godzin")
    },
    returning: ReturnWords {
        promise: "Ta strona otworzy się sama, gdy tylko wrócimy.",
        next: "Do następnej próby: {}",
        looking: "Sprawdzamy…",
        soon: "Już jesteśmy. Czas do wejścia: {}.",
        back: "Już jesteśmy. Otwieramy stronę…",
        stopped: "Automatyczne sprawdzanie jest wyłączone.",
        try_now: "Spróbuj teraz",
        stop: "Zatrzymaj sprawdzanie",
        resume: "Wznów sprawdzanie",
        back_after_sending: "Już jesteśmy. Prosimy wrócić w przeglądarce do poprzedniej strony, \
                             aby ponownie wysłać dane.",
    },
    expected_back: "Przewidywany powrót:",
    time_left: "Pozostało:",
    contact: "Kontakt",
    phone: "Telefon",
    email: "E-mail",
    chat: "Czat",
    address: "Adres",
    hours_open: "Godziny otwarcia",
    still_works: "Co nadal działa",
    meanwhile: "W międzyczasie",
    follow: "Nasze profile",
    status_page: "Aktualny status",
    voucher: "Kod rabatowy",
    imprint: "Informacje prawne",
    privacy: "Prywatność",
    request_id: "ID zgłoszenia",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Spróbuj ponownie za kilka minut.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        sorry: "Dzięki za cierpliwość.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Wpuścimy cię automatycznie, gdy tylko zwolni się miejsce.",
        sorry: "Dzięki, że czekasz.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Twoje zgłoszenie nie zostało przetworzone.",
        advice: "Nic nie zostało wysłane, zamówione ani zapisane. Wróć w przeglądarce do \
                 poprzedniej strony i spróbuj później.",
    },
    unknown: Notice {
        fact: "Nie mamy pewności, czy twoje zgłoszenie zostało przetworzone.",
        advice: "Zanim wyślesz je ponownie, sprawdź, czy do nas dotarło, na przykład szukając \
                 e-maila z potwierdzeniem.",
    },
    come_back_in: "Spróbuj ponownie za {}.",
    returning: ReturnWords {
        back_after_sending: "Już jesteśmy. Wróć w przeglądarce do poprzedniej strony, aby \
                             ponownie wysłać dane.",
        ..WORDS.returning
    },
    follow: "Obserwuj nas",
    voucher: "Twój kod rabatowy",
    ..WORDS
};
