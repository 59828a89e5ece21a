//! Reports about the documents that a reader reads: where the records were found, and what was skipped.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::rules::RecordsPath;

/// The maximum number of names in a notice. Stops documents whose keys are ids from filling the screen.
const MAX_NAMES: usize = 12;

/// The report of a reader. It is available at any time, and complete when all records have been read.
#[derive(Debug, Clone, Default)]
pub struct Reading(Arc<Mutex<Noted>>);

/// Unique paths, up to a limit.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths {
    shown: Vec<RecordsPath>,
    more: bool,
}

#[derive(Debug, Default)]
struct Noted {
    taken: Option<(RecordsPath, How)>,
    passed: Paths,
    one_record_with: Paths,
    head: u64,
}

/// Why records were read from a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    /// Its path was given.
    Requested,
    /// No other member contains data.
    OnlyMember,
}

impl Paths {
    pub(super) fn add(&mut self, path: RecordsPath) {
        if self.shown.contains(&path) {
            return;
        }
        if self.shown.len() < MAX_NAMES {
            self.shown.push(path);
        } else {
            self.more = true;
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.shown.is_empty()
    }

    fn joined(&self, name: impl Fn(&RecordsPath) -> String) -> String {
        let names: Vec<String> = self.shown.iter().map(|path| format!("`{}`", name(path))).collect();
        format!("{}{}", names.join(", "), if self.more { ", …" } else { "" })
    }

    /// Where the lists are, as the end of a sentence.
    pub(super) fn where_lists_are(&self) -> String {
        match self.shown.len() {
            0 => "the document contains no lists".to_owned(),
            1 => format!("there is a list at {}", self.joined(ToString::to_string)),
            _ => format!("there are lists at {}", self.joined(ToString::to_string)),
        }
    }
}

impl Reading {
    pub(super) fn taken(&self, path: &RecordsPath, how: How) {
        let mut noted = self.noted();
        if noted.taken.is_none() {
            noted.taken = Some((path.clone(), how));
        }
    }

    pub(super) fn passed(&self, path: RecordsPath) {
        self.noted().passed.add(path);
    }

    /// The only document is a single record with these lists of objects.
    pub(super) fn one_record_with(&self, lists: Paths) {
        self.noted().one_record_with = lists;
    }

    pub(super) fn head(&self, bytes: u64) {
        self.noted().head = bytes;
    }

    /// How many bytes at the start of the text, after a byte-order mark, are needed to read a record of its own: the header
    /// of CSV.
    #[must_use]
    pub fn head_bytes(&self) -> u64 {
        self.noted().head
    }

    fn noted(&self) -> MutexGuard<'_, Noted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the user should know about the document, in one sentence; `None` if the document itself was read. `ask` formats how
    /// to give the path of the records, such as `--records '$.users'`.
    #[must_use]
    pub fn notice(&self, ask: impl Fn(&RecordsPath) -> String) -> Option<String> {
        let noted = self.noted();
        if let Some((path, how)) = &noted.taken {
            let mut text = format!("records read from `{path}`");
            if *how == How::OnlyMember {
                text.push_str(", the only member that contains data");
            }
            if !noted.passed.is_empty() {
                let name = |path: &RecordsPath| path.to_string().trim_start_matches("$.").to_owned();
                let members = if noted.passed.shown.len() == 1 { "member" } else { "members" };
                text = format!("{text}; {members} {} skipped", noted.passed.joined(name));
            }
            return Some(text);
        }
        let lists = &noted.one_record_with;
        let first = lists.shown.first()?;
        let text = format!("the document was read as one record; to read a list in it, use `{}`", ask(first));
        let others = Paths { shown: lists.shown.iter().skip(1).cloned().collect(), more: lists.more };
        Some(if others.is_empty() { text } else { format!("{text} (or {})", others.joined(ToString::to_string)) })
    }
}
