//! Japanese.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "ja",
    direction: "ltr",
    counting: Counting::Invariable,
    between_sentences: "",
    this_site: "このサイト",
    outage: CauseWords {
        headline: "まもなく再開します",
        what: "{}は一時的にご利用いただけません。",
        later: "数分後にもう一度お試しください。",
        sorry: "ご不便をおかけして申し訳ございません。",
    },
    maintenance: CauseWords {
        headline: "ただいまメンテナンス中です",
        what: "{}は現在メンテナンスを行っています。",
        later: "終了後は、これまでどおりご利用いただけます。",
        sorry: "ご理解とご協力をお願いいたします。",
    },
    busy: CauseWords {
        headline: "ただいま大変混み合っています",
        what: "{}には現在、一度に対応できる数を超えるアクセスが集まっています。",
        later: "順番が来ると自動的にページが開きます。",
        sorry: "お待ちいただきありがとうございます。",
    },
    unprocessed: Notice {
        fact: "リクエストは処理されませんでした。",
        advice: "送信、注文、保存はいずれも行われていません。ブラウザーで前のページに戻り、\
                 しばらくしてからもう一度お試しください。",
    },
    unknown: Notice {
        fact: "リクエストが処理されたかどうか確認できません。",
        advice: "もう一度送信する前に、確認メールなどで受け付けられていないかご確認ください。",
    },
    too_large: TooLarge {
        headline: "サイズが大きすぎます",
        fact: "送信された内容は、受け付けられる大きさを超えているため、処理されていません。",
    },
    come_back_in: "{}後にもう一度お試しください。",
    seconds: Plural::of("{}秒"),
    minutes: Plural::of("{}分"),
    hours: Plural::of("{}時間"),
    returning: ReturnWords {
        promise: "再開すると、このページは自動的に開きます。",
        next: "次の確認まであと{}",
        looking: "確認しています…",
        soon: "再開しました。ご案内まであと{}です。",
        back: "再開しました。ページを開いています…",
        stopped: "自動確認は停止しています。",
        try_now: "今すぐ試す",
        stop: "確認を停止",
        resume: "確認を再開",
        back_after_sending: "再開しました。入力内容をもう一度送信するには、ブラウザーで前のページに\
                             お戻りください。",
    },
    expected_back: "再開予定：",
    time_left: "残り時間：",
    contact: "お問い合わせ",
    phone: "電話",
    email: "メール",
    chat: "チャット",
    address: "住所",
    hours_open: "営業時間",
    still_works: "引き続きご利用いただけるもの",
    meanwhile: "お待ちいただく間に",
    follow: "公式アカウント",
    status_page: "現在の稼働状況",
    voucher: "クーポンコード",
    imprint: "運営者情報",
    privacy: "プライバシー",
    request_id: "リクエストID",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "数分後にもう一度試してみてください。",
        sorry: "ご不便をおかけしてごめんなさい。",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        headline: "少しだけお休みしています",
        later: "終わったら、いつもどおり使えます。",
        sorry: "もう少しだけお待ちください。",
        ..WORDS.maintenance
    },
    come_back_in: "{}後にもう一度試してみてください。",
    ..WORDS
};
