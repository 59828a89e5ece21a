//! The logins that belong to several customers of an export: all records are read before the first account is created, in
//! little memory.
//!
//! An account may own only logins that lead to its customer and to nobody else. A login looks each one up at the source; an
//! export is instead read to its end. Keyed digests of all logins go to unnamed files, one for each way that a digest may
//! begin, and each file is then sorted by itself.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::sync::{Arc, Mutex, PoisonError};

use super::input::Input;
use super::progress::Progress;
use crate::cli::CommandError;
use crate::cli::input::Opened;
use crate::cli::pipeline::{self, Work};
use crate::formats::{RawRecord, RecordError};
use crate::migrate::{Bulk, SharedLogins};

/// How many files the digests are spread over. A file of a hundred million logins has 40 MB.
const FILES: usize = 64;

/// The length of the digest of a login.
const LOGIN: usize = 16;

/// The digest of a login.
type Login = [u8; LOGIN];

/// The digest of a login, and the start of the digest of its customer: two customers with the same one are taken for one,
/// and the target decides.
type Entry = [u8; LOGIN + 8];

/// Logins of several customers, sorted.
#[derive(Debug)]
pub(super) struct Shared(Vec<Login>);

impl SharedLogins for Shared {
    fn is_shared(&self, subject: &str) -> bool {
        login(subject).is_some_and(|login| self.0.binary_search(&login).is_ok())
    }
}

/// The logins of the records that belong to several customers; `None` if the settings say that there are none.
///
/// # Errors
/// If the records cannot be read, or the digests cannot be kept in a temporary file.
pub(super) fn find(bulk: &Arc<Bulk>, input: &Input) -> Result<Option<Arc<Shared>>, CommandError> {
    if bulk.has_unique_logins() {
        return Ok(None);
    }
    let mut sorter = Sorter::new()?;
    let Opened { records, .. } = input.all_records()?;
    let progress = Progress::begin("comparing logins");
    let jobs = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let (mut count, unread) = (0, Mutex::new(None));
    pipeline::run(
        records,
        jobs,
        || Worker { bulk, unread: &unread },
        |batch: &mut Batch| {
            count += batch.records;
            progress.show(input.position(), count, String::new);
            sorter.add(batch)
        },
    )?;
    progress.end();
    if let Some(error) = unread.into_inner().unwrap_or_else(PoisonError::into_inner) {
        let help = "nothing was created, because logins of records that are missing may belong to several customers; fix the \
                    input and run it again";
        return Err(CommandError::new(format!("cannot read the input to the end: {error}")).help(help));
    }
    Ok(Some(Arc::new(sorter.shared()?)))
}

#[derive(Default)]
struct Batch {
    records: u64,
    entries: Vec<Entry>,
}

struct Worker<'b> {
    bulk: &'b Arc<Bulk>,
    /// Why the input cannot be read to its end.
    unread: &'b Mutex<Option<String>>,
}

impl Work for Worker<'_> {
    type Item = Result<RawRecord, RecordError>;
    type Batch = Batch;

    fn item(&mut self, item: &Self::Item, batch: &mut Batch) {
        batch.records += 1;
        // what cannot be read is reported later
        let record = match item {
            Ok(record) => record,
            Err(error) => {
                if error.fatal {
                    *self.unread.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                }
                return;
            }
        };
        for of_customer in self.bulk.logins(&record.json) {
            let logins = of_customer.logins.iter().filter_map(|subject| entry(subject, &of_customer.customer));
            batch.entries.extend(logins);
        }
        // those that were shared when the record was rejected belong to somebody else, whoever is in this file
        batch.entries.extend(record.shared.iter().filter_map(|subject| entry(subject, "0000000000000000")));
        batch.entries.extend(record.shared.iter().filter_map(|subject| entry(subject, "ffffffffffffffff")));
    }

    fn panicked(&mut self, _: &Self::Item, _: &mut Batch) {}
}

fn login(subject: &str) -> Option<Login> {
    hex::decode(subject).ok()?.try_into().ok()
}

fn entry(subject: &str, customer: &str) -> Option<Entry> {
    let (login, customer) = (login(subject)?, hex::decode(customer).ok()?);
    let mut entry = [0; LOGIN + 8];
    entry.iter_mut().zip(login.iter().chain(&customer)).for_each(|(to, from)| *to = *from);
    Some(entry)
}

/// Spreads entries over files.
struct Sorter {
    files: Vec<BufWriter<File>>,
}

impl Sorter {
    fn new() -> Result<Self, CommandError> {
        let files = (0..FILES).map(|_| tempfile::tempfile().map(BufWriter::new)).collect::<Result<_, _>>();
        Ok(Self { files: files.map_err(|error| unusable(&error))? })
    }

    fn add(&mut self, batch: &mut Batch) -> Result<(), CommandError> {
        for entry in batch.entries.drain(..) {
            let first = entry.first().copied().map_or(0, usize::from);
            if let Some(file) = self.files.get_mut(first * FILES / 256) {
                file.write_all(&entry).map_err(|error| unusable(&error))?;
            }
        }
        batch.records = 0;
        Ok(())
    }

    /// The logins with several customers.
    fn shared(self) -> Result<Shared, CommandError> {
        let mut shared = Vec::new();
        for file in self.files {
            let entries = sorted(file).map_err(|error| unusable(&error))?;
            for of_login in entries.chunk_by(|one, other| login_of(one) == login_of(other)) {
                if of_login.first() != of_login.last() {
                    shared.extend(of_login.first().map(login_of));
                }
            }
        }
        Ok(Shared(shared))
    }
}

/// The entries of a file, in order.
fn sorted(file: BufWriter<File>) -> std::io::Result<Vec<Entry>> {
    let mut file = file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    let length = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(0))?;
    let mut file = BufReader::new(file);
    let mut entries = Vec::with_capacity(usize::try_from(length).unwrap_or(0) / (LOGIN + 8));
    let mut entry: Entry = [0; LOGIN + 8];
    for _ in 0..length / (LOGIN as u64 + 8) {
        file.read_exact(&mut entry)?;
        entries.push(entry);
    }
    entries.sort_unstable();
    Ok(entries)
}

fn login_of(entry: &Entry) -> Login {
    entry.first_chunk().copied().unwrap_or_default()
}

fn unusable(error: &std::io::Error) -> CommandError {
    CommandError::new(format!("cannot compare the logins of the records in a temporary file: {}", error.kind()))
        .help("set TMPDIR to a folder with more room: it takes 24 bytes for each login")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject(number: u64) -> String {
        // spread over all files
        format!("{:016x}{number:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    #[test]
    fn a_login_is_shared_if_two_customers_have_it() {
        let mut sorter = Sorter::new().expect("files");
        for number in 0..10_000 {
            let mut batch = Batch::default();
            let customer = |customer: u64| entry(&subject(number), &format!("{customer:016x}")).expect("an entry");
            batch.entries.push(customer(number));
            match number % 10 {
                0 => batch.entries.push(customer(number + 1)),
                // the same record twice
                1 => batch.entries.push(customer(number)),
                _ => {}
            }
            sorter.add(&mut batch).expect("room");
        }
        let shared = sorter.shared().expect("entries");
        assert_eq!(shared.0.len(), 1000);
        assert!((0..10_000).all(|number| shared.is_shared(&subject(number)) == (number % 10 == 0)));
        assert!(!shared.is_shared("no digest"));
    }
}
