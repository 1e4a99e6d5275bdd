//! Turkish. A counted word stays singular, and the site's name takes no suffix.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "tr",
    direction: "ltr",
    counting: Counting::Singular,
    between_sentences: " ",
    this_site: "Bu site",
    outage: CauseWords {
        headline: "Hemen döneceğiz",
        what: "{} geçici olarak hizmet veremiyor.",
        later: "Lütfen birkaç dakika sonra tekrar deneyin.",
        sorry: "Kesinti için özür dileriz.",
    },
    maintenance: CauseWords {
        headline: "Kısa bir ara verdik",
        what: "{} şu anda bakımda.",
        later: "Bakım bittiğinde her şey yine hizmetinizde olacak.",
        sorry: "Sabrınız için teşekkür ederiz.",
    },
    busy: CauseWords {
        headline: "Şu anda çok yoğunuz",
        what: "{} şu sıralar aynı anda karşılayabileceğinden fazla ziyaret alıyor.",
        later: "Yer açılır açılmaz otomatik olarak içeri alınacaksınız.",
        sorry: "Beklediğiniz için teşekkür ederiz.",
    },
    unprocessed: Notice {
        fact: "İsteğiniz işlenmedi.",
        advice: "Hiçbir şey gönderilmedi, sipariş edilmedi veya kaydedilmedi. Tarayıcınızda bir \
                 adım geri gidip daha sonra tekrar deneyin.",
    },
    unknown: Notice {
        fact: "İsteğinizin işlenip işlenmediğinden emin değiliz.",
        advice: "Yeniden göndermeden önce, örneğin onay e-postasına bakarak bize ulaşıp \
                 ulaşmadığını kontrol edin.",
    },
    too_large: TooLarge {
        headline: "Bu çok büyük",
        fact: "Gönderilen içerik burada kabul edilen boyutu aşıyor ve işlenmedi.",
    },
    come_back_in: "Lütfen {} sonra tekrar deneyin.",
    seconds: Plural::of("{} saniye"),
    minutes: Plural::of("{} dakika"),
    hours: Plural::of("{} saat"),
    returning: ReturnWords {
        promise: "Geri döndüğümüzde bu sayfa kendiliğinden açılacak.",
        next: "Sonraki deneme: {} sonra",
        looking: "Kontrol ediliyor…",
        soon: "Geri döndük. {} sonra sıra sizde.",
        back: "Geri döndük. Sayfa açılıyor…",
        stopped: "Otomatik kontrol kapalı.",
        try_now: "Şimdi dene",
        stop: "Kontrolü durdur",
        resume: "Kontrole devam et",
        back_after_sending: "Geri döndük. Girdiğiniz bilgileri yeniden göndermek için \
                             tarayıcınızda bir adım geri gidin.",
    },
    expected_back: "Tahmini dönüş:",
    time_left: "Kalan süre:",
    contact: "Bize ulaşın",
    phone: "Telefon",
    email: "E-posta",
    chat: "Sohbet",
    address: "Adres",
    hours_open: "Çalışma saatleri",
    still_works: "Şu an kullanabilecekleriniz",
    meanwhile: "Bu arada",
    follow: "Bizi takip edin",
    status_page: "Güncel durum",
    voucher: "İndirim kodunuz",
    imprint: "Yasal bilgiler",
    privacy: "Gizlilik",
    request_id: "İstek kimliği",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Birkaç dakika sonra tekrar dene.",
        sorry: "Kesinti için kusura bakma.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Bakım bittiğinde her şey yine seni bekliyor olacak.",
        sorry: "Sabrın için teşekkürler.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Yer açılır açılmaz otomatik olarak içeri alınacaksın.",
        sorry: "Beklediğin için teşekkürler.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "İsteğin işlenmedi.",
        advice: "Hiçbir şey gönderilmedi, sipariş edilmedi veya kaydedilmedi. Tarayıcında bir \
                 adım geri gidip daha sonra tekrar dene.",
    },
    unknown: Notice {
        fact: "İsteğinin işlenip işlenmediğinden emin değiliz.",
        advice: "Yeniden göndermeden önce, örneğin onay e-postasına bakarak bize ulaşıp \
                 ulaşmadığını kontrol et.",
    },
    come_back_in: "{} sonra tekrar dene.",
    returning: ReturnWords {
        soon: "Geri döndük. {} sonra sıra sende.",
        back_after_sending: "Geri döndük. Girdiğin bilgileri yeniden göndermek için tarayıcında \
                             bir adım geri git.",
        ..WORDS.returning
    },
    contact: "Bize ulaş",
    still_works: "Şu an kullanabileceklerin",
    follow: "Bizi takip et",
    voucher: "İndirim kodun",
    ..WORDS
};
