//! Portuguese, in words and spellings that Brazil and Portugal share.

use super::{CauseWords, Counting, Notice, Plural, ReturnWords, TooLarge, Words};

pub(super) const WORDS: Words = Words {
    tag: "pt",
    direction: "ltr",
    counting: Counting::ZeroAsOneAndMillions,
    between_sentences: " ",
    this_site: "Este site",
    outage: CauseWords {
        headline: "Já voltamos",
        what: "{} está temporariamente indisponível.",
        later: "Tente novamente dentro de alguns minutos, por favor.",
        sorry: "Lamentamos a interrupção.",
    },
    maintenance: CauseWords {
        headline: "Uma breve pausa",
        what: "{} está em manutenção neste momento.",
        later: "Depois disso, tudo volta ao normal.",
        sorry: "Agradecemos a sua paciência.",
    },
    busy: CauseWords {
        headline: "Há muita gente por aqui",
        what: "{} tem neste momento mais visitas do que consegue atender ao mesmo tempo.",
        later: "A entrada é automática, assim que houver lugar.",
        sorry: "Agradecemos a espera.",
    },
    unprocessed: Notice {
        fact: "A sua solicitação não foi processada.",
        advice: "Nada foi enviado, comprado ou alterado. Volte à página anterior no navegador e \
                 tente novamente mais tarde.",
    },
    unknown: Notice {
        fact: "Não sabemos ao certo se a sua solicitação foi processada.",
        advice: "Antes de enviar outra vez, confirme se ela chegou, por exemplo, por meio \
                 de um e-mail de confirmação.",
    },
    too_large: TooLarge {
        headline: "É demasiado grande",
        fact: "O que foi enviado excede o tamanho aceite aqui e não foi processado.",
    },
    come_back_in: "Tente novamente dentro de {}, por favor.",
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
        promise: "Esta página abre sozinha assim que voltarmos.",
        next: "Próxima verificação em {}",
        looking: "Verificação em curso…",
        soon: "Estamos de volta. A sua vez chega em {}.",
        back: "Estamos de volta. A página vai abrir…",
        stopped: "A verificação automática está desligada.",
        try_now: "Tentar agora",
        stop: "Parar de verificar",
        resume: "Voltar a verificar",
        back_after_sending: "Estamos de volta. Volte à página anterior no navegador para enviar \
                             os dados outra vez.",
    },
    expected_back: "Volta prevista:",
    time_left: "Tempo restante:",
    contact: "Atendimento",
    phone: "Telefone",
    email: "E-mail",
    chat: "Chat",
    address: "Endereço",
    hours_open: "Horário de atendimento",
    still_works: "O que continua disponível",
    meanwhile: "Enquanto isso",
    follow: "Redes sociais",
    status_page: "Situação atual",
    voucher: "O seu código promocional",
    imprint: "Informações legais",
    privacy: "Privacidade",
    request_id: "ID da solicitação",
};
