//! The length of a template's result, and how much of a digest it contains, without computing it: a stored hash of
//! another length was truncated, and so was one with too little digest.

use super::text::TextFunction;
use super::tree::{Node, Spelling, Variable};
use super::{Template, TemplateInput};
use crate::password::digests::Digest;

/// The resolution of digest bytes, so that hexadecimal, base64 and similar encodings give whole numbers.
const PARTS: usize = 24;

/// The length of a template's result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TemplateLength {
    /// Bytes of the result.
    pub bytes: usize,
    /// Bytes of digest in the result.
    pub digest: usize,
    /// Whether `left` or `substr` truncated it.
    pub is_cut: bool,
}

/// A run of bytes of the same kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Run {
    bytes: usize,
    /// Fraction of a digest byte in each byte, in units of 1/[`PARTS`].
    parts: usize,
    /// Whether each byte is a letter, digit, `+`, `/` or `=`, whose length no text function changes.
    plain: bool,
}

/// The runs of a value, and whether it was truncated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shape {
    runs: Vec<Run>,
    is_cut: bool,
}

impl Template {
    /// The length of the result, whatever the password; `None` if it depends on the password or is unknown in advance.
    /// Only the variables from the record are read from `input`.
    #[must_use]
    pub fn length(&self, input: &TemplateInput<'_>) -> Option<TemplateLength> {
        let shape = shape(&self.root, None, input)?;
        let parts: usize = shape.runs.iter().map(|run| run.bytes.saturating_mul(run.parts)).sum();
        Some(TemplateLength { bytes: shape.bytes(), digest: parts / PARTS, is_cut: shape.is_cut })
    }
}

impl Shape {
    fn of(bytes: usize, parts: usize, plain: bool) -> Self {
        Self { runs: vec![Run { bytes, parts, plain }], is_cut: false }
    }

    fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.bytes).sum()
    }

    /// The bytes from `start` on, at most `length`.
    fn cut(self, start: usize, length: usize) -> Self {
        let whole = self.bytes();
        let (mut skip, mut left, mut runs) = (start, length, Vec::new());
        for run in self.runs {
            let skipped = run.bytes.min(skip);
            let taken = (run.bytes - skipped).min(left);
            skip -= skipped;
            left -= taken;
            if taken > 0 {
                runs.push(Run { bytes: taken, ..run });
            }
        }
        let shape = Self { runs, is_cut: self.is_cut };
        Self { is_cut: shape.is_cut || shape.bytes() < whole, ..shape }
    }

    /// Encodes every byte as `bytes` bytes.
    fn spread(mut self, bytes: usize, plain: bool) -> Self {
        for run in &mut self.runs {
            *run = Run { bytes: run.bytes.saturating_mul(bytes), parts: run.parts / bytes, plain };
        }
        self
    }

    fn is_plain(&self) -> bool {
        self.runs.iter().all(|run| run.plain)
    }
}

fn given(bytes: &[u8]) -> Shape {
    let plain = bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte));
    Shape::of(bytes.len(), 0, plain)
}

/// The shape of a value; `current` is that of `$_`.
fn shape(node: &Node, current: Option<&Shape>, input: &TemplateInput<'_>) -> Option<Shape> {
    match node {
        Node::Literal(bytes) => Some(given(bytes)),
        Node::Variable(Variable::Pass) => None,
        Node::Variable(Variable::Salt) => Some(given(input.salt)),
        Node::Variable(Variable::User) => Some(given(input.user)),
        Node::Variable(Variable::Pepper) => Some(given(input.pepper)),
        Node::Current => current.cloned(),
        Node::Join(parts) => join(parts, current, input),
        Node::Digest { algorithm, spelling, .. } | Node::Hmac { algorithm, spelling, .. } => {
            let bytes = Digest::named(algorithm.name())?.size();
            let whole = Shape::of(bytes, PARTS, false);
            Some(if *spelling == Spelling::Hex { whole.spread(2, true) } else { whole })
        }
        Node::Text { function, argument } => converted(*function, shape(argument, current, input)?),
        Node::Substring { argument, start, length } => Some(shape(argument, current, input)?.cut(*start, *length)),
        Node::Repeat { count, start, step } => repeated(*count, shape(start, current, input), step, input),
    }
}

fn join(parts: &[Node], current: Option<&Shape>, input: &TemplateInput<'_>) -> Option<Shape> {
    let mut whole = Shape { runs: Vec::new(), is_cut: false };
    for part in parts {
        let part = shape(part, current, input)?;
        whole.runs.extend(part.runs);
        whole.is_cut |= part.is_cut;
    }
    Some(whole)
}

/// The value must keep its shape after the first round, or the final shape is unknown.
fn repeated(count: u64, start: Option<Shape>, step: &Node, input: &TemplateInput<'_>) -> Option<Shape> {
    if count == 0 {
        return start;
    }
    let first = shape(step, start.as_ref(), input)?;
    if count > 1 && shape(step, Some(&first), input)? != first {
        return None;
    }
    Some(first)
}

fn converted(function: TextFunction, value: Shape) -> Option<Shape> {
    match function {
        TextFunction::Hex => Some(value.spread(2, true)),
        TextFunction::Utf16le if value.is_plain() => Some(value.spread(2, false)),
        TextFunction::Base64 => {
            let bytes = value.bytes();
            let digest: usize = value.runs.iter().map(|run| run.bytes.saturating_mul(run.parts)).sum();
            let written = bytes.div_ceil(3).saturating_mul(4);
            // Rounded up, so that padding does not reduce the digest.
            Some(Shape { is_cut: value.is_cut, ..Shape::of(written, digest.div_ceil(written.max(1)), true) })
        }
        TextFunction::Unhex | TextFunction::Unbase64 | TextFunction::Utf16le => None,
        _ => value.is_plain().then_some(value),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(text: &str) -> Option<(usize, usize, bool)> {
        let input = TemplateInput { salt: b"0123456789", ..TemplateInput::default() };
        let length = Template::compile(text).unwrap().length(&input)?;
        Some((length.bytes, length.digest, length.is_cut))
    }

    #[test]
    fn lengths_are_known_without_evaluation() {
        for (text, expected) in [
            ("md5($pass)", Some((32, 16, false))),
            ("sha1_bin($salt . $pass)", Some((20, 20, false))),
            ("base64(sha512_bin($pass))", Some((88, 66, false))),
            ("base64(md5_bin($pass) . $salt)", Some((36, 16, false))),
            ("upper(hmac_sha256($salt, $pass))", Some((64, 32, false))),
            ("substr(md5($pass), 8, 16)", Some((16, 8, true))),
            ("left(sha1($pass), 40)", Some((40, 20, false))),
            ("'x:' . md5($pass)", Some((34, 16, false))),
            ("left('prefix' . md5($pass), 8)", Some((8, 1, true))),
            ("utf16le(md5($pass))", Some((64, 16, false))),
            ("repeat(5, sha1($pass), sha1($_ . $salt))", Some((40, 20, false))),
            ("repeat(5, $pass, md5($_))", Some((32, 16, false))),
            ("repeat(0, md5_bin($pass), md5($_))", Some((16, 16, false))),
            ("repeat(2, md5_bin($pass), $_ . 'x')", None),
            ("$salt . $pass", None),
            ("upper(md5_bin($pass))", None),
        ] {
            assert_eq!(length(text), expected, "{text}");
        }
    }
}
