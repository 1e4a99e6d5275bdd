//! English.

use super::{CauseWords, Notice, Plural, ReturnWords, Words};

pub(super) static WORDS: Words = Words {
    tag: "en",
    direction: "ltr",
    this_site: "This site",
    outage: CauseWords {
        headline: "We’ll be right back",
        what: "{} is temporarily unavailable.",
        later: "Please try again in a few minutes.",
        sorry: "We are sorry for the interruption.",
    },
    maintenance: CauseWords {
        headline: "We’re taking a short break",
        what: "{} is being maintained right now.",
        later: "Everything will be here for you again afterwards.",
        sorry: "Thank you for your patience.",
    },
    busy: CauseWords {
        headline: "It’s very busy right now",
        what: "{} has more visitors at the moment than can be served at once.",
        later: "You are let in automatically as soon as there is room.",
        sorry: "Thank you for waiting a moment.",
    },
    unprocessed: Notice {
        fact: "Your request was not processed.",
        advice: "Nothing was sent, ordered or saved. Go back one step in your browser and try \
                 again later.",
    },
    unknown: Notice {
        fact: "We cannot tell whether your request was processed.",
        advice: "Before you send it again, please check whether it has arrived, for example by a \
                 confirmation e-mail.",
    },
    come_back_in: "Please try again in {}.",
    seconds: Plural {
        one: "{} second",
        other: "{} seconds",
    },
    minutes: Plural {
        one: "{} minute",
        other: "{} minutes",
    },
    hours: Plural {
        one: "{} hour",
        other: "{} hours",
    },
    returning: ReturnWords {
        promise: "This page opens by itself as soon as we are back.",
        next: "Next look in {}",
        looking: "Looking …",
        soon: "We’re back. It’s your turn in {}.",
        back: "We’re back. Opening the page …",
        stopped: "Looking automatically is switched off.",
        try_now: "Try now",
        stop: "Stop looking",
        resume: "Look again",
        back_after_sending: "We’re back. Go back one step in your browser to send what you \
                             entered once more.",
    },
    expected_back: "Expected to be back:",
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
    imprint: "Imprint",
    privacy: "Privacy",
    request_id: "Request ID",
};
