//! Reserved paths that show the owner's legal texts, on step 7 of the request's way: ours on every
//! site that has them, whether its origin is well or not.

use http::{Method, Response};

use super::{
    Asked, Body, Origin,
    refusal::{Addressee, Refusal},
};
use crate::{page::legal::named, telemetry::record::Outcome};

impl Origin {
    /// The answer to a reserved path.
    pub(super) fn legal_text(&self, asked: &Asked, to: Addressee) -> Response<Body> {
        let preferences = &asked.preferences;
        let text = named(preferences.path())
            .and_then(|which| self.pages.legal().respond(which, preferences));
        match (text, preferences.method()) {
            (Some(text), &Method::GET | &Method::HEAD) => {
                asked.record.answered_by(Outcome::Own);
                text.map(Body::Page)
            }
            (Some(_), _) => Refusal::ReadOnly.response(to),
            (None, _) => Refusal::Reserved.response(to),
        }
    }
}
