//! The destinations of values: a hasher, or a bounded buffer that is wiped.

use zeroize::{Zeroize, Zeroizing};

use super::Template;
use super::error::TemplateEvaluateError;
use super::tree::Spelling;

/// Receives the bytes of a value in pieces, so that most values never exist as a whole.
pub(super) trait Sink {
    fn put(&mut self, bytes: &[u8]) -> Result<(), TemplateEvaluateError>;
}

/// The longest digest, in bytes.
const LONGEST_DIGEST: usize = 64;

/// A capacity that fits most values without growing.
const FIRST_CAPACITY: usize = 256;

/// A complete value, at most [`Template::MAX_VALUE`] bytes, wiped when dropped or moved to grow.
#[derive(Default)]
pub(super) struct Buffer(Zeroizing<Vec<u8>>);

impl Buffer {
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }

    /// Empties the buffer and keeps its capacity; the old bytes are wiped with the buffer.
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }

    pub(super) fn into_inner(self) -> Zeroizing<Vec<u8>> {
        self.0
    }

    /// Grows the buffer. A plain `Vec` would leave the old bytes behind in freed memory.
    fn reserve(&mut self, needed: usize) {
        if needed > self.0.capacity() {
            let mut wider = Zeroizing::new(Vec::with_capacity(needed.next_power_of_two().max(FIRST_CAPACITY)));
            wider.extend_from_slice(&self.0);
            self.0 = wider;
        }
    }
}

impl Sink for Buffer {
    fn put(&mut self, bytes: &[u8]) -> Result<(), TemplateEvaluateError> {
        let needed = self.0.len().saturating_add(bytes.len());
        if needed > Template::MAX_VALUE {
            return Err(TemplateEvaluateError::TooLarge);
        }
        self.reserve(needed);
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// Writes a digest in the given encoding.
pub(super) fn put_digest(raw: &[u8], spelling: Spelling, sink: &mut dyn Sink) -> Result<(), TemplateEvaluateError> {
    if spelling == Spelling::Raw {
        return sink.put(raw);
    }
    let mut text = [0_u8; 2 * LONGEST_DIGEST];
    let spelled = put_hex(raw, &mut text, sink);
    text.zeroize();
    spelled
}

fn put_hex(raw: &[u8], text: &mut [u8], sink: &mut dyn Sink) -> Result<(), TemplateEvaluateError> {
    let room = text.get_mut(..raw.len().saturating_mul(2)).ok_or(TemplateEvaluateError::TooLarge)?;
    hex::encode_to_slice(raw, room).map_err(|_| TemplateEvaluateError::TooLarge)?;
    sink.put(room)
}
