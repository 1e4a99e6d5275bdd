//! French. Colons, exclamation and question marks follow a space that does not break.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "fr",
    direction: "ltr",
    counting: Counting::ZeroAsOneAndMillions,
    between_sentences: " ",
    this_site: "Ce site",
    outage: CauseWords {
        headline: "Nous revenons très vite",
        what: "{} est momentanément indisponible.",
        later: "Merci de réessayer dans quelques minutes.",
        sorry: "Veuillez nous excuser pour cette interruption.",
    },
    maintenance: CauseWords {
        headline: "Nous faisons une petite pause",
        what: "{} est actuellement en maintenance.",
        later: "Vous retrouverez tout comme d’habitude juste après.",
        sorry: "Merci de votre patience.",
    },
    busy: CauseWords {
        headline: "Il y a beaucoup de monde en ce moment",
        what: "{} reçoit en ce moment plus de visites qu’il n’est possible d’en accueillir à la \
               fois.",
        later: "Vous entrerez automatiquement dès qu’une place se libère.",
        sorry: "Merci de patienter un instant.",
    },
    unprocessed: Notice {
        fact: "Votre demande n’a pas été traitée.",
        advice: "Rien n’a été envoyé, commandé ni enregistré. Revenez à la page précédente de \
                 votre navigateur et réessayez un peu plus tard.",
    },
    unknown: Notice {
        fact: "Nous ne savons pas si votre demande a été traitée.",
        advice: "Avant de la renvoyer, vérifiez qu’elle ne nous est pas déjà parvenue, par \
                 exemple grâce à un e-mail de confirmation.",
    },
    too_large: TooLarge {
        headline: "C’est trop volumineux",
        fact: "L’envoi dépasse la taille acceptée ici et n’a pas été traité.",
    },
    come_back_in: "Merci de réessayer dans {}.",
    seconds: Plural {
        one: "{}\u{a0}seconde",
        ..Plural::of("{}\u{a0}secondes")
    },
    minutes: Plural {
        one: "{}\u{a0}minute",
        ..Plural::of("{}\u{a0}minutes")
    },
    hours: Plural {
        one: "{}\u{a0}heure",
        many: "{}\u{a0}d’heures",
        ..Plural::of("{}\u{a0}heures")
    },
    returning: ReturnWords {
        promise: "Cette page s’ouvrira d’elle-même dès notre retour.",
        next: "Prochaine vérification dans {}",
        looking: "Vérification en cours…",
        soon: "Nous sommes de retour. C’est à vous dans {}.",
        back: "Nous sommes de retour. Ouverture de la page…",
        stopped: "La vérification automatique est désactivée.",
        try_now: "Réessayer",
        stop: "Ne plus vérifier",
        resume: "Reprendre la vérification",
        back_after_sending: "Nous sommes de retour. Revenez à la page précédente de votre \
                             navigateur pour renvoyer votre saisie.",
    },
    expected_back: "Retour prévu\u{a0}:",
    time_left: "Temps restant\u{a0}:",
    contact: "Nous joindre",
    phone: "Téléphone",
    email: "E-mail",
    chat: "Chat en ligne",
    address: "Adresse",
    hours_open: "Horaires d’ouverture",
    still_works: "Ce qui reste disponible",
    meanwhile: "En attendant",
    follow: "Suivez-nous",
    status_page: "État du service",
    voucher: "Votre code promo",
    imprint: "Mentions légales",
    privacy: "Confidentialité",
    request_id: "Identifiant de la demande",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Réessaie dans quelques minutes.",
        sorry: "Désolés pour cette interruption.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Tu retrouveras tout comme d’habitude juste après.",
        sorry: "Merci de ta patience.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Tu entreras automatiquement dès qu’une place se libère.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Ta demande n’a pas été traitée.",
        advice: "Rien n’a été envoyé, commandé ni enregistré. Reviens à la page précédente de \
                 ton navigateur et réessaie un peu plus tard.",
    },
    unknown: Notice {
        fact: "Nous ne savons pas si ta demande a été traitée.",
        advice: "Avant de la renvoyer, vérifie qu’elle ne nous est pas déjà parvenue, par \
                 exemple grâce à un e-mail de confirmation.",
    },
    come_back_in: "Réessaie dans {}.",
    returning: ReturnWords {
        soon: "Nous sommes de retour. C’est à toi dans {}.",
        back_after_sending: "Nous sommes de retour. Reviens à la page précédente de ton \
                             navigateur pour renvoyer ta saisie.",
        ..WORDS.returning
    },
    follow: "Suis-nous",
    voucher: "Ton code promo",
    ..WORDS
};
