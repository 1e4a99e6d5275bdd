//! Reserved paths that show the owner's legal texts, on step 7 of the request's way: ours on every
//! site that has them, whether its origin is well or not.

use http::{Method, Request, Response};

use super::{
    Asked, Body, Origin,
    refusal::{Addressee, Refusal},
};
use crate::{page::legal::Legal, telemetry::record::Outcome};

impl Origin {
    /// The answer to the reserved path of this name, if it stands for a text that the site has.
    pub(super) fn legal<B>(
        &self,
        name: &str,
        request: &Request<B>,
        asked: &Asked,
    ) -> Option<Response<Body>> {
        let which = Legal::named(name)?;
        let text = self.pages.legal().respond(which, &asked.preferences)?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Some(Refusal::ReadOnly.response(Addressee::of(request)));
        }
        asked.record.answered_by(Outcome::Own);
        Some(text.map(Body::Page))
    }
}
