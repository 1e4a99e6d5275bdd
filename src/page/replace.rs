//! Whether an error that the application itself reported gives way to our answer.

use http::{HeaderMap, StatusCode, header};

use crate::{
    config::spec::FallbackSpec,
    message::client_kind::{self, ClientKind},
};

/// For listed statuses: people and page parts get our answer. What programs understand is theirs:
/// an API's own words about its failure are replaced only where the site asks for it.
#[must_use]
pub fn replaces(
    fallback: &FallbackSpec,
    kind: ClientKind,
    status: StatusCode,
    response_headers: &HeaderMap,
) -> bool {
    if !fallback.statuses.contains(&status) {
        return false;
    }
    match kind {
        ClientKind::Navigation | ClientKind::Asset(_) => {
            fallback.api || !is_api_answer(response_headers)
        }
        ClientKind::Json | ClientKind::Grpc => fallback.api,
        ClientKind::Text | ClientKind::EventStream | ClientKind::WebSocket => false,
    }
}

fn is_api_answer(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| {
        let media_type = client_kind::media_type(value.as_bytes());
        client_kind::is_json(&media_type) || client_kind::is_grpc(&media_type)
    })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;
    use crate::{config::spec::Language, message::client_kind::AssetType};

    fn replaced(api: bool, kind: ClientKind, status: u16, content_type: &'static str) -> bool {
        let fallback = FallbackSpec {
            failures: true,
            statuses: vec![StatusCode::BAD_GATEWAY, StatusCode::SERVICE_UNAVAILABLE],
            api,
            language: Language::En,
            languages: vec![Language::En],
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        replaces(
            &fallback,
            kind,
            StatusCode::from_u16(status).unwrap(),
            &headers,
        )
    }

    #[test]
    fn people_and_page_parts_get_our_answer_for_listed_statuses_only() {
        for kind in [ClientKind::Navigation, ClientKind::Asset(AssetType::Css)] {
            assert!(replaced(false, kind, 502, "text/html"));
            assert!(!replaced(false, kind, 500, "text/html"));
            assert!(!replaced(false, kind, 200, "text/html"));
        }
    }

    #[test]
    fn an_answer_without_a_type_is_replaced() {
        assert!(replaced(false, ClientKind::Navigation, 503, ""));
    }

    #[test]
    fn api_answers_pass_unless_the_site_opts_in() {
        for (kind, content_type) in [
            (ClientKind::Json, "text/html"),
            (ClientKind::Grpc, "application/grpc+proto"),
            (ClientKind::Navigation, "application/json"),
            (
                ClientKind::Navigation,
                "application/problem+json; charset=utf-8",
            ),
            (ClientKind::Navigation, "Application/GRPC-web+proto"),
        ] {
            assert!(
                !replaced(false, kind, 503, content_type),
                "{kind:?} {content_type}"
            );
            assert!(
                replaced(true, kind, 503, content_type),
                "{kind:?} {content_type}"
            );
        }
    }

    #[test]
    fn other_programs_always_keep_the_applications_answer() {
        for kind in [
            ClientKind::Text,
            ClientKind::EventStream,
            ClientKind::WebSocket,
        ] {
            assert!(!replaced(true, kind, 503, "text/html"), "{kind:?}");
        }
    }
}
