//! Answers for programs: short, written for the request at hand.

use std::fmt::Write;

use http::StatusCode;
use serde::Serialize;

use super::{
    key::Cause,
    language::{Words, come_back_in, words_in},
    render::what_is_the_matter,
    submission::Submission,
};
use crate::{
    config::spec::{Language, Tone},
    failure::Failure,
};

/// What a short answer says.
pub(super) struct Plain<'a> {
    /// The site's name, or nothing.
    pub name: &'a str,
    /// In which language.
    pub language: Language,
    /// And how it speaks to the visitor.
    pub tone: Tone,
    /// Why it is given.
    pub cause: Cause,
    /// What became of the request.
    pub submission: Submission,
    /// The status it comes with, where it comes with one that tells.
    pub status: StatusCode,
    /// How long to wait, in seconds.
    pub seconds: u64,
    /// The request's id.
    pub request_id: &'a str,
}

/// RFC 9457.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: &'static str,
    status: u16,
    detail: &'a str,
    retry_after: u64,
    request_id: &'a str,
}

impl Plain<'_> {
    /// `application/problem+json`
    pub(super) fn json(&self) -> Vec<u8> {
        let problem = Problem {
            r#type: "about:blank",
            title: self.status.canonical_reason().unwrap_or_default(),
            status: self.status.as_u16(),
            detail: &self.words().sentences(&[&self.what(), &self.when()]),
            retry_after: self.seconds,
            request_id: self.request_id,
        };
        serde_json::to_vec(&problem).expect("strings and numbers always make valid JSON")
    }

    /// Two lines.
    pub(super) fn text(&self) -> String {
        let label = self.words().request_id;
        format!(
            "{}\n{} {label}: {}\n",
            self.what(),
            self.when(),
            self.request_id
        )
    }

    /// An event stream that only tells when to come back.
    pub(super) fn events(&self) -> String {
        let wait = self.seconds.saturating_mul(1000);
        format!("retry: {wait}\n: {}\n\n", one_line(&self.what()))
    }

    /// The value of `grpc-message`: UTF-8 with all but printable ASCII percent-encoded.
    pub(super) fn grpc_message(&self) -> String {
        let mut encoded = String::new();
        for byte in self.what().bytes() {
            if matches!(byte, b' '..=b'~') && byte != b'%' {
                encoded.push(char::from(byte));
            } else {
                write!(encoded, "%{byte:02X}").expect("writing to a string cannot fail");
            }
        }
        encoded
    }

    fn what(&self) -> String {
        let unavailable = one_line(&what_is_the_matter(self.words(), self.cause, self.name));
        match self.submission.notice(self.words()) {
            None => unavailable,
            Some(notice) => self.words().sentences(&[&unavailable, notice.fact]),
        }
    }

    /// When to come back; not where coming back could do something twice.
    fn when(&self) -> String {
        match self.submission {
            Submission::Nothing | Submission::Unprocessed => {
                come_back_in(self.words(), self.seconds)
            }
            Submission::Unknown => self.words().unknown.advice.to_owned(),
        }
    }

    const fn words(&self) -> &'static Words {
        words_in(self.language, self.tone)
    }
}

/// A name with a line break must not start a line, where a line has a meaning.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|char| if char.is_control() { ' ' } else { char })
        .collect()
}

/// What an answer that may tell the truth by its status tells.
pub(super) const fn status_of(failure: Failure) -> StatusCode {
    match failure {
        Failure::RateLimited(_) => StatusCode::TOO_MANY_REQUESTS,
        Failure::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Failure::Maintenance(_)
        | Failure::Overloaded
        | Failure::Upstream(_)
        | Failure::Internal => StatusCode::SERVICE_UNAVAILABLE,
    }
}
