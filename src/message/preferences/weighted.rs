//! List fields with weights (RFC 9110 section 12.4.2): `Accept` and its relatives.
//!
//! Works on bytes, so that no field content can make it fail. What is malformed is left out, as
//! if the client had not said it.

/// A weight in thousandths.
pub(in crate::message) type Weight = u16;

/// The weight of an item that names none.
const FULL: Weight = 1000;

/// The items of a list field, without their parameters, each with its weight.
pub(in crate::message) fn items(field: &[u8]) -> impl Iterator<Item = (&[u8], Weight)> {
    field.split(|byte| *byte == b',').filter_map(item)
}

fn item(item: &[u8]) -> Option<(&[u8], Weight)> {
    let mut parts = item.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let value = parts.next().filter(|value| !value.is_empty())?;
    for parameter in parts {
        let mut halves = parameter.splitn(2, |byte| *byte == b'=');
        let name = halves.next().unwrap_or_default().trim_ascii_end();
        if name.eq_ignore_ascii_case(b"q") {
            return Some((value, weight(halves.next()?.trim_ascii_start())?));
        }
    }
    Some((value, FULL))
}

/// `0`, `1` or one of them with at most three decimals, and not above one.
fn weight(text: &[u8]) -> Option<Weight> {
    let (whole, decimals) = match text {
        [whole] => (*whole, &[][..]),
        [whole, b'.', decimals @ ..] if decimals.len() <= 3 => (*whole, decimals),
        _ => return None,
    };
    let mut value = digit(whole)?;
    for at in 0..3 {
        value = value * 10 + decimals.get(at).map_or(Some(0), |byte| digit(*byte))?;
    }
    (value <= FULL).then_some(value)
}

fn digit(byte: u8) -> Option<Weight> {
    byte.is_ascii_digit().then(|| Weight::from(byte - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(field: &str) -> Vec<(String, Weight)> {
        items(field.as_bytes())
            .map(|(value, weight)| (String::from_utf8_lossy(value).into_owned(), weight))
            .collect()
    }

    #[test]
    fn weights_are_read_in_thousandths() {
        let wanted = [("de-AT", 1000), ("de", 900), ("en", 25), ("*", 0)]
            .map(|(value, weight)| (value.to_owned(), weight));
        assert_eq!(read("de-AT, de;q=0.9 ,en ; Q=0.025,*;q=0"), wanted);
    }

    #[test]
    fn other_parameters_do_not_hide_the_weight() {
        assert_eq!(
            read("text/html;level=1;q=0.5"),
            [("text/html".to_owned(), 500)]
        );
    }

    #[test]
    fn malformed_items_are_left_out() {
        for field in [
            "",
            ",,",
            ";q=1",
            "a;q=",
            "a;q",
            "a;q=2",
            "a;q=1.001",
            "a;q=0.1234",
            "a;q=x",
        ] {
            assert_eq!(read(field), [], "{field}");
        }
    }
}
