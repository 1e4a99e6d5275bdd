//! The demo shop's form: what a browser posted, read and shown safely.

/// The fields of an `application/x-www-form-urlencoded` body, in their order.
pub(super) fn fields(body: &[u8]) -> Vec<(String, String)> {
    body.split(|&byte| byte == b'&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let mut halves = pair.splitn(2, |&byte| byte == b'=');
            let mut half = || decode(halves.next().unwrap_or_default());
            (half(), half())
        })
        .collect()
}

/// Undoes the percent-encoding; what is none stays as it is.
fn decode(encoded: &[u8]) -> String {
    let mut decoded = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        decoded.push(match byte {
            b'+' => b' ',
            b'%' => match octet(after) {
                Some((octet, after)) => {
                    rest = after;
                    octet
                }
                None => b'%',
            },
            _ => byte,
        });
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn octet(digits: &[u8]) -> Option<(u8, &[u8])> {
    let (&[high, low], rest) = digits.split_first_chunk()?;
    let digit = |digit: u8| char::from(digit).to_digit(16);
    let octet = u8::try_from(digit(high)? * 16 + digit(low)?).ok()?;
    Some((octet, rest))
}

/// Text as it may stand in HTML, between tags or in a quoted attribute.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_in_their_order() {
        let read = fields(b"name=Anna+B%C3%BChler&wish=1%2B1%3D2&&empty");
        let expected = [("name", "Anna Bühler"), ("wish", "1+1=2"), ("empty", "")];
        assert_eq!(
            read,
            expected.map(|(key, value)| (key.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn broken_percent_encoding_stays_as_it_is() {
        assert_eq!(decode(b"100%"), "100%");
        assert_eq!(decode(b"%4"), "%4");
        assert_eq!(decode(b"%zz%+1%41"), "%zz% 1A");
        assert_eq!(decode(b"%ff"), "\u{fffd}");
    }

    #[test]
    fn markup_loses_its_meaning() {
        assert_eq!(
            escape(r#"<b a="1">'&"#),
            "&lt;b a=&quot;1&quot;&gt;&#39;&amp;"
        );
    }
}
