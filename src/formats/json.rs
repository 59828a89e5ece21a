//! JSON: lists of objects are streamed element by element, so that the whole list is never in memory.

mod at;

use std::collections::VecDeque;

use super::encoding::not_utf8;
use super::reading::{How, Paths, Reading};
use super::scan::{Scan, Text};
use super::{Found, Place, Problem, Source};
use crate::rules::RecordsPath;

/// Enough bytes to recognize a value without data: `null`, `""`, `[]`, `{}`.
const EMPTY_BYTES: usize = 8;

/// The state of the reader.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Between values.
    Top,
    /// In a list, before an element.
    List {
        /// Whether no element has been read yet.
        is_first: bool,
    },
}

/// How the current list was found.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// The document is the list.
    Nothing,
    /// Its path was given.
    Requested,
    /// It is longer than any record, and no member before it contains data.
    Guess,
}

/// Reads values.
pub(super) struct Json {
    scan: Scan,
    limit: usize,
    state: State,
    /// The path that was given.
    at: Option<RecordsPath>,
    around: Around,
    /// The path of the current list.
    list: RecordsPath,
    reading: Reading,
    documents: u64,
    /// Elements that were read before they were known to be records.
    held: VecDeque<Found>,
}

type Scanned<T> = Result<T, Problem>;

/// The role of a list that may be the list of records.
enum Listed {
    /// Elements that are objects, all of them read.
    Objects(VecDeque<Found>),
    /// It is longer than any record: its elements are the records.
    Streams,
    /// It has no elements.
    Empty,
    /// It is part of a record.
    Data {
        /// Whether its first element is an object.
        has_objects: bool,
    },
}

/// An object that may or may not be a record.
struct Document {
    /// The line and the offset of its opening bracket.
    start: (u64, u64),
    text: Text,
    members: usize,
    /// The number of members with data, except the list that may be the list of records.
    with_data: usize,
    candidate: Option<(RecordsPath, VecDeque<Found>)>,
    lists: Paths,
}

impl Json {
    /// Records of at most `limit` bytes, from the list at a path if one is given.
    pub fn new(source: Source, limit: usize, at: Option<RecordsPath>, reading: Reading) -> Self {
        Self {
            scan: Scan::new(source),
            limit,
            state: State::Top,
            at,
            around: Around::Nothing,
            list: RecordsPath::default(),
            reading,
            documents: 0,
            held: VecDeque::new(),
        }
    }

    fn step(&mut self) -> Scanned<Option<Found>> {
        loop {
            if let Some(found) = self.held.pop_front() {
                return Ok(Some(found));
            }
            match self.state {
                State::Top => match self.scan.peek_token()? {
                    None => return Ok(None),
                    Some(b'[') => self.top_list()?,
                    Some(b'{') => {
                        self.documents += 1;
                        if let Some(found) = self.document()? {
                            return Ok(Some(found));
                        }
                    }
                    Some(_) => return self.scan.stop("expected a record, or a list of records"),
                },
                State::List { is_first } => {
                    if self.next_element(is_first)? {
                        self.state = State::List { is_first: false };
                        return self.element().map(Some);
                    }
                    self.state = State::Top;
                    self.end_of_list()?;
                }
            }
        }
    }

    fn top_list(&mut self) -> Scanned<()> {
        if let Some(path) = self.at.as_ref().filter(|path| !path.is_root()) {
            let message = format!("there is no list at `{path}`; the document itself is a list: `$`");
            return self.scan.stop(&message);
        }
        self.scan.take()?;
        (self.state, self.around) = (State::List { is_first: true }, Around::Nothing);
        Ok(())
    }

    /// Advances to the next element; returns false at the end of the list.
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

    /// The line and the offset of the next byte.
    fn here(&self) -> (u64, u64) {
        (self.scan.line(), self.scan.offset())
    }

    /// What was read since a line and an offset.
    fn since(&self, (line, start): (u64, u64)) -> Place {
        Place { line, bytes: Some(start..self.scan.offset()) }
    }

    fn element(&mut self) -> Scanned<Found> {
        self.scan.peek_token()?;
        let (start, mut text) = (self.here(), Text::default());
        self.scan.value(&mut text, self.limit)?;
        Ok(record(text, self.since(start), self.limit))
    }

    /// Reads a document after its opening bracket: returns it if it is a record, or `None` if it contains records.
    fn document(&mut self) -> Scanned<Option<Found>> {
        if let Some(path) = self.at.clone().filter(|path| !path.is_root()) {
            return self.find(&path).map(|()| None);
        }
        let (start, lists) = (self.here(), Paths::default());
        let mut document = Document { start, text: Text::default(), members: 0, with_data: 0, candidate: None, lists };
        self.scan.take()?;
        document.text.push(b"{", self.limit);
        while !self.scan.take_token(b'}')? {
            if document.members > 0 {
                self.expect(b',', "expected `,` or `}` after a member")?;
                document.text.push(b",", self.limit);
            }
            if self.member(&mut document)? {
                return Ok(None);
            }
            document.members += 1;
        }
        document.text.push(b"}", self.limit);
        self.end_of_document(document)
    }

    /// Reads a member; true if it is a list whose elements are probably the records.
    fn member(&mut self, document: &mut Document) -> Scanned<bool> {
        let key = self.key()?;
        document.text.push(&key, self.limit);
        document.text.push(b":", self.limit);
        if self.scan.peek_token()? != Some(b'[') {
            let before = document.text.bytes.len();
            self.scan.value(&mut document.text, self.limit)?;
            let value = document.text.bytes.get(before..).unwrap_or_default();
            document.with_data += usize::from(document.text.is_cut || has_data(value));
            return Ok(false);
        }
        let path = RecordsPath::default().member(&name_of(&key));
        let may_hold_records = self.at.is_none() && document.with_data == 0 && document.candidate.is_none();
        match self.list(may_hold_records, &mut document.text)? {
            Listed::Objects(held) => {
                document.lists.add(path.clone());
                document.candidate = Some((path, held));
            }
            Listed::Streams => {
                self.reading.taken(&path, How::OnlyMember);
                (self.state, self.around, self.list) = (State::List { is_first: false }, Around::Guess, path);
                return Ok(true);
            }
            Listed::Empty if document.members == 0 => document.candidate = Some((path, VecDeque::new())),
            Listed::Empty => {}
            Listed::Data { has_objects } => {
                document.with_data += 1;
                if has_objects {
                    document.lists.add(path);
                }
            }
        }
        Ok(false)
    }

    /// Reads a list that is a member.
    fn list(&mut self, may_hold_records: bool, text: &mut Text) -> Scanned<Listed> {
        self.scan.take()?;
        let begins_with = self.scan.peek_token()?;
        let has_objects = begins_with == Some(b'{');
        text.push(b"[", self.limit);
        let (mut held, mut is_first) = (VecDeque::new(), true);
        while self.next_element(is_first)? {
            if !is_first {
                text.push(b",", self.limit);
            }
            is_first = false;
            if !(may_hold_records && has_objects) {
                self.scan.value(text, self.limit)?;
                continue;
            }
            self.scan.peek_token()?;
            let (start, mut element) = (self.here(), Text::default());
            self.scan.value(&mut element, self.limit)?;
            text.push(&element.bytes, self.limit);
            text.is_cut |= element.is_cut;
            held.push_back(record(element, self.since(start), self.limit));
            if text.is_cut {
                self.held = held;
                return Ok(Listed::Streams);
            }
        }
        text.push(b"]", self.limit);
        Ok(match begins_with {
            Some(b']') => Listed::Empty,
            _ if may_hold_records && has_objects => Listed::Objects(held),
            _ => Listed::Data { has_objects },
        })
    }

    /// Returns the document if it is a record, or `None` if the only member with data is a list of records.
    fn end_of_document(&mut self, document: Document) -> Scanned<Option<Found>> {
        let Document { start, text, with_data, candidate, lists, members } = document;
        if let Some((path, held)) = candidate.filter(|(_, held)| with_data == 0 && (!held.is_empty() || members == 1)) {
            self.reading.taken(&path, How::OnlyMember);
            self.held = held;
            return Ok(None);
        }
        if text.is_cut && !lists.is_empty() {
            let message = format!(
                "the document is longer than {} bytes, so it cannot be one record; give the path of the records: {}",
                self.limit,
                lists.where_lists_are()
            );
            return Ok(Some(Err(Problem::new(start.0, message))));
        }
        let place = self.since(start);
        if self.at.is_none() && self.documents == 1 && !lists.is_empty() && self.scan.peek_token()?.is_none() {
            self.reading.one_record_with(lists);
        }
        Ok(Some(record(text, place, self.limit)))
    }

    /// Reads the text after a list that is not the document itself.
    fn end_of_list(&mut self) -> Scanned<()> {
        match self.around {
            Around::Nothing => Ok(()),
            Around::Requested => self.rest_of_requested(),
            Around::Guess => self.rest_of_guess(),
        }
    }

    /// After a list that was assumed to be the records because it is longer than any record: checks that no other member contains
    /// data.
    fn rest_of_guess(&mut self) -> Scanned<()> {
        while !self.scan.take_token(b'}')? {
            self.expect(b',', "expected `,` or `}` after a member")?;
            let key = self.key()?;
            let mut value = Text::default();
            self.scan.value(&mut value, EMPTY_BYTES)?;
            if value.is_cut || has_data(&value.bytes) {
                let (list, other) = (&self.list, RecordsPath::default().member(&name_of(&key)));
                let message = format!(
                    "`{other}` also contains data, besides `{list}`; give the path of the records, such as `{list}`"
                );
                return self.scan.stop(&message);
            }
        }
        Ok(())
    }

    /// Reads a key with its colon; the key keeps its quotes.
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

/// Whether the text of a value contains data.
fn has_data(text: &[u8]) -> bool {
    let mut tokens = text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let begin: Vec<u8> = tokens.by_ref().take(EMPTY_BYTES).copied().collect();
    !matches!(begin.as_slice(), b"null" | b"\"\"" | b"[]" | b"{}")
}

/// The name of a quoted key.
fn name_of(key: &[u8]) -> String {
    serde_json::from_slice(key).unwrap_or_else(|_| String::from_utf8_lossy(key).trim_matches('"').to_owned())
}

/// Converts a value to a record.
fn record(text: Text, place: Place, limit: usize) -> Found {
    let line = place.line;
    if text.is_cut {
        return Err(Problem::new(line, format!("the record is longer than {limit} bytes")));
    }
    let text = match String::from_utf8(text.bytes) {
        Ok(text) => text,
        Err(_) => return Err(Problem::new(line, not_utf8("the record", "json"))),
    };
    let kind = match text.as_bytes().first() {
        Some(b'{') if text.contains('\n') => {
            let message = "a text in the record continues past the end of its line; is a quote missing?";
            return Err(Problem::new(line, message).with_text(text.as_bytes()));
        }
        Some(b'{') => return Ok((text, place)),
        Some(b'[') => "list",
        Some(b'"') => "text",
        Some(b't' | b'f') => "boolean",
        Some(b'n') => "null",
        _ => "number",
    };
    Err(Problem::new(line, format!("a record must be an object, found {kind}")).with_text(text.as_bytes()))
}

impl Iterator for Json {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        self.step().unwrap_or_else(|problem| Some(Err(problem)))
    }
}
