//! What counts as blank: Unicode whitespace and three invisible characters.

/// Whether a character is blank: whitespace, or the zero width space, the word joiner or the byte order mark, which
/// web forms and spreadsheets leave in copied text.
///
/// The zero width joiner and non-joiner do not count: Persian and Indic names and emoji need them.
pub(in crate::engine::ops) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Whether a character has no width and no meaning.
pub(super) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}' | '\u{2060}' | '\u{FEFF}')
}
