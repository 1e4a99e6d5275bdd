//! English.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "en",
    direction: "ltr",
    counting: Counting::Singular,
    between_sentences: " ",
    this_site: "This site",
    outage: CauseWords {
        headline: "We’ll be right back",
        what: "{} is temporarily unavailable.",
        later: "Please try again in a few minutes.",
        sorry: "We are sorry for the interruption.",
    },
    maintenance: CauseWords {
        headline: "We’re taking a short break",
        what: "{} is undergoing maintenance right now.",
        later: "After that, everything will be here for you as usual.",
        sorry: "Thank you for your patience.",
    },
    busy: CauseWords {
        headline: "It’s very busy right now",
        what: "{} has more visitors right now than it can serve at once.",
        later: "You’ll be let in automatically as soon as there is room.",
        sorry: "Thank you for waiting.",
    },
    unprocessed: Notice {
        fact: "Your request was not processed.",
        advice: "Nothing was sent, ordered or saved. Go back one step in your browser and try \
                 again later.",
    },
    unknown: Notice {
        fact: "We cannot tell whether your request was processed.",
        advice: "Before you send it again, please check whether it arrived, for example by looking \
                 for a confirmation e-mail.",
    },
    too_large: TooLarge {
        headline: "That is too large",
        fact: "What was sent is larger than this site accepts, and was not processed.",
    },
    come_back_in: "Please try again in {}.",
    seconds: Plural {
        one: "{} second",
        ..Plural::of("{} seconds")
    },
    minutes: Plural {
        one: "{} minute",
        ..Plural::of("{} minutes")
    },
    hours: Plural {
        one: "{} hour",
        ..Plural::of("{} hours")
    },
    returning: ReturnWords {
        promise: "This page will open by itself as soon as we’re back.",
        next: "Next check in {}",
        looking: "Checking …",
        soon: "We’re back. It’s your turn in {}.",
        back: "We’re back. Opening the page …",
        stopped: "Automatic checking is off.",
        try_now: "Try now",
        stop: "Stop checking",
        resume: "Check again",
        back_after_sending: "We’re back. Go back one step in your browser to send what you \
                             entered again.",
    },
    expected_back: "We expect to be back:",
    time_left: "Time left:",
    contact: "How to reach us",
    phone: "Phone",
    email: "E-mail",
    chat: "Chat",
    address: "Address",
    hours_open: "Opening hours",
    still_works: "What still works",
    meanwhile: "In the meantime",
    follow: "Follow us",
    status_page: "Current status",
    voucher: "Your voucher code",
    imprint: "Legal notice",
    privacy: "Privacy",
    request_id: "Request ID",
};
