//! `--join FILE --on PATH=PATH --as NAME`: rows of other files become members of the records.
//!
//! Each file is read once, before the first record: its rows go to an unnamed file, with an index on disk. Memory does not grow
//! with them.

mod index;
mod path;
mod rows;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bumpalo::Bump;

use super::arguments::check_joined;
use crate::cli::CommandError;
use crate::formats::{RawRecord, RecordError, Records};
use crate::model::read::ReadLimits;
use path::{Found, KeyPath};
use rows::{MatchError, Rows};

/// Which values of a record and a row are equal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct On {
    record: KeyPath,
    row: KeyPath,
}

impl FromStr for On {
    type Err = String;

    /// Reads `$.id=$.user_id`; `$.id` alone is the same on both sides.
    fn from_str(text: &str) -> Result<Self, String> {
        let sides = text.split_once("=$").or_else(|| text.split_once("= $"));
        let (record, row) = match sides {
            Some((record, row)) => (record.trim().parse()?, format!("${}", row.trim()).parse()?),
            None => {
                let both: KeyPath = text.trim().parse()?;
                (both.clone(), both)
            }
        };
        Ok(Self { record, row })
    }
}

/// The member that a row becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JoinedAs {
    name: String,
    many: Many,
}

/// How many rows a record may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Many {
    /// At most one, which becomes the member.
    No,
    /// Any number: the member is a list.
    Yes,
}

impl FromStr for JoinedAs {
    type Err = String;

    /// Reads `passwords` and `mails[]`.
    fn from_str(text: &str) -> Result<Self, String> {
        let (name, many) = text.strip_suffix("[]").map_or((text, Many::No), |name| (name, Many::Yes));
        let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
        if !is_name {
            return Err("write a name such as `passwords`, or `mails[]` for a list".to_owned());
        }
        Ok(Self { name: name.to_owned(), many })
    }
}

/// The files that are joined to the records.
#[derive(Debug, Default)]
pub(super) struct Joins(Vec<Join>);

/// One of them.
#[derive(Debug)]
struct Join {
    path: PathBuf,
    on: On,
    named: JoinedAs,
    rows: Rows,
    /// The longest record with its rows.
    limit: usize,
    /// Records that were read, that have something at the path, and that have a key there.
    read: AtomicU64,
    with_path: AtomicU64,
    with_key: AtomicU64,
    records: AtomicU64,
    with_rows: AtomicU64,
    /// Records that are too long with their rows.
    too_long: AtomicU64,
}

/// After how many records without anything at the path it counts as wrong. Every record of an export has its id, and a
/// path with a mistake is found before the end of the file.
const ALL_WITHOUT_PATH: u64 = 1000;

impl Joins {
    /// Reads the files.
    ///
    /// # Errors
    /// If the options do not belong together, or a file cannot be read to its end or indexed.
    pub fn open(paths: &[PathBuf], on: &[On], named: &[JoinedAs], limit: usize) -> Result<Self, CommandError> {
        if paths.len() != on.len() || paths.len() != named.len() {
            let message = "every `--join` needs an `--on` and an `--as`";
            let help = "write `--join passwords.csv --on '$.id=$.user_id' --as passwords`, once for each file";
            return Err(CommandError::new(message).help(help));
        }
        let mut names = BTreeSet::new();
        if let Some(double) = named.iter().find(|named| !names.insert(&named.name)) {
            let message = format!("two `--as` have the name `{}`", double.name);
            return Err(CommandError::new(message).help("give each file of `--join` a name of its own"));
        }
        let files = paths.iter().zip(on).zip(named);
        let joins = files.map(|((path, on), named)| Join::open(path, on, named, limit)).collect::<Result<_, _>>()?;
        Ok(Self(joins))
    }

    /// The records with their rows.
    pub fn join(self: Arc<Self>, records: Records) -> Records {
        if self.0.is_empty() {
            return records;
        }
        self.0.iter().for_each(Join::begin);
        Box::new(Joined { records, joins: self, arena: Bump::new(), last: (0, 0), has_ended: false })
    }

    /// What became of each file, one sentence each. `Picked::All` says that every record was read.
    pub fn notes(&self, picked: Picked) -> Vec<String> {
        self.0.iter().map(|join| join.note(picked)).collect()
    }
}

/// Records with their rows. If no record had a key, the last item says so.
struct Joined {
    records: Records,
    joins: Arc<Joins>,
    arena: Bump,
    /// The number and the line of the last record.
    last: (u64, u64),
    has_ended: bool,
}

impl Iterator for Joined {
    type Item = Result<RawRecord, RecordError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_ended {
            return None;
        }
        self.arena.reset();
        let Some(record) = self.records.next() else {
            self.has_ended = true;
            return self.joins.0.iter().find_map(|join| join.without_keys(self.last)).map(Err);
        };
        let joined = record.and_then(|record| {
            self.last = (record.number, record.line);
            self.joins.0.iter().try_fold(record, |record, join| join.join(record, &self.arena))
        });
        self.has_ended = joined.as_ref().is_err_and(|error| error.fatal);
        Some(joined)
    }
}

/// Whether all records were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Picked {
    All,
    Part,
}

impl Join {
    fn open(path: &Path, on: &On, named: &JoinedAs, limit: usize) -> Result<Self, CommandError> {
        check_joined(path)?;
        let rows = Rows::read(path, &on.row, limit)?;
        if rows.count() > 0 && rows.with_key() == 0 {
            let message = format!("no row of `{}` has a value at `{}`", path.display(), on.row);
            return Err(CommandError::new(message)
                .help("`--on` is `PATH IN THE RECORDS=PATH IN THE ROWS`, such as `$.id=$.user_id`"));
        }
        Ok(Self {
            path: path.to_owned(),
            on: on.clone(),
            named: named.clone(),
            rows,
            limit,
            read: AtomicU64::new(0),
            with_path: AtomicU64::new(0),
            with_key: AtomicU64::new(0),
            records: AtomicU64::new(0),
            with_rows: AtomicU64::new(0),
            too_long: AtomicU64::new(0),
        })
    }

    /// Forgets what was counted: the records may be read more than once.
    fn begin(&self) {
        let Self { read, with_path, with_key, records, with_rows, too_long, .. } = self;
        [read, with_path, with_key, records, with_rows, too_long].iter().for_each(|count| count.store(0, Relaxed));
    }

    /// Counts what was found of a record. An error if no record so far has anything at the path.
    fn count(&self, record: &RawRecord, found: &Found) -> Result<(), RecordError> {
        let read = self.read.fetch_add(1, Relaxed) + 1;
        self.with_path.fetch_add(u64::from(found.has_path), Relaxed);
        self.with_key.fetch_add(u64::from(!found.keys.is_empty()), Relaxed);
        if read == ALL_WITHOUT_PATH && self.with_path.load(Relaxed) == 0 {
            return Err(self.wrong_path(&format!("none of the first {read} records"), (record.number, record.line)));
        }
        Ok(())
    }

    /// The error for records none of which has a key.
    fn without_keys(&self, last: (u64, u64)) -> Option<RecordError> {
        let is_wrong = self.read.load(Relaxed) > 0 && self.with_key.load(Relaxed) == 0;
        is_wrong.then(|| self.wrong_path("no record", last))
    }

    fn wrong_path(&self, who: &str, (number, line): (u64, u64)) -> RecordError {
        let Self { on: On { record, .. }, named, .. } = self;
        let name = &named.name;
        let message = format!(
            "{who} has a value at `{record}`, where `--on` looks for the key of `{name}`; `--on` is `PATH IN THE \
             RECORDS=PATH IN THE ROWS`"
        );
        RecordError { number, line, message, raw: None, format: crate::formats::Format::Json, fatal: true }
    }

    fn join(&self, mut record: RawRecord, arena: &Bump) -> Result<RawRecord, RecordError> {
        let limits = ReadLimits { bytes: self.limit.max(record.json.len()), ..ReadLimits::default() };
        let Some(found) = self.on.record.read(&record.json, Some(&self.named.name), &limits, arena) else {
            // the reader of the record says what is wrong with it
            return Ok(record);
        };
        if found.has_member {
            // what was rejected has the rows that were joined to it before
            return if record.is_reject { Ok(record) } else { Err(self.unusable(&record, &Unusable::OwnMember)) };
        }
        self.count(&record, &found)?;
        let room = self.limit.saturating_sub(record.json.len());
        let rows = match self.rows.of(&found.keys, room) {
            Ok(rows) => rows,
            Err(MatchError::TooLong) => {
                self.too_long.fetch_add(1, Relaxed);
                return Err(self.unusable(&record, &Unusable::TooLong));
            }
            Err(MatchError::Unreadable(error)) => return Err(self.unusable(&record, &Unusable::Index(error.kind()))),
        };
        self.records.fetch_add(1, Relaxed);
        self.with_rows.fetch_add(u64::from(!rows.is_empty()), Relaxed);
        let member = match (self.named.many, rows.as_slice()) {
            (Many::Yes, rows) => format!("[{}]", rows.join(",")),
            (Many::No, []) => return Ok(record),
            (Many::No, [row]) => row.clone(),
            (Many::No, _) => return Err(self.unusable(&record, &Unusable::Several)),
        };
        add_member(&mut record.json, &self.named.name, &member);
        record.bytes = None;
        Ok(record)
    }

    fn unusable(&self, record: &RawRecord, why: &Unusable) -> RecordError {
        let name = &self.named.name;
        let message = match why {
            Unusable::OwnMember => format!("the record has a member `{name}` of its own; choose another `--as`"),
            Unusable::Several => format!("several rows belong to the record; `--as '{name}[]'` makes a list of them"),
            Unusable::TooLong => format!("the record with its rows of `{name}` is longer than {} bytes", self.limit),
            Unusable::Index(kind) => format!("the rows of `{name}` cannot be read: {kind}"),
        };
        RecordError {
            number: record.number,
            line: record.line,
            message,
            raw: Some(record.json.clone()),
            format: crate::formats::Format::Json,
            fatal: matches!(why, Unusable::Index(_)),
        }
    }

    fn note(&self, picked: Picked) -> String {
        let (records, with_rows) = (self.records.load(Relaxed), self.with_rows.load(Relaxed));
        let too_long = self.too_long.load(Relaxed);
        let records = records + too_long;
        let mut text = format!("`{}`: {} of {records} records have a row", self.named.name, with_rows + too_long);
        let mut more = Vec::new();
        if too_long > 0 {
            let limit = self.limit;
            more.push(format!(
                "{too_long} records are unreadable, because they are longer than {limit} bytes with their rows"
            ));
        }
        // nobody looked for all rows of a record that is too long with the first of them
        if picked == Picked::All && too_long == 0 {
            let unused = self.rows.unused();
            if unused > 0 {
                more.push(format!("{unused} of {} rows belong to no record", self.rows.count()));
            }
        }
        let without_key = self.rows.count() - self.rows.with_key();
        if without_key > 0 {
            more.push(format!("{without_key} rows have no value at `{}`", self.on.row));
        }
        if self.rows.unreadable() > 0 {
            more.push(format!("{} rows of `{}` cannot be read", self.rows.unreadable(), self.path.display()));
        }
        if let Some(notice) = self.rows.notice() {
            more.push(format!("`{}`: {notice}", self.path.display()));
        }
        for part in more {
            text.push_str("; ");
            text.push_str(&part);
        }
        text
    }
}

/// Why a record cannot have its rows.
enum Unusable {
    OwnMember,
    Several,
    TooLong,
    Index(std::io::ErrorKind),
}

/// Adds a member to the text of an object, without reading and writing its values again.
fn add_member(object: &mut String, name: &str, value: &str) {
    let end = object.trim_end().len();
    object.truncate(end);
    if object.pop() != Some('}') {
        return;
    }
    let end = object.trim_end().len();
    object.truncate(end);
    // the only text that ends so is an object without members
    if !object.ends_with('{') {
        object.push(',');
    }
    object.push_str(&serde_json::Value::from(name).to_string());
    object.push(':');
    object.push_str(value);
    object.push('}');
}

#[cfg(test)]
mod tests;
