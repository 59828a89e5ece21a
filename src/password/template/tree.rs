//! The checked syntax tree.

use super::algorithm::Algorithm;
use super::text::TextFunction;

/// One expression; every argument has the right type and number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Literal(Vec<u8>),
    Variable(Variable),
    /// `$_`
    Current,
    Join(Vec<Node>),
    Digest {
        algorithm: Algorithm,
        spelling: Spelling,
        message: Box<Node>,
    },
    Hmac {
        algorithm: Algorithm,
        spelling: Spelling,
        key: Box<Node>,
        message: Box<Node>,
    },
    Text {
        function: TextFunction,
        argument: Box<Node>,
    },
    Substring {
        argument: Box<Node>,
        start: usize,
        length: usize,
    },
    Repeat {
        count: u64,
        start: Box<Node>,
        step: Box<Node>,
    },
}

/// A variable that the caller provides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Variable {
    Pass,
    Salt,
    User,
    Pepper,
}

/// The encoding of a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// Lower-case hexadecimal.
    Hex,
    /// Raw bytes.
    Raw,
}
