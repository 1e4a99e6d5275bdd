//! Ukrainian. What the browser counts stands after a colon, where it is not inflected.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "uk",
    direction: "ltr",
    counting: Counting::Ukrainian,
    between_sentences: " ",
    this_site: "Цей сайт",
    outage: CauseWords {
        headline: "Ми скоро повернемося",
        what: "{} тимчасово не працює.",
        later: "Будь ласка, спробуйте ще раз за кілька хвилин.",
        sorry: "Перепрошуємо за незручності.",
    },
    maintenance: CauseWords {
        headline: "У нас коротка перерва",
        what: "{} зараз на технічному обслуговуванні.",
        later: "Після цього все працюватиме як зазвичай.",
        sorry: "Дякуємо за терпіння.",
    },
    busy: CauseWords {
        headline: "Зараз тут дуже людно",
        what: "{} зараз має більше відвідувачів, ніж може обслужити одночасно.",
        later: "Ми впустимо вас автоматично, щойно з’явиться місце.",
        sorry: "Дякуємо, що чекаєте.",
    },
    unprocessed: Notice {
        fact: "Ваш запит не оброблено.",
        advice: "Нічого не надіслано, не замовлено й не збережено. Поверніться у браузері на \
                 крок назад і спробуйте пізніше.",
    },
    unknown: Notice {
        fact: "Ми не знаємо напевно, чи ваш запит оброблено.",
        advice: "Перш ніж надсилати його знову, перевірте, чи він до нас дійшов, наприклад, за \
                 листом-підтвердженням.",
    },
    too_large: TooLarge {
        headline: "Це завелике",
        fact: "Надіслане більше, ніж тут приймають, і його не оброблено.",
    },
    come_back_in: "Будь ласка, спробуйте ще раз через {}.",
    seconds: Plural {
        one: "{} секунду",
        few: "{} секунди",
        ..Plural::of("{} секунд")
    },
    minutes: Plural {
        one: "{} хвилину",
        few: "{} хвилини",
        ..Plural::of("{} хвилин")
    },
    hours: Plural {
        one: "{} годину",
        few: "{} години",
        ..Plural::of("{} годин")
    },
    returning: ReturnWords {
        promise: "Ця сторінка відкриється сама, щойно ми повернемося.",
        next: "До наступної спроби: {}",
        looking: "Перевіряємо…",
        soon: "Ми знову на зв’язку. До вашої черги: {}.",
        back: "Ми знову на зв’язку. Відкриваємо сторінку…",
        stopped: "Автоматичну перевірку вимкнено.",
        try_now: "Спробувати зараз",
        stop: "Не перевіряти",
        resume: "Перевіряти далі",
        back_after_sending: "Ми знову на зв’язку. Поверніться у браузері на крок назад, щоб \
                             надіслати введене ще раз.",
    },
    expected_back: "Очікуваний час повернення:",
    time_left: "Залишилося:",
    contact: "Як з нами зв’язатися",
    phone: "Телефон",
    email: "Електронна пошта",
    chat: "Чат",
    address: "Адреса",
    hours_open: "Години роботи",
    still_works: "Що й далі працює",
    meanwhile: "А тим часом",
    follow: "Стежте за нами",
    status_page: "Поточний стан",
    voucher: "Ваш промокод",
    imprint: "Правова інформація",
    privacy: "Конфіденційність",
    request_id: "ID запиту",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Спробуй ще раз за кілька хвилин.",
        ..WORDS.outage
    },
    busy: CauseWords {
        later: "Ми впустимо тебе автоматично, щойно з’явиться місце.",
        sorry: "Дякуємо, що чекаєш.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Твій запит не оброблено.",
        advice: "Нічого не надіслано, не замовлено й не збережено. Повернися у браузері на крок \
                 назад і спробуй пізніше.",
    },
    unknown: Notice {
        fact: "Ми не знаємо напевно, чи твій запит оброблено.",
        advice: "Перш ніж надсилати його знову, перевір, чи він до нас дійшов, наприклад, за \
                 листом-підтвердженням.",
    },
    come_back_in: "Спробуй ще раз через {}.",
    returning: ReturnWords {
        soon: "Ми знову на зв’язку. До твоєї черги: {}.",
        back_after_sending: "Ми знову на зв’язку. Повернися у браузері на крок назад, щоб \
                             надіслати введене ще раз.",
        ..WORDS.returning
    },
    follow: "Стеж за нами",
    voucher: "Твій промокод",
    ..WORDS
};
