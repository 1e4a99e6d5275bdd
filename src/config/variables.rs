//! `${VAR}` and `${VAR:-default}` inside strings; `$${` is a plain `${`.

use super::fault::Fault;

/// A text whose variables are put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Expanded {
    /// The text.
    pub text: String,
    /// Whether something of it comes from the environment and so must not be printed.
    pub is_private: bool,
}

/// Puts the variables of a text in.
pub(super) fn expand(
    written: &str,
    variable: impl Fn(&str) -> Option<String>,
) -> Result<Expanded, Fault> {
    let mut text = String::with_capacity(written.len());
    let mut is_private = false;
    let mut rest = written;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(escaped) = before.strip_suffix('$') {
            text.push_str(escaped);
            text.push_str("${");
            rest = after;
            continue;
        }
        text.push_str(before);
        let (reference, after) = after.split_once('}').ok_or_else(|| {
            Fault::new(
                "has a `${` without its `}`",
                "close it; for a plain `${` write `$${`",
            )
        })?;
        let (name, default) = match reference.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (reference, None),
        };
        check_name(name)?;
        // As in a shell: a default also stands in for a variable that is empty.
        let found = variable(name).filter(|value| default.is_none() || !value.is_empty());
        is_private |= found.is_some();
        match (found, default) {
            (Some(value), _) => text.push_str(&value),
            (None, Some(default)) => text.push_str(default),
            (None, None) => return Err(unset(name)),
        }
        rest = after;
    }
    text.push_str(rest);
    Ok(Expanded { text, is_private })
}

fn check_name(name: &str) -> Result<(), Fault> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if starts_well && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Ok(());
    }
    Err(Fault::new(
        "has a `${...}` that names no variable",
        "names have letters, digits and `_`; for a plain `${` write `$${`",
    ))
}

fn unset(name: &str) -> Fault {
    Fault::new(
        format!("needs the environment variable {name}, which is not set"),
        format!("set it, or give a default: `${{{name}:-default}}`"),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn environment(name: &str) -> Option<String> {
        match name {
            "HOST" => Some("app".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    fn text(written: &str) -> String {
        expand(written, environment).unwrap().text
    }

    #[test]
    fn variables_are_put_in_wherever_they_stand() {
        assert_eq!(text("http://${HOST}:${PORT:-80}/"), "http://app:80/");
        assert_eq!(text("${HOST}${HOST}"), "appapp");
        assert_eq!(text("${EMPTY}"), "");
        assert_eq!(text("${EMPTY:-x}"), "x");
        assert_eq!(text("${NO:-}"), "");
    }

    #[test]
    fn other_dollars_are_left_alone() {
        assert_eq!(text("5 $ {a} $HOST $"), "5 $ {a} $HOST $");
        assert_eq!(text("$${HOST} ${HOST}"), "${HOST} app");
    }

    #[test]
    fn only_what_the_environment_gave_is_private() {
        assert!(expand("${HOST}", environment).unwrap().is_private);
        assert!(!expand("${NO:-x} $${HOST}", environment).unwrap().is_private);
    }

    #[test]
    fn an_unset_variable_an_open_brace_and_a_bad_name_are_faults() {
        assert!(
            expand("a ${NO}", environment)
                .unwrap_err()
                .problem
                .contains("NO")
        );
        for bad in ["${", "${HOST", "${}", "${1A}", "${A B}", "${:-x}"] {
            assert!(expand(bad, environment).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn any_text_without_a_reference_is_itself(text in "[^$]*") {
            prop_assert_eq!(expand(&text, |_| None).unwrap().text, text);
        }

        #[test]
        fn no_text_panics(text in "[$A-Z{}:a\u{fc}-]*") {
            let _ = expand(&text, environment);
        }
    }
}
