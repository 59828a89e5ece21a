//! What kind of text or bytes a template makes, as far as its outermost function says.

use super::Template;
use super::text::TextFunction;
use super::tree::{Node, Spelling};

/// What a template makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TemplateOutput {
    /// Hexadecimal digits.
    Hex,
    /// Base64 text.
    Base64,
    /// Raw bytes of a digest.
    Bytes,
    /// Something else, or something that depends on the record.
    Unknown,
}

impl Template {
    /// What kind of result the template makes.
    #[must_use]
    pub fn output(&self) -> TemplateOutput {
        output(&self.root)
    }

    /// Whether the template makes hexadecimal digits in lower case.
    pub(crate) fn is_lower_hex(&self) -> bool {
        is_lower(&self.root) && self.output() == TemplateOutput::Hex
    }
}

fn is_lower(node: &Node) -> bool {
    match node {
        Node::Text { function: TextFunction::Upper, .. } => false,
        Node::Text { function: TextFunction::Trim, argument } | Node::Substring { argument, .. } => is_lower(argument),
        Node::Repeat { count: 0, start, .. } => is_lower(start),
        Node::Repeat { step, .. } => is_lower(step),
        _ => true,
    }
}

fn output(node: &Node) -> TemplateOutput {
    match node {
        Node::Digest { spelling, .. } | Node::Hmac { spelling, .. } => match spelling {
            Spelling::Hex => TemplateOutput::Hex,
            Spelling::Raw => TemplateOutput::Bytes,
        },
        Node::Text { function: TextFunction::Hex, .. } => TemplateOutput::Hex,
        Node::Text { function: TextFunction::Base64, .. } => TemplateOutput::Base64,
        Node::Text { function: TextFunction::Upper | TextFunction::Lower | TextFunction::Trim, argument } => {
            match output(argument) {
                // other cases of base64 are other bytes
                TemplateOutput::Base64 => TemplateOutput::Unknown,
                of_argument => of_argument,
            }
        }
        Node::Substring { argument, .. } => output(argument),
        Node::Repeat { count: 0, start, .. } => output(start),
        Node::Repeat { step, .. } => output(step),
        Node::Literal(_) | Node::Variable(_) | Node::Current | Node::Join(_) | Node::Text { .. } => {
            TemplateOutput::Unknown
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outermost_function_says_what_is_made() {
        let cases = [
            ("md5($pass)", TemplateOutput::Hex),
            ("upper(sha1($salt . $pass))", TemplateOutput::Hex),
            ("left(hmac_sha256($salt, $pass), 20)", TemplateOutput::Hex),
            ("base64(sha1_bin($pass))", TemplateOutput::Base64),
            ("sha1_bin($pass)", TemplateOutput::Bytes),
            ("repeat(9, $pass, md5_bin($_))", TemplateOutput::Bytes),
            ("repeat(0, md5($pass), md5_bin($_))", TemplateOutput::Hex),
            ("$salt . md5($pass)", TemplateOutput::Unknown),
            ("unhex(md5($pass))", TemplateOutput::Unknown),
        ];
        for (text, want) in cases {
            assert_eq!(Template::compile(text).unwrap().output(), want, "{text}");
        }
    }
}
