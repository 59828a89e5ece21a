//! Faults of a value that are found while reading, before its place is known.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

/// A fault in one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// An unknown key.
    Unknown { key: String, known: Vec<&'static str> },
    /// A word that is not one of the choices.
    Choice { word: String, known: Vec<&'static str> },
    /// A missing required key.
    Missing(&'static str),
    /// Any other fault, as one sentence.
    Wrong(String),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { key, .. } => write!(f, "`{key}` is not a setting here"),
            Self::Choice { word, known } => write!(f, "expected {}, found `{word}`", one_of(known)),
            Self::Missing(key) => write!(f, "`{key}` is missing"),
            Self::Wrong(sentence) => f.write_str(sentence),
        }
    }
}

/// `one of `a`, `b``, or the only word.
pub(super) fn one_of(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    if quoted.len() == 1 { quoted.concat() } else { format!("one of {}", quoted.join(", ")) }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Wrong(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let shape = match found {
            Unexpected::Map => "a map",
            Unexpected::Seq => "a list",
            Unexpected::Unit | Unexpected::Option => "nothing",
            _ => "text",
        };
        Self::Wrong(format!("expected {expected}, found {shape}"))
    }

    fn invalid_value(_: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Wrong(format!("expected {expected}"))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::Choice { word: word.to_owned(), known: known.to_vec() }
    }

    fn unknown_field(key: &str, known: &'static [&'static str]) -> Self {
        Self::Unknown { key: key.to_owned(), known: known.to_vec() }
    }

    fn missing_field(key: &'static str) -> Self {
        Self::Missing(key)
    }
}
