//! The text of a file as it may be shown in messages: without its secrets, in whatever state the
//! file is. It may not be TOML, and the key may be mistyped; so this goes by lines and names.

use std::borrow::Cow;

use super::keys;

/// What begins and ends a text of several lines.
const MARKS: [&str; 2] = ["\"\"\"", "'''"];

/// The text with stars in place of what is set by a key that is a secret, sounds like one, or was
/// meant to be one. Every byte stays in its place.
pub(super) fn without_secrets(text: &str) -> Cow<'_, str> {
    if !text.lines().any(|line| secret_at(line).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    let mut open = None;
    for line in text.split_inclusive('\n') {
        let (start, end) = match (open, secret_at(line)) {
            (Some(mark), _) => (0, Some(mark).filter(|mark| line.contains(mark))),
            (None, Some(at)) => (at, None),
            (None, None) => {
                shown.push_str(line);
                continue;
            }
        };
        let (before, secret) = line.split_at(start);
        let begins = |mark: &&str| secret.matches(mark).count() == 1;
        open = match (open, end) {
            (Some(_), Some(_)) => None,
            (Some(mark), None) => Some(mark),
            (None, _) => MARKS.into_iter().find(begins),
        };
        shown.push_str(before);
        shown.extend(secret.chars().flat_map(star));
    }
    Cow::Owned(shown)
}

/// Where the value of a line's first secret begins.
fn secret_at(line: &str) -> Option<usize> {
    let mut equals = line.match_indices('=').map(|(at, _)| at);
    let at = equals.find(|at| is_secret(last_key(line.get(..*at).unwrap_or_default())))?;
    Some(at + 1)
}

/// The name at the end of what stands before an equals sign.
fn last_key(before: &str) -> &str {
    let before = before.trim_end_matches(|c: char| c.is_whitespace() || "\"'".contains(c));
    let is_name = |c: char| c.is_alphanumeric() || "_-".contains(c);
    before.rsplit(|c| !is_name(c)).next().unwrap_or_default()
}

fn is_secret(key: &str) -> bool {
    const WORDS: [&str; 3] = ["token", "secret", "pass"];
    let key = key.to_ascii_lowercase();
    let is_near = |known: &str| strsim::damerau_levenshtein(known, &key) <= known.len() / 3;
    let sounds_like_one = WORDS.iter().any(|word| key.contains(word));
    // Paths of files are none.
    !key.ends_with("file") && (sounds_like_one || keys::secrets().any(is_near))
}

/// As many stars as a letter has bytes. What separates words and lines stays.
fn star(c: char) -> impl Iterator<Item = char> {
    let (shown, times) = if c.is_whitespace() {
        (c, 1)
    } else {
        ('*', c.len_utf8())
    };
    std::iter::repeat_n(shown, times)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_or_sounds_like_a_secret_is_hidden() {
        for (line, shown) in [
            ("admin_token = \"hünter2\"", "admin_token = **********"),
            ("admin_tokne=x", "admin_tokne=*"),
            ("\"PASSWORD\" = x # y", "\"PASSWORD\" = * * *"),
            (
                "admin = { port = 1, token = \"x\" }",
                "admin = { port = 1, token = *** *",
            ),
            ("url = \"http://a/?token=b\"", "url = \"http://a/?token=**"),
            ("admin_token_file = \"f\"", "admin_token_file = \"f\""),
            ("name = \"a token\"", "name = \"a token\""),
        ] {
            assert_eq!(without_secrets(line), shown);
        }
    }

    #[test]
    fn a_secret_may_have_several_lines() {
        let text = "token = \"\"\"\na b\nc\"\"\"\nname = \"d\"\n";
        let shown = "token = ***\n* *\n****\nname = \"d\"\n";
        assert_eq!(without_secrets(text), shown);
    }

    proptest! {
        #[test]
        fn every_byte_and_every_line_stays_in_its_place(
            text in "(token|=|\"\"\"|'''|ü|\n|name|[ -~]){0,40}"
        ) {
            let shown = without_secrets(&text);
            prop_assert_eq!(shown.len(), text.len());
            let ends = |text: &str| text.match_indices('\n').map(|(at, _)| at).collect::<Vec<_>>();
            prop_assert_eq!(ends(&shown), ends(&text));
        }
    }
}
