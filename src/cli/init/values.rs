//! Recognises the texts of a field: flags, email addresses, languages, stored passwords.

use std::collections::{BTreeMap, BTreeSet};

use deunicode::deunicode;

use super::yaml::quoted;
use crate::password::{Detection, detect};

/// The words of flags, yes before no; those that `to_boolean` knows come first.
pub(super) const FLAGS: [(&str, &str); 25] = [
    ("1", "0"),
    ("true", "false"),
    ("yes", "no"),
    ("y", "n"),
    ("t", "f"),
    ("on", "off"),
    // German, French, Spanish, Portuguese, Italian, Dutch, Swedish, Danish, Polish, Czech, Russian
    ("ja", "nein"),
    ("wahr", "falsch"),
    ("j", "n"),
    ("oui", "non"),
    ("vrai", "faux"),
    ("o", "n"),
    ("sí", "no"),
    ("verdadero", "falso"),
    ("s", "n"),
    ("sim", "não"),
    ("verdadeiro", "falso"),
    ("vero", "falso"),
    ("ja", "nee"),
    ("waar", "onwaar"),
    ("ja", "nej"),
    ("tak", "nie"),
    ("prawda", "fałsz"),
    ("ano", "ne"),
    ("да", "нет"),
];

/// How many pairs of words `to_boolean` knows without being told.
const KNOWN_FLAGS: usize = 6;

/// A word without regard to case, accents and surrounding blanks.
fn folded(word: &str) -> String {
    let small = word.trim().to_lowercase();
    if small.is_ascii() { small } else { deunicode(&small) }
}

/// Whether two texts are the same word of a flag.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    folded(one) == folded(other)
}

/// Whether all values are flags: yes or no in some spelling.
pub(super) fn are_flags(texts: &[String]) -> bool {
    let is_flag = |text: &String| {
        // no word is longer; texts are long
        text.len() <= 24 && FLAGS.iter().any(|(yes, no)| is_same(text, yes) || is_same(text, no))
    };
    !texts.is_empty() && texts.iter().all(is_flag)
}

/// Whether a text of a flag says yes.
pub(super) fn is_yes(text: &str) -> bool {
    FLAGS.iter().any(|(yes, _)| is_same(text, yes))
}

/// The pairs to which the words of a flag belong: of a word that says no in several languages, the one with the word for yes that
/// is there, too.
pub(super) fn pairs(words: &BTreeSet<&str>) -> Vec<(&'static str, &'static str)> {
    let has = |wanted: &str| words.iter().any(|word| is_same(word, wanted));
    // of a word that says yes in several languages, the one whose word for no is there, too
    let mut found: Vec<(&str, &str)> = FLAGS.into_iter().filter(|(yes, no)| has(yes) && has(no)).collect();
    let is_known =
        |found: &[(&str, &str)], word: &str| found.iter().any(|(yes, no)| is_same(yes, word) || is_same(no, word));
    for (yes, no) in FLAGS {
        let is_new = !is_known(&found, yes) && !is_known(&found, no);
        if is_new && (has(yes) || has(no)) {
            found.push((yes, no));
        }
    }
    found
}

/// The step that makes true or false of a flag with these words.
pub(super) fn to_boolean(texts: &[String]) -> String {
    let words: BTreeSet<&str> = texts.iter().map(|text| text.trim()).collect();
    let is_known = |word: &&str| {
        FLAGS.iter().take(KNOWN_FLAGS).any(|(yes, no)| word.eq_ignore_ascii_case(yes) || word.eq_ignore_ascii_case(no))
    };
    if words.iter().all(is_known) {
        return "to_boolean".to_owned();
    }
    let mut said: [BTreeSet<String>; 2] = Default::default();
    let [yes, no] = &mut said;
    for word in &words {
        if is_yes(word) { &mut *yes } else { &mut *no }.insert(word.to_lowercase());
    }
    for (on, off) in pairs(&words) {
        for (written, word) in [(&mut *yes, on), (&mut *no, off)] {
            if !written.iter().any(|have| is_same(have, word)) {
                written.insert(word.to_owned());
            }
        }
    }
    let list = |words: &BTreeSet<String>| words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(", ");
    format!("to_boolean: {{ \"true\": [ {} ], \"false\": [ {} ] }}", list(yes), list(no))
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

/// The schemes of stored passwords, recognised by their prefixes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Schemes {
    pub names: Vec<&'static str>,
    /// What the texts without a known prefix may be, each with their number.
    pub others: BTreeMap<&'static str, usize>,
    /// The number of texts that are no placeholders.
    pub all: usize,
}

/// The schemes of the texts; `None` if most texts have no known prefix. Placeholders that no password matches do not count.
pub(super) fn schemes(texts: &[String]) -> Option<Schemes> {
    let (mut found, mut others, mut all) = (Vec::new(), BTreeMap::<&str, usize>::new(), 0);
    for text in texts {
        all += 1;
        let name = match detect(text) {
            Detection::Known(scheme) => Some(scheme.name),
            Detection::Ambiguous { readings: [first, ..], .. } => Some(*first),
            Detection::Ambiguous { why, .. } => {
                *others.entry(why).or_default() += 1;
                continue;
            }
            Detection::Unusable(_) => {
                all -= 1;
                continue;
            }
            Detection::Unknown => {
                *others.entry("they have no prefix of a known scheme").or_default() += 1;
                continue;
            }
        };
        found.extend(name.filter(|name| !found.contains(name)));
    }
    let unknown: usize = others.values().sum();
    (!found.is_empty() && unknown * 2 < all).then_some(Schemes { names: found, others, all })
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
        assert_eq!(schemes(&texts(&[bcrypt, phpass, bcrypt])).map(|found| found.names), Some(vec!["bcrypt", "phpass"]));
        let mixed = schemes(&texts(&[bcrypt, bcrypt, bcrypt, "c7b7278e06acf48828dbae1b1e3bd943", "!"])).unwrap();
        assert_eq!((mixed.names, mixed.all, mixed.others.len()), (vec!["bcrypt"], 4, 1));
        assert_eq!(schemes(&texts(&[bcrypt, "c7b7278e06acf48828dbae1b1e3bd943"])), None);
        assert_eq!(schemes(&[]), None);
    }

    #[test]
    fn flags_are_known_in_many_languages() {
        for (words, wanted) in [
            (&["yes", "No", "1"][..], "to_boolean"),
            (&["Ja", "nein"], r#"to_boolean: { "true": [ "ja" ], "false": [ "nein" ] }"#),
            (&["JA", "nej"], r#"to_boolean: { "true": [ "ja" ], "false": [ "nej" ] }"#),
            (&["oui"], r#"to_boolean: { "true": [ "oui" ], "false": [ "non" ] }"#),
            (&["Sí", "no"], r#"to_boolean: { "true": [ "sí" ], "false": [ "no" ] }"#),
            (&["si"], r#"to_boolean: { "true": [ "si" ], "false": [ "no" ] }"#),
            (&["wahr", "falsch"], r#"to_boolean: { "true": [ "wahr" ], "false": [ "falsch" ] }"#),
        ] {
            assert!(are_flags(&texts(words)), "{words:?}");
            assert_eq!(to_boolean(&texts(words)), wanted, "{words:?}");
        }
        assert!(!are_flags(&texts(&["ja", "vielleicht"])) && !are_flags(&texts(&["-1"])));
    }
}
