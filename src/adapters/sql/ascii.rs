//! Finds comparisons in queries that ignore case only for ASCII letters.

use super::template::{QUOTED, quoted};

/// What SQLite folds only for ASCII (<https://www.sqlite.org/lang_corefunc.html#lower>).
const ASCII_ONLY: [&str; 4] = ["lower", "upper", "nocase", "like"];

/// The first of `lower`, `upper`, `nocase` and `like` in the conditions of a query. With it, customers whose stored
/// spelling contains other letters are not found.
#[must_use]
pub fn ascii_comparison(query: &str) -> Option<&'static str> {
    let mut words = words(query).into_iter();
    words.find(|word| word.eq_ignore_ascii_case("where"))?;
    words.find_map(|word| ASCII_ONLY.into_iter().find(|known| word.eq_ignore_ascii_case(known)))
}

/// The words outside quotes and comments.
fn words(query: &str) -> Vec<&str> {
    let (mut words, mut rest) = (Vec::new(), query);
    while let Some(first) = rest.chars().next() {
        let quote = QUOTED.iter().find(|(open, _)| rest.starts_with(open));
        let length = match quote {
            Some((open, close)) => quoted(rest, open, close).unwrap_or(rest.len()),
            None => rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count(),
        };
        if quote.is_none() && length > 0 {
            words.extend(rest.get(..length));
        }
        rest = rest.get(length.max(first.len_utf8())..).unwrap_or_default();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ascii_comparisons_are_found_where_they_compare() {
        for (query, found) in [
            ("SELECT * FROM u WHERE lower(a) = :identifier", Some("lower")),
            ("SELECT * FROM u WHERE a = :identifier collate NoCase", Some("nocase")),
            ("SELECT * FROM u WHERE a LIKE :identifier", Some("like")),
            ("SELECT upper(a) AS a FROM u WHERE b = :identifier COLLATE landfall", None),
            ("SELECT * FROM u WHERE a = 'lower' AND \"upper\" = :identifier -- lower(a)", None),
            ("SELECT * FROM u WHERE lower_name = :identifier", None),
        ] {
            assert_eq!(ascii_comparison(query), found, "{query}");
        }
    }
}
