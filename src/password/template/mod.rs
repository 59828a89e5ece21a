//! The digest template language: describes how a legacy system computed its hash, in one expression.
//!
//! ```
//! use landfall::password::template::{Template, TemplateInput};
//!
//! let template = Template::compile("md5(md5($salt) . md5($pass))")?;
//! assert!(template.uses().salt);
//! let input = TemplateInput { pass: b"hunter2", salt: b"f8;W", ..TemplateInput::default() };
//! assert_eq!(template.evaluate(&input)?.len(), 32);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # The language
//!
//! Every value is a byte string. Values are joined by `.`; parentheses group.
//!
//! | syntax | meaning |
//! |---|---|
//! | `$pass` `$salt` `$user` `$pepper` | the presented password, and values from the record or the settings |
//! | `'--'` | a literal; as in PHP, `\'` is a quote, `\\` a backslash, and any other backslash is literal |
//! | `md4 md5 sha1 sha224 sha256 sha384 sha512 sha512_256 ripemd160 sha3_224 sha3_256 sha3_384 sha3_512` `(x)` | the digest in lower-case hex; with the suffix `_bin`, the raw bytes |
//! | `hmac_md5(key, message)`, `hmac_` before any digest | HMAC (RFC 2104), also with `_bin` |
//! | `repeat(n, start, step)` | `start`, then `step` applied `n` times, where `$_` is the value so far |
//! | `upper(x)` `lower(x)` | Unicode case conversion of UTF-8 text; in other bytes only ASCII letters change |
//! | `trim(x)` | removes space, tab, line feed, carriage return, NUL and vertical tab at both ends (PHP `trim`) |
//! | `utf16le(x)` `latin1(x)` `cp1252(x)` | UTF-8 text in that encoding |
//! | `nfc(x)` `nfkc(x)` | UTF-8 text in that normal form (UAX #15) |
//! | `hex(x)` `unhex(x)` `base64(x)` `unbase64(x)` | lower-case hex and padded base64 (RFC 4648) and back |
//! | `addslashes(x)` | PHP `addslashes`: a backslash before `'`, `"`, `\`, and NUL as `\0` |
//! | `htmlspecialchars(x)` | PHP with `ENT_COMPAT`, as phpBB calls it: `&`, `"`, `<`, `>`; single quotes are unchanged |
//! | `substr(x, start, length)` `left(x, n)` | bytes from `start` (counted from 0), or the first `n`; shorter if `x` ends |

mod algorithm;
mod check;
mod error;
mod evaluate;
mod function;
mod length;
mod output;
mod parse;
mod sink;
mod text;
mod tree;

use std::fmt;

use zeroize::Zeroizing;

pub use error::{TemplateError, TemplateEvaluateError, TemplateProblem};
pub use length::TemplateLength;
pub use output::TemplateOutput;
use tree::Node;

/// A compiled template: checked once, evaluated for every login.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    root: Node,
    uses: TemplateUses,
    calls: u64,
}

/// The variables that a template reads; `$pass` is always among them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TemplateUses {
    /// `$salt` occurs.
    pub salt: bool,
    /// `$user` occurs.
    pub user: bool,
    /// `$pepper` occurs.
    pub pepper: bool,
}

/// The values of the variables; the caller has to wipe them.
#[derive(Clone, Copy, Default)]
pub struct TemplateInput<'a> {
    /// `$pass`: the presented password.
    pub pass: &'a [u8],
    /// `$salt`: the salt of the record, decoded according to the rule.
    pub salt: &'a [u8],
    /// `$user`: the legacy user name.
    pub user: &'a [u8],
    /// `$pepper`: the secret of the legacy installation.
    pub pepper: &'a [u8],
}

impl Template {
    /// The longest template text, in bytes. Stops generated text from using up compile time; the longest template known
    /// in practice (restful-authentication) has 130.
    pub const MAX_TEXT: usize = 4096;
    /// The deepest nesting of calls and parentheses. Stops stack exhaustion; WCF and OpenCart nest 3 deep.
    pub const MAX_DEPTH: usize = 32;
    /// The largest count of one `repeat`. Stops hostile rules and records; Symfony's 4999 and Jasypt's 100000 fit.
    pub const MAX_REPEAT: u64 = 1_000_000;
    /// The most function calls and rounds of one evaluation, with nested `repeat`s multiplied. Stops nested `repeat`s;
    /// a million rounds of a step with up to seven functions fit.
    pub const MAX_CALLS: u64 = 8_000_000;
    /// The longest intermediate or final value, in bytes. Stops values that double in every round; a password of 4096
    /// bytes (see [`crate::model::Password::MAX_BYTES`]) fits through every function.
    pub const MAX_VALUE: usize = 64 * 1024;
    /// The most bytes that one evaluation may process. Stops long passwords times many rounds (about two seconds of
    /// MD5); a million rounds over a digest, a salt and a password of common length fit.
    pub const MAX_WORK: u64 = 1 << 30;

    /// Compiles the text of a template.
    ///
    /// # Errors
    /// The first error, with its position in `text`; see [`TemplateProblem`] for the kinds.
    pub fn compile(text: &str) -> Result<Self, TemplateError> {
        let syntax = parse::parse(text)?;
        let checked = check::check(text, &syntax)?;
        Ok(Self { root: checked.node, uses: checked.uses, calls: checked.calls })
    }

    /// The variables that the caller has to provide.
    #[must_use]
    pub fn uses(&self) -> TemplateUses {
        self.uses
    }

    /// How many functions and rounds one evaluation runs, at most [`Self::MAX_CALLS`]; for lower limits.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls
    }

    /// Evaluates the template; the result and all intermediate values are wiped when dropped.
    ///
    /// # Errors
    /// [`TemplateEvaluateError`] if a value is invalid for a function or a limit is reached; both depend on the input,
    /// not on the template.
    pub fn evaluate(&self, input: &TemplateInput<'_>) -> Result<Zeroizing<Vec<u8>>, TemplateEvaluateError> {
        evaluate::evaluate(&self.root, input)
    }
}

impl fmt::Debug for TemplateInput<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TemplateInput(***)")
    }
}

#[cfg(test)]
mod tests;
