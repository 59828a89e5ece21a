//! What counts as blank: Unicode's white space, and three characters that cannot be seen.

/// Whether a character is blank: white space, or the zero width space, the word joiner and the byte order mark, which
/// web forms and spreadsheets leave in copied text.
///
/// The zero width joiner and non-joiner are letters' business: Persian and Indic names and emoji need them.
pub(in crate::engine::ops) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether a character has no width and no meaning.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}
