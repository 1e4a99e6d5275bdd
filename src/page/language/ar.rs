//! Arabic. One and two are forms of their own that need no number; what the browser counts stands
//! after a colon, where it is not inflected.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "ar",
    direction: "rtl",
    counting: Counting::Arabic,
    between_sentences: " ",
    this_site: "هذا الموقع",
    outage: CauseWords {
        headline: "سنعود إليكم بعد قليل",
        what: "يتعذّر الوصول إلى {} مؤقتًا.",
        later: "يُرجى المحاولة مرة أخرى بعد بضع دقائق.",
        sorry: "نعتذر عن هذا الانقطاع.",
    },
    maintenance: CauseWords {
        headline: "نأخذ استراحة قصيرة",
        what: "نُجري حاليًا أعمال صيانة على {}.",
        later: "بعد ذلك سيعود كل شيء كما اعتدتم.",
        sorry: "شكرًا لصبركم.",
    },
    busy: CauseWords {
        headline: "الإقبال كبير جدًا الآن",
        what: "عدد زوّار {} يفوق حاليًا ما يمكن استقباله في وقت واحد.",
        later: "سيتم إدخالكم تلقائيًا فور توفّر مكان.",
        sorry: "شكرًا لانتظاركم.",
    },
    unprocessed: Notice {
        fact: "لم تتم معالجة طلبكم.",
        advice: "لم يُرسل أو يُطلب أو يُحفظ أي شيء. ارجعوا خطوة إلى الخلف في المتصفح وحاولوا \
                 مرة أخرى لاحقًا.",
    },
    unknown: Notice {
        fact: "لسنا متأكدين مما إذا كانت معالجة طلبكم قد تمت.",
        advice: "قبل إرساله مرة أخرى، يُرجى التحقق من وصوله إلينا، مثلًا من خلال رسالة تأكيد \
                 في بريدكم الإلكتروني.",
    },
    too_large: TooLarge {
        headline: "الحجم كبير جدًا",
        fact: "ما أُرسل أكبر مما يمكن قبوله هنا، ولم تتم معالجته.",
    },
    come_back_in: "يُرجى المحاولة مرة أخرى بعد {}.",
    seconds: Plural {
        one: "ثانية واحدة",
        two: "ثانيتين",
        few: "{} ثوانٍ",
        ..Plural::of("{} ثانية")
    },
    minutes: Plural {
        one: "دقيقة واحدة",
        two: "دقيقتين",
        few: "{} دقائق",
        ..Plural::of("{} دقيقة")
    },
    hours: Plural {
        one: "ساعة واحدة",
        two: "ساعتين",
        few: "{} ساعات",
        ..Plural::of("{} ساعة")
    },
    returning: ReturnWords {
        promise: "ستُفتح هذه الصفحة تلقائيًا فور عودتنا.",
        next: "الوقت المتبقي حتى المحاولة التالية: {}",
        looking: "جارٍ التحقق…",
        soon: "لقد عدنا. الوقت المتبقي حتى يحين دوركم: {}.",
        back: "لقد عدنا. جارٍ فتح الصفحة…",
        stopped: "التحقق التلقائي متوقف.",
        try_now: "المحاولة الآن",
        stop: "إيقاف التحقق",
        resume: "استئناف التحقق",
        back_after_sending: "لقد عدنا. ارجعوا خطوة إلى الخلف في المتصفح لإرسال بياناتكم مرة \
                             أخرى.",
    },
    expected_back: "موعد العودة المتوقع:",
    time_left: "الوقت المتبقي:",
    contact: "للتواصل معنا",
    phone: "الهاتف",
    email: "البريد الإلكتروني",
    chat: "الدردشة",
    address: "العنوان",
    hours_open: "ساعات العمل",
    still_works: "ما يزال متاحًا",
    meanwhile: "في هذه الأثناء",
    follow: "تابعونا",
    status_page: "حالة الخدمة الآن",
    voucher: "رمز الخصم الخاص بكم",
    imprint: "معلومات قانونية",
    privacy: "الخصوصية",
    request_id: "معرّف الطلب",
};
