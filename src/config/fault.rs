//! What is wrong with one value, before it is known where the value stands.

use std::borrow::Cow;

/// Why a text is not what it should be.
///
/// The problem and the general way out never repeat the text: it may come from the environment,
/// and what is in the environment is not printed. `better` may, and is dropped in that case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What is wrong: the rest of a sentence that begins with the value.
    pub problem: Cow<'static, str>,
    /// What to do about it.
    pub way_out: Cow<'static, str>,
    /// What was probably meant, ready to be written into the file.
    pub better: Option<String>,
}

impl Fault {
    pub(super) fn new(
        problem: impl Into<Cow<'static, str>>,
        way_out: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            problem: problem.into(),
            way_out: way_out.into(),
            better: None,
        }
    }

    /// The same with a guess at what was meant.
    pub(super) fn or_rather(mut self, better: impl Into<String>) -> Self {
        self.better = Some(better.into());
        self
    }

    /// What to do, with the guess if it may be shown.
    pub(super) fn advice(self, may_show_value: bool) -> String {
        match self.better.filter(|_| may_show_value) {
            Some(better) => format!("write \"{better}\""),
            None => self.way_out.into_owned(),
        }
    }
}
