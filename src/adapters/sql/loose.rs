//! Finds comparisons in queries that are looser, or stricter, than the one spelling of an identifier.

use super::dialect::Dialect;
use super::template::quoted;

/// The first loose word in the conditions of a query, and what is wrong with it.
#[must_use]
pub(in crate::adapters) fn loose_comparison(query: &str, dialect: &Dialect) -> Option<(&'static str, &'static str)> {
    let mut words = words(query, dialect).into_iter();
    words.find(|word| word.eq_ignore_ascii_case("where"))?;
    let known = |word: &str| dialect.loose.iter().copied().find(|(known, _)| matches(word, known));
    // a word without a reason is an exception to a later one
    words.find_map(|word| known(word).filter(|(_, why)| !why.is_empty()))
}

/// Whether a word is the known one; `*` stands for anything before it.
fn matches(word: &str, known: &str) -> bool {
    match known.strip_prefix('*') {
        Some(end) => word.to_ascii_lowercase().ends_with(end),
        None => word.eq_ignore_ascii_case(known),
    }
}

/// The words outside quotes and comments.
pub(super) fn words<'q>(query: &'q str, dialect: &Dialect) -> Vec<&'q str> {
    let (mut words, mut rest) = (Vec::new(), query);
    while let Some(first) = rest.chars().next() {
        let quote = quoted(rest, dialect).map_or(Some(rest.len()), |found| found.map(|(length, _)| length));
        let length = quote
            .unwrap_or_else(|| rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count());
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
    use crate::adapters::sqlite;

    fn found(query: &str, dialect: &Dialect) -> Option<&'static str> {
        loose_comparison(query, dialect).map(|(word, _)| word)
    }

    #[test]
    fn ascii_comparisons_are_found_where_they_compare() {
        for (query, word) in [
            ("SELECT * FROM u WHERE lower(a) = :identifier", Some("lower")),
            ("SELECT * FROM u WHERE a = :identifier collate NoCase", Some("nocase")),
            ("SELECT * FROM u WHERE a LIKE :identifier", Some("like")),
            ("SELECT upper(a) AS a FROM u WHERE b = :identifier COLLATE landfall", None),
            ("SELECT * FROM u WHERE a = 'lower' AND \"upper\" = :identifier -- lower(a)", None),
            ("SELECT * FROM u WHERE lower_name = :identifier", None),
        ] {
            assert_eq!(found(query, &sqlite::DIALECT), word, "{query}");
        }
    }
}
