//! Czech. What the browser counts stands after a colon, where it is not inflected.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "cs",
    direction: "ltr",
    counting: Counting::Czech,
    between_sentences: " ",
    this_site: "Tento web",
    outage: CauseWords {
        headline: "Hned jsme zpět",
        what: "{} je dočasně mimo provoz.",
        later: "Zkuste to prosím za pár minut znovu.",
        sorry: "Za přerušení se omlouváme.",
    },
    maintenance: CauseWords {
        headline: "Dáváme si krátkou pauzu",
        what: "{} právě prochází údržbou.",
        later: "Potom tu pro vás bude vše jako obvykle.",
        sorry: "Děkujeme za trpělivost.",
    },
    busy: CauseWords {
        headline: "Je tu teď opravdu plno",
        what: "{} má právě víc návštěv, než kolik zvládne najednou obsloužit.",
        later: "Jakmile se uvolní místo, pustíme vás automaticky dál.",
        sorry: "Děkujeme, že chvilku počkáte.",
    },
    unprocessed: Notice {
        fact: "Váš požadavek nebyl zpracován.",
        advice: "Nic nebylo odesláno, objednáno ani uloženo. Vraťte se v prohlížeči o krok zpět \
                 a zkuste to později znovu.",
    },
    unknown: Notice {
        fact: "Nevíme jistě, zda byl váš požadavek zpracován.",
        advice: "Než ho odešlete znovu, ověřte prosím, zda k nám nedorazil, třeba podle \
                 potvrzovacího e-mailu.",
    },
    too_large: TooLarge {
        headline: "To je příliš velké",
        fact: "Odeslaná data jsou větší, než lze zde přijmout, a nebyla zpracována.",
    },
    come_back_in: "Zkuste to prosím znovu za {}.",
    seconds: Plural {
        one: "{} sekundu",
        few: "{} sekundy",
        ..Plural::of("{} sekund")
    },
    minutes: Plural {
        one: "{} minutu",
        few: "{} minuty",
        ..Plural::of("{} minut")
    },
    hours: Plural {
        one: "{} hodinu",
        few: "{} hodiny",
        ..Plural::of("{} hodin")
    },
    returning: ReturnWords {
        promise: "Jakmile budeme zpět, stránka se sama otevře.",
        next: "Do dalšího pokusu: {}",
        looking: "Zjišťujeme stav…",
        soon: "Jsme zpět. Do otevření stránky zbývá: {}.",
        back: "Jsme zpět. Otevíráme stránku…",
        stopped: "Automatické zjišťování je vypnuté.",
        try_now: "Zkusit teď",
        stop: "Přestat zjišťovat",
        resume: "Zjišťovat dál",
        back_after_sending: "Jsme zpět. Vraťte se v prohlížeči o krok zpět a odešlete údaje znovu.",
    },
    expected_back: "Předpokládaný návrat:",
    time_left: "Zbývá:",
    contact: "Kde nás zastihnete",
    phone: "Telefon",
    email: "E-mail",
    chat: "Chat",
    address: "Adresa",
    hours_open: "Otevírací doba",
    still_works: "Co dál funguje",
    meanwhile: "Mezitím",
    follow: "Sledujte nás",
    status_page: "Aktuální stav",
    voucher: "Váš slevový kód",
    imprint: "Právní informace",
    privacy: "Ochrana soukromí",
    request_id: "ID požadavku",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Zkus to za pár minut znovu.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Potom tu pro tebe bude vše jako obvykle.",
        sorry: "Díky za trpělivost.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Jakmile se uvolní místo, pustíme tě automaticky dál.",
        sorry: "Díky, že chvilku počkáš.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Tvůj požadavek nebyl zpracován.",
        advice: "Nic nebylo odesláno, objednáno ani uloženo. Vrať se v prohlížeči o krok zpět a \
                 zkus to později znovu.",
    },
    unknown: Notice {
        fact: "Nevíme jistě, zda byl tvůj požadavek zpracován.",
        advice: "Než ho odešleš znovu, ověř prosím, zda k nám nedorazil, třeba podle \
                 potvrzovacího e-mailu.",
    },
    come_back_in: "Zkus to znovu za {}.",
    returning: ReturnWords {
        back_after_sending: "Jsme zpět. Vrať se v prohlížeči o krok zpět a odešli údaje znovu.",
        ..WORDS.returning
    },
    contact: "Kde nás zastihneš",
    follow: "Sleduj nás",
    voucher: "Tvůj slevový kód",
    ..WORDS
};
