//! Spanish, in words that are understood on both sides of the Atlantic.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "es",
    direction: "ltr",
    counting: Counting::SingularAndMillions,
    between_sentences: " ",
    this_site: "Este sitio web",
    outage: CauseWords {
        headline: "Volvemos enseguida",
        what: "{} no está disponible en este momento.",
        later: "Vuelva a intentarlo en unos minutos, por favor.",
        sorry: "Disculpe las molestias.",
    },
    maintenance: CauseWords {
        headline: "Hacemos una breve pausa",
        what: "{} está en mantenimiento en este momento.",
        later: "Después encontrará todo como siempre.",
        sorry: "Gracias por su paciencia.",
    },
    busy: CauseWords {
        headline: "Hay mucha gente ahora mismo",
        what: "{} recibe en este momento más visitas de las que puede atender a la vez.",
        later: "Entrará automáticamente en cuanto haya espacio.",
        sorry: "Gracias por esperar un momento.",
    },
    unprocessed: Notice {
        fact: "Su solicitud no se ha procesado.",
        advice: "No se ha enviado, pedido ni guardado nada. Vuelva a la página anterior en su \
                 navegador e inténtelo de nuevo más tarde.",
    },
    unknown: Notice {
        fact: "No sabemos con certeza si su solicitud se ha procesado.",
        advice: "Antes de enviarla otra vez, compruebe si nos ha llegado, por ejemplo con un \
                 correo de confirmación.",
    },
    too_large: TooLarge {
        headline: "Es demasiado grande",
        fact: "Lo enviado supera el tamaño que se admite aquí y no se ha procesado.",
    },
    come_back_in: "Vuelva a intentarlo en {}, por favor.",
    seconds: Plural {
        one: "{} segundo",
        many: "{} de segundos",
        ..Plural::of("{} segundos")
    },
    minutes: Plural {
        one: "{} minuto",
        many: "{} de minutos",
        ..Plural::of("{} minutos")
    },
    hours: Plural {
        one: "{} hora",
        many: "{} de horas",
        ..Plural::of("{} horas")
    },
    returning: ReturnWords {
        promise: "Esta página se abrirá sola en cuanto volvamos.",
        next: "Próxima comprobación en {}",
        looking: "Comprobando…",
        soon: "Ya estamos de vuelta. Le toca en {}.",
        back: "Ya estamos de vuelta. Abriendo la página…",
        stopped: "La comprobación automática está desactivada.",
        try_now: "Intentar ahora",
        stop: "Dejar de comprobar",
        resume: "Volver a comprobar",
        back_after_sending: "Ya estamos de vuelta. Vuelva a la página anterior en su navegador \
                             para enviar de nuevo sus datos.",
    },
    expected_back: "Regreso previsto:",
    time_left: "Tiempo restante:",
    contact: "Contacto",
    phone: "Teléfono",
    email: "Correo electrónico",
    chat: "Chat",
    address: "Dirección",
    hours_open: "Horario de atención",
    still_works: "Lo que sigue funcionando",
    meanwhile: "Mientras tanto",
    follow: "Síganos",
    status_page: "Estado del servicio",
    voucher: "Su código promocional",
    imprint: "Aviso legal",
    privacy: "Privacidad",
    request_id: "ID de la solicitud",
};

pub(super) const FRIENDLY: Words = Words {
    outage: CauseWords {
        later: "Vuelve a intentarlo en unos minutos.",
        sorry: "Disculpa las molestias.",
        ..WORDS.outage
    },
    maintenance: CauseWords {
        later: "Después encontrarás todo como siempre.",
        sorry: "Gracias por tu paciencia.",
        ..WORDS.maintenance
    },
    busy: CauseWords {
        later: "Entrarás automáticamente en cuanto haya espacio.",
        ..WORDS.busy
    },
    unprocessed: Notice {
        fact: "Tu solicitud no se ha procesado.",
        advice: "No se ha enviado, pedido ni guardado nada. Vuelve a la página anterior en tu \
                 navegador e inténtalo de nuevo más tarde.",
    },
    unknown: Notice {
        fact: "No sabemos con certeza si tu solicitud se ha procesado.",
        advice: "Antes de enviarla otra vez, comprueba si nos ha llegado, por ejemplo con un \
                 correo de confirmación.",
    },
    come_back_in: "Vuelve a intentarlo en {}.",
    returning: ReturnWords {
        soon: "Ya estamos de vuelta. Te toca en {}.",
        back_after_sending: "Ya estamos de vuelta. Vuelve a la página anterior en tu navegador \
                             para enviar de nuevo tus datos.",
        ..WORDS.returning
    },
    follow: "Síguenos",
    voucher: "Tu código promocional",
    ..WORDS
};
