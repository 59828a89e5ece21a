//! Escapes characters that must not reach a terminal: escape sequences, and marks that reorder text.

/// The text on one line, each dangerous character replaced by a visible one.
#[must_use]
pub fn escaped(text: &str) -> String {
    text.chars().map(visible).collect()
}

/// The character, or its picture (Unicode block Control Pictures, U+2400) if it controls the terminal.
pub(super) fn visible(character: char) -> char {
    match character {
        '\0'..='\x1f' => char::from_u32(0x2400 + u32::from(character)).unwrap_or('\u{fffd}'),
        '\x7f' => '\u{2421}',
        // C1 controls; bidirectional marks, embeddings, overrides and isolates ("trojan source"); line separators
        '\u{80}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        other => other,
    }
}
