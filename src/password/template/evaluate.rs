//! Evaluates a checked tree, with limits on sizes and work.

use std::mem;
use std::ops::Deref;

use zeroize::Zeroizing;

use super::error::TemplateEvaluateError;
use super::sink::{Buffer, Sink};
use super::tree::{Node, Variable};
use super::{Template, TemplateInput};

/// The cost of a function call in addition to its bytes: about two blocks of a digest.
const CALL_WORK: u64 = 128;
/// The cost of a value in addition to its bytes, so that empty values are not free.
const VALUE_WORK: u64 = 16;

type Written = Result<(), TemplateEvaluateError>;

/// The value of `node` for `input`.
pub(super) fn evaluate(node: &Node, input: &TemplateInput<'_>) -> Result<Zeroizing<Vec<u8>>, TemplateEvaluateError> {
    let mut run = Run { input, work: Template::MAX_WORK };
    let mut value = Buffer::default();
    run.write(node, &[], &mut value)?;
    Ok(value.into_inner())
}

struct Run<'a> {
    input: &'a TemplateInput<'a>,
    /// The remaining work.
    work: u64,
}

/// A complete value, borrowed if the tree or the input already has it.
enum Piece<'a> {
    Borrowed(&'a [u8]),
    Owned(Buffer),
}

impl Deref for Piece<'_> {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Owned(buffer) => buffer.as_slice(),
        }
    }
}

impl<'a> Run<'a> {
    fn charge(&mut self, work: u64) -> Written {
        self.work = self.work.checked_sub(work).ok_or(TemplateEvaluateError::TooMuchWork)?;
        Ok(())
    }

    fn charge_value(&mut self, bytes: &[u8]) -> Written {
        self.charge(VALUE_WORK.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
    }

    fn put(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Written {
        self.charge_value(bytes)?;
        sink.put(bytes)
    }

    /// Writes the value of `node`; `current` is `$_`.
    fn write(&mut self, node: &Node, current: &[u8], sink: &mut dyn Sink) -> Written {
        match node {
            Node::Literal(bytes) => self.put(bytes, sink),
            Node::Variable(variable) => self.put(self.variable(*variable), sink),
            Node::Current => self.put(current, sink),
            Node::Join(parts) => parts.iter().try_for_each(|part| self.write(part, current, sink)),
            Node::Digest { algorithm, spelling, message } => {
                self.charge(CALL_WORK)?;
                algorithm.digest(*spelling, &mut |hasher| self.write(message, current, hasher), sink)
            }
            Node::Hmac { algorithm, spelling, key, message } => {
                self.charge(2 * CALL_WORK)?;
                let key = self.piece(key, current)?;
                algorithm.hmac(*spelling, &key, &mut |hasher| self.write(message, current, hasher), sink)
            }
            Node::Text { function, argument } => {
                self.charge(CALL_WORK)?;
                function.apply(&self.piece(argument, current)?, sink)
            }
            Node::Substring { argument, start, length } => {
                let value = self.piece(argument, current)?;
                let rest = value.get(*start..).unwrap_or_default();
                sink.put(rest.get(..*length).unwrap_or(rest))
            }
            Node::Repeat { count, start, step } => self.repeat(*count, start, step, current, sink),
        }
    }

    fn variable(&self, variable: Variable) -> &'a [u8] {
        match variable {
            Variable::Pass => self.input.pass,
            Variable::Salt => self.input.salt,
            Variable::User => self.input.user,
            Variable::Pepper => self.input.pepper,
        }
    }

    /// The complete value of `node`.
    fn piece<'p>(&mut self, node: &'p Node, current: &'p [u8]) -> Result<Piece<'p>, TemplateEvaluateError>
    where
        'a: 'p,
    {
        let bytes = match node {
            Node::Literal(bytes) => bytes.as_slice(),
            Node::Variable(variable) => self.variable(*variable),
            Node::Current => current,
            _ => {
                let mut buffer = Buffer::default();
                self.write(node, current, &mut buffer)?;
                return Ok(Piece::Owned(buffer));
            }
        };
        self.charge_value(bytes)?;
        Ok(Piece::Borrowed(bytes))
    }

    /// Two buffers alternate, so that a round allocates nothing.
    fn repeat(&mut self, count: u64, start: &Node, step: &Node, outer: &[u8], sink: &mut dyn Sink) -> Written {
        let (mut value, mut next) = (Buffer::default(), Buffer::default());
        self.write(start, outer, &mut value)?;
        for _ in 0..count {
            next.clear();
            self.charge(VALUE_WORK)?;
            self.write(step, value.as_slice(), &mut next)?;
            mem::swap(&mut value, &mut next);
        }
        self.put(value.as_slice(), sink)
    }
}
