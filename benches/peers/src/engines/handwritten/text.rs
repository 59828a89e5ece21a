//! Texts: a copy only where something changes.

use std::borrow::Cow;

use super::record::Text;

/// The text when it is not blank.
pub fn present<'a>(text: Option<&'a Text<'_>>) -> Option<&'a str> {
    text.map(Text::as_str).filter(|text| text.bytes().any(|byte| !byte.is_ascii_whitespace()))
}

/// In lower case.
pub fn lower(text: &str) -> Cow<'_, str> {
    if !text.is_ascii() {
        Cow::Owned(text.to_lowercase())
    } else if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(text.to_ascii_lowercase())
    } else {
        Cow::Borrowed(text)
    }
}

/// Trimmed, with one blank for any white space inside.
pub fn squished(text: &str) -> Cow<'_, str> {
    let text = text.trim();
    let is_plain = !text.contains(|c: char| c.is_whitespace() && c != ' ') && !text.contains("  ");
    if is_plain {
        return Cow::Borrowed(text);
    }
    let mut made = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if !made.is_empty() {
            made.push(' ');
        }
        made.push_str(word);
    }
    Cow::Owned(made)
}

/// A mail address in lower case, when it looks like one.
pub fn mail(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    let (local, domain) = text.split_once('@')?;
    let fits = !local.is_empty()
        && !domain.contains('@')
        && !text.contains(char::is_whitespace)
        && domain.split_once('.').is_some_and(|(name, top)| !name.is_empty() && !top.is_empty());
    fits.then(|| lower(text))
}

/// A phone number as a `+` and 7 to 15 digits.
pub fn phone(text: &str) -> Option<String> {
    let mut number = String::with_capacity(16);
    for (at, c) in text.trim().chars().enumerate() {
        match c {
            '+' if at == 0 => number.push(c),
            '0'..='9' if number.len() < 16 => number.push(c),
            ' ' | '(' | ')' | '-' | '.' | '/' => {}
            _ => return None,
        }
    }
    let fits = number.starts_with('+') && number.len() >= 8 && !number.starts_with("+0");
    fits.then_some(number)
}

/// A boolean however it is spelled.
pub fn flag(text: &str) -> Option<bool> {
    let is = |words: [&str; 3]| words.iter().any(|word| word.eq_ignore_ascii_case(text.trim()));
    if is(["1", "yes", "true"]) {
        Some(true)
    } else if is(["0", "no", "false"]) {
        Some(false)
    } else {
        None
    }
}
