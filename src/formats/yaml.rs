//! YAML: a list of maps, or one map per document. Each is read on its own, so that the file can have any length.
//!
//! Instead of a map, the list at a path in it can be read; this is automatic if only one list of maps contains data.
//!
//! Aliases can therefore refer only to anchors in the same record. Numbers keep every digit; `0012` is text, as in rules.

use std::collections::VecDeque;
use std::mem;

use super::csv::quoted;
use super::encoding::not_utf8;
use super::lines::{Line, Lines};
use super::reading::{How, Paths, Reading};
use super::yaml_list::{ListFinder, Pass};
use super::{Found, Place, Problem, Source};
use crate::diag::{Files, Findings};
use crate::rules::{MAX_FILE_BYTES, Node, NodeKind, RecordsPath, read};

/// How deeply lists are searched for, for the message about a wrong path.
const LIST_DEPTH: usize = 3;

/// Reads documents, and the elements of their lists.
pub(super) struct Yaml {
    lines: Lines,
    line: Vec<u8>,
    /// The text of the record so far, and the line where it starts.
    text: Vec<u8>,
    first: u64,
    /// The text is longer than the limit.
    is_cut: bool,
    /// The indentation of the dashes, if the document is a list.
    indent: Option<usize>,
    /// Whether nothing but comments of the document has been read yet.
    is_fresh: bool,
    limit: usize,
    ready: VecDeque<Found>,
    ended: bool,
    /// The path that was given.
    at: Option<RecordsPath>,
    /// Finds the list at that path line by line.
    finder: Option<ListFinder>,
    reading: Reading,
    /// Documents and elements that were read.
    records: u64,
    /// The lists of the first record, if it is a document.
    lists: Paths,
}

impl Yaml {
    /// Records of at most `limit` bytes, or [`MAX_FILE_BYTES`] if that is less.
    pub fn new(source: Source, limit: usize, at: Option<RecordsPath>, reading: Reading) -> Self {
        let limit = limit.min(MAX_FILE_BYTES);
        let inside = at.clone().filter(|path| !path.is_root());
        let finder = inside.map(|path| ListFinder::new(path, reading.clone()));
        Self {
            lines: Lines::new(source, limit),
            line: Vec::new(),
            text: Vec::new(),
            first: 1,
            is_cut: false,
            indent: None,
            is_fresh: true,
            limit,
            ready: VecDeque::new(),
            ended: false,
            at,
            finder,
            reading,
            records: 0,
            lists: Paths::default(),
        }
    }

    /// Processes one line: it ends, starts or continues a record.
    fn line(&mut self, kind: Line) {
        let is_marker = |marker: &[u8], line: &[u8]| {
            line.strip_prefix(marker).is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
        };
        if is_marker(b"---", &self.line) || is_marker(b"...", &self.line) {
            self.end_of_document();
            self.line.iter_mut().take(3).for_each(|byte| *byte = b' ');
        }
        let blanks = self.line.iter().take_while(|byte| **byte == b' ').count();
        let content = self.line.get(blanks..).unwrap_or_default();
        let is_silent = content.trim_ascii().is_empty() || content.starts_with(b"#");
        if self.is_fresh && (is_silent || self.line.starts_with(b"%")) {
            return;
        }
        match (&mut self.finder, is_silent) {
            (Some(finder), false) => match finder.line(blanks, &String::from_utf8_lossy(content)) {
                Pass::Begins => {
                    self.text.clear();
                    (self.is_cut, self.is_fresh) = (false, true);
                }
                Pass::Inside => {}
                Pass::Behind => return self.finish(),
                Pass::Beside if finder.has_found() => return,
                Pass::Beside => {}
            },
            (Some(finder), true) if finder.is_finished() => return,
            _ => {}
        }
        let is_dash = content.starts_with(b"-") && content.get(1).is_none_or(u8::is_ascii_whitespace);
        if mem::take(&mut self.is_fresh) && is_dash {
            self.indent = Some(blanks);
        }
        if is_dash && self.indent == Some(blanks) {
            self.finish();
        }
        if self.text.is_empty() && !self.is_cut {
            self.first = self.lines.number();
        }
        self.is_cut |= kind == Line::TooLong || self.text.len() + self.line.len() >= self.limit;
        if !self.is_cut {
            self.text.extend_from_slice(&self.line);
            self.text.push(b'\n');
        }
    }

    fn end_of_document(&mut self) {
        self.finish();
        (self.indent, self.is_fresh) = (None, true);
        if let Some(finder) = &mut self.finder {
            finder.restart();
        }
    }

    /// Parses the collected record.
    fn finish(&mut self) {
        let text = mem::take(&mut self.text);
        if mem::take(&mut self.is_cut) {
            let message = match &self.finder {
                Some(finder) if !finder.has_found() => format!(
                    "there is no block list at `{}`, and the document is longer than {} bytes",
                    finder.path(),
                    self.limit
                ),
                _ => format!("the record is longer than {} bytes", self.limit),
            };
            self.ready.push_back(Err(Problem::new(self.first, message)));
        } else if !text.is_empty() {
            self.record(text);
        }
    }

    fn record(&mut self, text: Vec<u8>) {
        let first = self.first;
        let text = match String::from_utf8(text) {
            Ok(text) => text,
            Err(_) => return self.ready.push_back(Err(Problem::new(first, not_utf8("the record", "yaml")))),
        };
        let (mut files, mut findings) = (Files::default(), Findings::default());
        let file = files.add("record", text.as_str());
        let tree = read(&files, file, &mut findings).filter(|_| !findings.has_errors());
        let Some(tree) = tree else {
            let found = findings.sorted();
            let place = found.first().and_then(|finding| Some((finding.code, finding.labels.first()?.span)));
            let message = place.map_or("the text is not YAML", |(code, _)| problem_of(code));
            let after = place.map_or(0, |(_, span)| files.position(span).0.saturating_sub(1));
            let line = first + u64::try_from(after).unwrap_or(0);
            return self.ready.push_back(Err(Problem::new(line, message).with_text(text.as_bytes())));
        };
        let asked = self.finder.as_ref().filter(|finder| !finder.has_found()).map(|finder| finder.path().clone());
        match (asked, &tree.kind) {
            (Some(path), _) => self.walk(&path, &tree, &text),
            (None, NodeKind::List(items)) => self.take(items, &text),
            (None, NodeKind::Map(_)) if self.at.is_none() => self.map(&tree, &text),
            (None, _) => self.take(std::slice::from_ref(&tree), &text),
        }
    }

    fn take(&mut self, items: &[Node], text: &str) {
        self.records += u64::try_from(items.len()).unwrap_or(u64::MAX);
        self.ready.extend(items.iter().map(|item| object(item, text, self.first)));
    }

    /// Reads a map: one record, or those in the only list that contains data.
    fn map(&mut self, tree: &Node, text: &str) {
        let lists = lists_of(tree, false);
        let members = tree.as_map().unwrap_or_default();
        let mut with_data = members.iter().filter(|member| has_data(&member.value));
        let only = match (with_data.next(), with_data.next(), members) {
            (Some(only), None, _) | (None, _, [only]) => Some(only),
            _ => None,
        };
        let is_maps = |item: &Node| item.as_map().is_some();
        match only.and_then(|only| Some((only, only.value.as_list().filter(|items| items.iter().all(is_maps))?))) {
            Some((only, items)) => {
                self.reading.taken(&RecordsPath::default().member(&only.key), How::OnlyMember);
                self.take(items, text);
            }
            None => {
                if self.records == 0 {
                    self.lists = lists;
                }
                self.take(std::slice::from_ref(tree), text);
            }
        }
    }

    /// Reads the list at a path of a document that was read as a whole.
    fn walk(&mut self, path: &RecordsPath, tree: &Node, text: &str) {
        let mut here = Some(tree);
        for name in path.names() {
            let members = here.and_then(Node::as_map).unwrap_or_default();
            here = members.iter().find(|member| member.key == *name).map(|member| &member.value);
        }
        match here {
            Some(list) if list.as_list().is_some() || list.is_null() => {
                self.reading.taken(path, How::Requested);
                self.take(list.as_list().unwrap_or_default(), text);
            }
            _ => {
                let lists = match tree.kind {
                    NodeKind::List(_) => "the document itself is a list: `$`".to_owned(),
                    _ => lists_of(tree, true).where_lists_are(),
                };
                let message = format!("there is no list at `{path}`; {lists}");
                self.ready.push_back(Err(Problem::fatal(self.first, message)));
            }
        }
    }
}

/// Whether a value contains data.
fn has_data(node: &Node) -> bool {
    match &node.kind {
        NodeKind::List(items) => !items.is_empty(),
        NodeKind::Map(members) => !members.is_empty(),
        NodeKind::Scalar(scalar) => !node.is_null() && !scalar.text.is_empty(),
    }
}

/// The lists of a map: those of objects in its members, or all of them, in members of members too.
fn lists_of(tree: &Node, deep: bool) -> Paths {
    let mut lists = Paths::default();
    add_lists(tree, &RecordsPath::default(), deep, &mut lists);
    lists
}

fn add_lists(tree: &Node, here: &RecordsPath, deep: bool, lists: &mut Paths) {
    for member in tree.as_map().unwrap_or_default() {
        let place = here.member(&member.key);
        match member.value.as_list() {
            Some(items) if deep || items.first().is_some_and(|item| item.as_map().is_some()) => lists.add(place),
            None if deep && place.names().len() < LIST_DEPTH => add_lists(&member.value, &place, deep, lists),
            _ => {}
        }
    }
}

/// The message for a finding of the YAML reader. Its own messages are about rules and may contain values.
fn problem_of(code: &str) -> &'static str {
    match code {
        "R102" => "a key appears twice",
        "R103" => "the record exceeds a limit of size, depth or aliases",
        "R104" => "tags, merge keys, keys that are not text, and aliases without an anchor are not supported",
        _ => "the text is not YAML",
    }
}

fn object(node: &Node, text: &str, line: u64) -> Found {
    let kind = match &node.kind {
        NodeKind::Map(_) => {
            let mut json = String::new();
            write(node, &mut json);
            return Ok((json, Place::line(line)));
        }
        NodeKind::List(_) => "list",
        NodeKind::Scalar(_) => "single value",
    };
    Err(Problem::new(line, format!("a record must be a map, found a {kind}")).with_text(text.as_bytes()))
}

fn write(node: &Node, json: &mut String) {
    match &node.kind {
        NodeKind::Scalar(_) => scalar(node, json),
        NodeKind::List(items) => {
            json.push('[');
            for (position, item) in items.iter().enumerate() {
                json.push_str(if position > 0 { "," } else { "" });
                write(item, json);
            }
            json.push(']');
        }
        NodeKind::Map(entries) => {
            json.push('{');
            for (position, entry) in entries.iter().enumerate() {
                json.push_str(if position > 0 { "," } else { "" });
                json.push_str(&quoted(&entry.key));
                json.push(':');
                write(&entry.value, json);
            }
            json.push('}');
        }
    }
}

fn scalar(node: &Node, json: &mut String) {
    let is_number = |text: &&str| serde_json::from_str::<serde_json::Number>(text).is_ok();
    if node.is_null() {
        json.push_str("null");
    } else if let Some(flag) = node.as_bool() {
        json.push_str(if flag { "true" } else { "false" });
    } else if let Some(number) = node.plain().filter(is_number) {
        json.push_str(number);
    } else {
        json.push_str(&quoted(node.as_text().unwrap_or_default()));
    }
}

impl Iterator for Yaml {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        while self.ready.is_empty() && !self.ended {
            match self.lines.read(&mut self.line) {
                Ok(Line::End) => {
                    self.ended = true;
                    self.finish();
                    if self.records == 1 {
                        self.reading.one_record_with(mem::take(&mut self.lists));
                    }
                }
                Ok(kind) => self.line(kind),
                Err(error) => {
                    self.ended = true;
                    return Some(Err(Problem::source(self.lines.number() + 1, &error)));
                }
            }
        }
        self.ready.pop_front()
    }
}
