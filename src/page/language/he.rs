//! Hebrew. Verbs are in the plural or impersonal, so that no visitor is taken for a man; one and
//! two are forms of their own that need no number.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "he",
    direction: "rtl",
    counting: Counting::Dual,
    between_sentences: " ",
    this_site: "האתר הזה",
    outage: CauseWords {
        headline: "תכף נשוב",
        what: "לא ניתן להגיע כרגע אל {}.",
        later: "נסו שוב בעוד כמה דקות.",
        sorry: "אנו מתנצלים על אי־הנוחות.",
    },
    maintenance: CauseWords {
        headline: "יצאנו להפסקה קצרה",
        what: "כרגע מתבצעת תחזוקה של {}.",
        later: "מיד אחר כך הכול יחזור לפעול כרגיל.",
        sorry: "תודה על הסבלנות.",
    },
    busy: CauseWords {
        headline: "יש כאן עומס כרגע",
        what: "מספר המבקרים של {} גדול כרגע מכפי שאפשר לשרת בבת אחת.",
        later: "הכניסה תיפתח לכם אוטומטית ברגע שיתפנה מקום.",
        sorry: "תודה על ההמתנה.",
    },
    unprocessed: Notice {
        fact: "הבקשה שלכם לא טופלה.",
        advice: "שום דבר לא נשלח, לא הוזמן ולא נשמר. חזרו צעד אחד אחורה בדפדפן ונסו שוב \
                 מאוחר יותר.",
    },
    unknown: Notice {
        fact: "לא ברור לנו אם הבקשה שלכם טופלה.",
        advice: "לפני שתשלחו אותה שוב, כדאי לבדוק אם היא הגיעה אלינו, למשל לפי הודעת אישור \
                 בדואר האלקטרוני.",
    },
    too_large: TooLarge {
        headline: "הגודל חורג מהמותר",
        fact: "מה שנשלח גדול ממה שניתן לקבל כאן, והוא לא טופל.",
    },
    come_back_in: "נסו שוב בעוד {}.",
    seconds: Plural {
        one: "שנייה אחת",
        two: "שתי שניות",
        ..Plural::of("{} שניות")
    },
    minutes: Plural {
        one: "דקה אחת",
        two: "שתי דקות",
        ..Plural::of("{} דקות")
    },
    hours: Plural {
        one: "שעה אחת",
        two: "שעתיים",
        ..Plural::of("{} שעות")
    },
    returning: ReturnWords {
        promise: "הדף הזה ייפתח מעצמו ברגע שנחזור.",
        next: "הניסיון הבא בעוד {}",
        looking: "בודקים…",
        soon: "אנחנו שוב כאן. תורכם בעוד {}.",
        back: "אנחנו שוב כאן. הדף נפתח…",
        stopped: "הבדיקה האוטומטית כבויה.",
        try_now: "לנסות עכשיו",
        stop: "הפסקת הבדיקה",
        resume: "חידוש הבדיקה",
        back_after_sending: "אנחנו שוב כאן. חזרו צעד אחד אחורה בדפדפן כדי לשלוח שוב את מה שמילאתם.",
    },
    expected_back: "מועד חזרה משוער:",
    time_left: "הזמן שנותר:",
    contact: "איך ליצור איתנו קשר",
    phone: "טלפון",
    email: "דואר אלקטרוני",
    chat: "צ׳אט",
    address: "כתובת",
    hours_open: "שעות פעילות",
    still_works: "מה ממשיך לעבוד",
    meanwhile: "בינתיים",
    follow: "עקבו אחרינו",
    status_page: "מצב השירות כעת",
    voucher: "קוד ההנחה שלכם",
    imprint: "מידע משפטי",
    privacy: "פרטיות",
    request_id: "מזהה הבקשה",
};
