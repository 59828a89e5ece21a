//! Recognises the texts of a field: flags, email addresses, languages, stored passwords.

use crate::password::{Detection, detect};

/// Whether all values are flags: yes or no in some spelling.
pub(super) fn are_flags(texts: &[String]) -> bool {
    let words = ["0", "1", "true", "false", "yes", "no", "y", "n", "t", "f", "on", "off"];
    !texts.is_empty() && texts.iter().all(|text| words.contains(&text.trim().to_ascii_lowercase().as_str()))
}

/// Whether most values are names or codes of languages, such as `de`, `en_US` or `German`, and not numbers.
pub(super) fn are_languages(texts: &[String]) -> bool {
    let is_word = |text: &str| {
        let word = text.trim().split(['-', '_', ',', ';', '.']).next().unwrap_or("");
        (2..=20).contains(&word.len()) && word.chars().all(char::is_alphabetic)
    };
    texts.iter().filter(|text| is_word(text)).count() * 2 > texts.len()
}

/// Whether all values are words before a name, such as `Mr.` or `Dr`.
pub(super) fn are_salutations(texts: &[String]) -> bool {
    const WORDS: [&str; 20] = [
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "doctor",
        "sir",
        "madam",
        "herr",
        "frau",
        "familie",
        "m",
        "mme",
        "mlle",
        "sr",
        "sra",
        "mag",
    ];
    let is_one = |text: &String| {
        let parts = text.split([' ', '.']).filter(|part| !part.is_empty());
        parts.map(str::to_lowercase).all(|part| WORDS.contains(&part.as_str()))
    };
    !texts.is_empty() && texts.iter().all(is_one)
}

/// Whether most values are email addresses.
pub(super) fn are_addresses(texts: &[String]) -> bool {
    let has_at = texts.iter().filter(|text| text.contains('@')).count();
    has_at > 0 && has_at * 2 >= texts.len()
}

/// The schemes of the texts, recognised by their prefixes; `None` if most texts have no known prefix. Placeholders that no
/// password matches do not count.
pub(super) fn schemes(texts: &[String]) -> Option<Vec<&'static str>> {
    let (mut found, mut unknown, mut all) = (Vec::new(), 0, 0);
    for text in texts {
        all += 1;
        let name = match detect(text) {
            Detection::Known(scheme) => Some(scheme.name),
            Detection::Ambiguous { readings, .. } => readings.first().copied(),
            Detection::Unusable(_) => {
                all -= 1;
                continue;
            }
            Detection::Unknown => None,
        };
        match name {
            Some(name) if !found.contains(&name) => found.push(name),
            Some(_) => {}
            None => unknown += 1,
        }
    }
    (!found.is_empty() && unknown * 2 < all).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn stored_passwords_name_their_scheme() {
        let bcrypt = "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW";
        let phpass = "$P$B5b98XUIku/oVW3o8Y3.ZjX/G3wWP8.";
        assert_eq!(schemes(&texts(&[bcrypt, phpass, bcrypt])), Some(vec!["bcrypt", "phpass"]));
        assert_eq!(schemes(&texts(&[bcrypt, "c7b7278e06acf48828dbae1b1e3bd943"])), None);
        assert_eq!(schemes(&[]), None);
    }
}
