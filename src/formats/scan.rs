//! Finds the ends of JSON values in a stream of bytes, looking only at strings and brackets.

use std::io::{ErrorKind, Read as _};

use super::{Problem, Source};

/// Large, so that system calls are rare.
const BUFFER_BYTES: usize = 128 * 1024;

/// The maximum nesting of lists and objects. Stops nesting from filling the memory; the parser of records has a much lower
/// limit.
const MAX_DEPTH: usize = 1024;

/// The text of one value while it is read: all of it up to a limit.
#[derive(Default)]
pub struct Text {
    /// The text, with each run of whitespace between tokens as one space.
    pub bytes: Vec<u8>,
    /// Whether the limit was reached and the rest was dropped.
    pub is_cut: bool,
}

impl Text {
    /// Adds bytes up to the limit.
    pub fn push(&mut self, bytes: &[u8], limit: usize) {
        if self.bytes.len() + bytes.len() <= limit {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.is_cut = true;
        }
    }
}

/// Bytes with their line.
pub struct Scan {
    input: Source,
    buffer: Vec<u8>,
    at: usize,
    /// The number of bytes before the buffer.
    before: u64,
    line: u64,
}

type Scanned<T> = Result<T, Problem>;

impl Scan {
    /// A scanner at line 1.
    pub fn new(input: Source) -> Self {
        Self { input, buffer: Vec::with_capacity(BUFFER_BYTES), at: 0, before: 0, line: 1 }
    }

    /// The line of the next byte.
    pub fn line(&self) -> u64 {
        self.line
    }

    /// The number of consumed bytes.
    pub fn offset(&self) -> u64 {
        self.before + u64::try_from(self.at).unwrap_or(0)
    }

    /// A problem that ends reading at this position.
    pub fn stop<T>(&self, message: &str) -> Scanned<T> {
        Err(Problem::fatal(self.line, message))
    }

    fn ahead(&mut self) -> Scanned<&[u8]> {
        if self.at >= self.buffer.len() {
            self.before = self.offset();
            self.at = 0;
            self.refill()?;
        }
        Ok(self.buffer.get(self.at..).unwrap_or_default())
    }

    /// Replaces the buffer by what the input gives next.
    fn refill(&mut self) -> Scanned<()> {
        self.buffer.resize(BUFFER_BYTES, 0);
        loop {
            match self.input.read(&mut self.buffer) {
                Ok(read) => {
                    self.buffer.truncate(read);
                    return Ok(());
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.buffer.clear();
                    return Err(Problem::source(self.line, &error));
                }
            }
        }
    }

    /// The next byte, without consuming it.
    pub fn peek(&mut self) -> Scanned<Option<u8>> {
        Ok(self.ahead()?.first().copied())
    }

    /// Consumes the next byte.
    pub fn take(&mut self) -> Scanned<Option<u8>> {
        let byte = self.peek()?;
        self.at += usize::from(byte.is_some());
        self.line += u64::from(byte == Some(b'\n'));
        Ok(byte)
    }

    /// The next byte that is not whitespace, without consuming it.
    pub fn peek_token(&mut self) -> Scanned<Option<u8>> {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek()? {
            self.take()?;
        }
        self.peek()
    }

    /// Consumes the next byte that is not whitespace if it is this token.
    pub fn take_token(&mut self, token: u8) -> Scanned<bool> {
        let is_it = self.peek_token()? == Some(token);
        if is_it {
            self.take()?;
        }
        Ok(is_it)
    }

    /// Consumes one value and adds its text.
    pub fn value(&mut self, text: &mut Text, limit: usize) -> Scanned<()> {
        match self.peek_token()? {
            None => self.ended(),
            Some(b'{' | b'[') => self.nested(text, limit),
            Some(b'"') => self.string(text, limit),
            Some(b',' | b':' | b'}' | b']') => self.stop("expected a value"),
            Some(_) => self.scalar(text, limit),
        }
    }

    fn ended<T>(&self) -> Scanned<T> {
        self.stop("the text ends in the middle of a value")
    }

    fn scalar(&mut self, text: &mut Text, limit: usize) -> Scanned<()> {
        while let Some(byte) = self.peek()? {
            if matches!(byte, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"') || byte.is_ascii_whitespace() {
                break;
            }
            text.push(&[byte], limit);
            self.take()?;
        }
        Ok(())
    }

    fn string(&mut self, text: &mut Text, limit: usize) -> Scanned<()> {
        self.take()?;
        text.push(b"\"", limit);
        loop {
            let ahead = self.ahead()?;
            if ahead.is_empty() {
                return self.ended();
            }
            let end = memchr::memchr3(b'"', b'\\', b'\n', ahead);
            let part = ahead.get(..end.unwrap_or(ahead.len())).unwrap_or_default();
            text.push(part, limit);
            self.at += part.len();
            match end.map_or(Ok(None), |_| self.take())? {
                Some(b'\\') => {
                    let escaped = self.take()?;
                    text.push(b"\\", limit);
                    text.push(escaped.as_slice(), limit);
                }
                Some(b'"') => {
                    text.push(b"\"", limit);
                    return Ok(());
                }
                Some(other) => text.push(&[other], limit),
                None => {}
            }
        }
    }

    fn nested(&mut self, text: &mut Text, limit: usize) -> Scanned<()> {
        let mut open = Vec::new();
        loop {
            match self.peek()? {
                None => return self.ended(),
                Some(b'"') => {
                    self.string(text, limit)?;
                    continue;
                }
                Some(b'{') => open.push(b'}'),
                Some(b'[') => open.push(b']'),
                Some(byte @ (b'}' | b']')) if open.pop() != Some(byte) => {
                    return self.stop("a list or object is closed by the wrong bracket");
                }
                Some(b' ' | b'\n' | b'\r' | b'\t') => {
                    self.peek_token()?;
                    text.push(b" ", limit);
                    continue;
                }
                Some(_) => {}
            }
            if open.len() > MAX_DEPTH {
                return self.stop("lists and objects are nested too deeply");
            }
            let byte = self.take()?;
            text.push(byte.as_slice(), limit);
            if open.is_empty() {
                return Ok(());
            }
        }
    }
}
