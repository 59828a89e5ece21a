//! The functions of the language.

use super::algorithm::Algorithm;
use super::text::TextFunction;
use super::tree::Spelling;
use crate::diag::closest;

/// A function and the encoding of its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Function {
    Digest(Algorithm, Spelling),
    Hmac(Algorithm, Spelling),
    Text(TextFunction),
    Substring,
    Left,
    Repeat,
}

impl Function {
    /// Finds a function by its exact name.
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "repeat" => return Some(Self::Repeat),
            "substr" => return Some(Self::Substring),
            "left" => return Some(Self::Left),
            _ => {}
        }
        if let Some(function) = TextFunction::ALL.iter().find(|function| function.name() == name) {
            return Some(Self::Text(*function));
        }
        let (name, spelling) = name.strip_suffix("_bin").map_or((name, Spelling::Hex), |name| (name, Spelling::Raw));
        match name.strip_prefix("hmac_") {
            Some(name) => Some(Self::Hmac(Algorithm::named(name)?, spelling)),
            None => Some(Self::Digest(Algorithm::named(name)?, spelling)),
        }
    }

    /// The argument names, for messages.
    pub(super) fn signature(self) -> &'static [&'static str] {
        match self {
            Self::Digest(..) | Self::Text(_) => &["x"],
            Self::Hmac(..) => &["key", "message"],
            Self::Substring => &["x", "start", "length"],
            Self::Left => &["x", "n"],
            Self::Repeat => &["n", "start", "step"],
        }
    }

    /// The most similar function name, if there is a similar one.
    pub(super) fn nearest(wrong: &str) -> Option<String> {
        let wrong = wrong.to_ascii_lowercase().replace("sha3-", "sha3_").replace('-', "");
        let names: Vec<String> = Self::names().collect();
        closest(&wrong, names.iter().map(String::as_str)).map(str::to_owned)
    }

    fn names() -> impl Iterator<Item = String> {
        let text = TextFunction::ALL.iter().map(|function| function.name().to_owned());
        let digests = Algorithm::ALL.iter().flat_map(|algorithm| {
            let name = algorithm.name();
            [name.to_owned(), format!("{name}_bin"), format!("hmac_{name}"), format!("hmac_{name}_bin")]
        });
        digests.chain(text).chain(["repeat", "substr", "left"].map(str::to_owned))
    }
}
