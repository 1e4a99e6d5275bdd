//! Swedish, which has one tone for all.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "sv",
    direction: "ltr",
    counting: Counting::Singular,
    between_sentences: " ",
    this_site: "Den här webbplatsen",
    outage: CauseWords {
        headline: "Vi är strax tillbaka",
        what: "{} går tyvärr inte att nå just nu.",
        later: "Försök igen om några minuter.",
        sorry: "Vi ber om ursäkt för avbrottet.",
    },
    maintenance: CauseWords {
        headline: "Vi tar en kort paus",
        what: "{} genomgår underhåll just nu.",
        later: "Sedan är allt på plats för dig igen.",
        sorry: "Tack för ditt tålamod.",
    },
    busy: CauseWords {
        headline: "Det är högt tryck just nu",
        what: "{} har just nu fler besökare än vad som går att ta emot samtidigt.",
        later: "Du släpps in automatiskt så fort det finns plats.",
        sorry: "Tack för att du väntar en stund.",
    },
    unprocessed: Notice {
        fact: "Din begäran har inte behandlats.",
        advice: "Inget har skickats, beställts eller sparats. Gå tillbaka ett steg i webbläsaren \
                 och försök igen senare.",
    },
    unknown: Notice {
        fact: "Vi vet inte säkert om din begäran har behandlats.",
        advice: "Kontrollera om den har kommit fram, till exempel genom ett bekräftelsemejl, \
                 innan du skickar den igen.",
    },
    too_large: TooLarge {
        headline: "Det är för stort",
        fact: "Det som skickades är större än vad som tas emot här och har inte behandlats.",
    },
    come_back_in: "Försök igen om {}.",
    seconds: Plural {
        one: "{} sekund",
        ..Plural::of("{} sekunder")
    },
    minutes: Plural {
        one: "{} minut",
        ..Plural::of("{} minuter")
    },
    hours: Plural {
        one: "{} timme",
        ..Plural::of("{} timmar")
    },
    returning: ReturnWords {
        promise: "Sidan öppnas av sig själv så fort vi är tillbaka.",
        next: "Nästa försök om {}",
        looking: "Vi kollar läget …",
        soon: "Vi är tillbaka. Det är din tur om {}.",
        back: "Vi är tillbaka. Sidan öppnas …",
        stopped: "Den automatiska kontrollen är avstängd.",
        try_now: "Försök nu",
        stop: "Sluta kontrollera",
        resume: "Kontrollera igen",
        back_after_sending: "Vi är tillbaka. Gå tillbaka ett steg i webbläsaren för att skicka \
                             dina uppgifter igen.",
    },
    expected_back: "Beräknas vara tillbaka:",
    time_left: "Tid kvar:",
    contact: "Så når du oss",
    phone: "Telefon",
    email: "E-post",
    chat: "Chatt",
    address: "Adress",
    hours_open: "Öppettider",
    still_works: "Det här fungerar fortfarande",
    meanwhile: "Under tiden",
    follow: "Följ oss",
    status_page: "Aktuell status",
    voucher: "Din rabattkod",
    imprint: "Juridisk information",
    privacy: "Integritetspolicy",
    request_id: "Referens-ID",
};
