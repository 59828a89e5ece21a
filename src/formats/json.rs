//! JSON: lists of objects are streamed element by element, without ever holding the list.

use std::collections::VecDeque;

use super::scan::{Scan, Text};
use super::{Found, Problem, Source};

/// Members that hold the records of an export, even when there are none: Auth0 and Keycloak, Cognito and Firebase, Salesforce,
/// SCIM (RFC 7644, section 3.4.2), `OData`.
const ENVELOPES: [&str; 5] = ["\"users\"", "\"Users\"", "\"records\"", "\"Resources\"", "\"value\""];
/// Members that hold them when they begin with an object; a single record may well have such a list of something else.
const LIKELY_ENVELOPES: [&str; 2] = ["\"data\"", "\"profiles\""];

/// Where the reading stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between values.
    Top,
    /// In a list, before an element.
    List {
        /// Whether the list stands in an object.
        in_object: bool,
        /// Whether no element was read yet.
        is_first: bool,
    },
}

/// Reads values.
pub(super) struct Json {
    scan: Scan,
    limit: usize,
    state: State,
    /// Elements read before it was clear that they are records.
    held: VecDeque<Found>,
}

type Scanned<T> = Result<T, Problem>;

impl Json {
    /// Records of at most `limit` bytes.
    pub fn new(source: Source, limit: usize) -> Self {
        Self { scan: Scan::new(source), limit, state: State::Top, held: VecDeque::new() }
    }

    fn step(&mut self) -> Scanned<Option<Found>> {
        loop {
            if let Some(found) = self.held.pop_front() {
                return Ok(Some(found));
            }
            match self.state {
                State::Top => match self.scan.peek_token()? {
                    None => return Ok(None),
                    Some(b'[') => {
                        self.scan.take()?;
                        self.state = State::List { in_object: false, is_first: true };
                    }
                    Some(b'{') => {
                        if let Some(found) = self.object()? {
                            return Ok(Some(found));
                        }
                    }
                    Some(_) => return self.scan.stop("expected a record, or a list of records"),
                },
                State::List { in_object, is_first } => {
                    if self.next_element(is_first)? {
                        self.state = State::List { in_object, is_first: false };
                        return self.element().map(Some);
                    }
                    self.state = State::Top;
                    if in_object {
                        self.rest_of_object()?;
                    }
                }
            }
        }
    }

    /// Goes to the next element; false when the list is closed.
    fn next_element(&mut self, is_first: bool) -> Scanned<bool> {
        if self.scan.take_token(b']')? {
            return Ok(false);
        }
        if is_first || self.scan.take_token(b',')? {
            return Ok(true);
        }
        match self.scan.peek_token()? {
            None => self.scan.stop("the text ends in the middle of a list"),
            Some(_) => self.scan.stop("expected `,` or `]` after an element"),
        }
    }

    fn element(&mut self) -> Scanned<Found> {
        self.scan.peek_token()?;
        let (line, mut text) = (self.scan.line(), Text::default());
        self.scan.value(&mut text, self.limit)?;
        Ok(record(text, line, self.limit))
    }

    /// Reads an object from its bracket on: the record that it is, or nothing when it holds records.
    fn object(&mut self) -> Scanned<Option<Found>> {
        let (line, mut text, mut members) = (self.scan.line(), Text::default(), 0_usize);
        self.scan.take()?;
        text.push(b"{", self.limit);
        while !self.scan.take_token(b'}')? {
            if members > 0 {
                self.expect(b',', "expected `,` or `}` after a member")?;
                text.push(b",", self.limit);
            }
            let key = self.key()?;
            text.push(&key, self.limit);
            text.push(b":", self.limit);
            if self.scan.peek_token()? == Some(b'[') {
                if self.list(&key, members == 0, &mut text)? {
                    return Ok(None);
                }
            } else {
                self.scan.value(&mut text, self.limit)?;
            }
            members += 1;
        }
        text.push(b"}", self.limit);
        Ok(Some(record(text, line, self.limit)))
    }

    /// Reads a list that is a member; true when its elements are the records.
    fn list(&mut self, key: &[u8], is_first: bool, text: &mut Text) -> Scanned<bool> {
        let is = |names: &[&str]| names.iter().any(|name| name.as_bytes() == key);
        self.scan.take()?;
        let has_objects = self.scan.peek_token()? == Some(b'{');
        if is(&ENVELOPES) && (has_objects || self.scan.peek()? == Some(b']')) || is(&LIKELY_ENVELOPES) && has_objects {
            self.state = State::List { in_object: true, is_first: true };
            return Ok(true);
        }
        text.push(b"[", self.limit);
        let (mut held, mut first) = (VecDeque::new(), true);
        while self.next_element(first)? {
            if !first {
                text.push(b",", self.limit);
            }
            first = false;
            if is_first && has_objects {
                let line = self.scan.line();
                let mut element = Text::default();
                self.scan.value(&mut element, self.limit)?;
                text.push(&element.bytes, self.limit);
                text.is_cut |= element.is_cut;
                held.push_back(record(element, line, self.limit));
                // larger than any record: it must be the list of all records
                if text.is_cut {
                    self.held = held;
                    self.state = State::List { in_object: true, is_first: false };
                    return Ok(true);
                }
            } else {
                self.scan.value(text, self.limit)?;
            }
        }
        text.push(b"]", self.limit);
        if is_first && has_objects && self.scan.take_token(b'}')? {
            self.held = held;
            return Ok(true);
        }
        Ok(false)
    }

    /// Skips the members after the list of records.
    fn rest_of_object(&mut self) -> Scanned<()> {
        while !self.scan.take_token(b'}')? {
            self.expect(b',', "expected `,` or `}` after a member")?;
            self.key()?;
            self.scan.value(&mut Text::default(), 0)?;
        }
        Ok(())
    }

    /// Reads a key with its colon; the key stays in its quotes.
    fn key(&mut self) -> Scanned<Vec<u8>> {
        if self.scan.peek_token()? != Some(b'"') {
            return self.scan.stop("expected a key in quotes");
        }
        let mut key = Text::default();
        self.scan.value(&mut key, self.limit)?;
        self.expect(b':', "expected `:` after a key")?;
        Ok(key.bytes)
    }

    fn expect(&mut self, token: u8, message: &str) -> Scanned<()> {
        if self.scan.take_token(token)? { Ok(()) } else { self.scan.stop(message) }
    }
}

/// The record that a value is.
fn record(text: Text, line: u64, limit: usize) -> Found {
    if text.is_cut {
        return Err(Problem::new(line, format!("the record is longer than {limit} bytes")));
    }
    let text = match String::from_utf8(text.bytes) {
        Ok(text) => text,
        Err(_) => return Err(Problem::new(line, "the record is not UTF-8")),
    };
    let kind = match text.as_bytes().first() {
        Some(b'{') if text.contains('\n') => {
            let message = "a text in the record goes over the end of its line; is a quote missing?";
            return Err(Problem::new(line, message).with_text(text.as_bytes()));
        }
        Some(b'{') => return Ok((text, line)),
        Some(b'[') => "list",
        Some(b'"') => "text",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    };
    Err(Problem::new(line, format!("a record is an object, found {kind}")).with_text(text.as_bytes()))
}

impl Iterator for Json {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        self.step().unwrap_or_else(|problem| Some(Err(problem)))
    }
}
