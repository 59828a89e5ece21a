//! Ids of signed calls that were seen, so that no call is admitted twice: in memory, or in a file that outlives a restart.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::migrate::{Pending, PortError, PortErrorKind};

/// Whether an id is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fresh {
    /// It was not seen before, and is remembered now.
    First,
    /// It was.
    Seen,
}

/// A memory of ids.
pub trait Nonces: Send + Sync {
    /// Remembers an id until a time; the answer is durable as far as the store is. A store that cannot remember is an error,
    /// and the call is not admitted.
    fn remember<'a>(
        &'a self,
        nonce: &'a str,
        until: Timestamp,
        now: Timestamp,
    ) -> Pending<'a, Result<Fresh, PortError>>;
}

/// How many ids are remembered at most. Stops a caller from filling the memory; 800 signed calls a second, over the ten
/// minutes that an id is remembered, fit. Beyond it calls are not admitted, because forgetting would admit a replay.
const MAX_NONCES: usize = 500_000;

/// For how many seconds an id is remembered after its time, so that a clock that is set back opens no door.
const MARGIN: i64 = 300;

/// How many ids there are when those that have passed are swept for the first time.
const SWEEP_AT: usize = 1024;

/// The ids and their times, in seconds.
#[derive(Debug)]
struct Ids {
    until: HashMap<String, i64>,
    sweep_at: usize,
    most: usize,
}

/// No room for another id.
#[derive(Debug)]
struct Full;

impl Ids {
    fn new(most: usize) -> Self {
        Self { until: HashMap::new(), sweep_at: SWEEP_AT, most }
    }

    fn remember(&mut self, nonce: &str, until: i64, now: i64) -> Result<Fresh, Full> {
        if self.until.contains_key(nonce) {
            return Ok(Fresh::Seen);
        }
        if self.until.len() >= self.sweep_at.min(self.most) {
            self.until.retain(|_, until| *until + MARGIN >= now);
            self.sweep_at = (self.until.len() * 2).max(SWEEP_AT);
        }
        if self.until.len() >= self.most {
            return Err(Full);
        }
        self.until.insert(nonce.to_owned(), until);
        Ok(Fresh::First)
    }
}

fn failed(kind: PortErrorKind) -> PortError {
    PortError::new(kind, "nonces", "remember")
}

fn full() -> PortError {
    failed(PortErrorKind::RateLimited).because("too many signed calls are remembered")
}

/// Ids in memory: forgotten at a restart, so for tests and for callers that are not signed.
#[derive(Debug)]
pub struct MemoryNonces {
    ids: Mutex<Ids>,
}

impl Default for MemoryNonces {
    fn default() -> Self {
        Self { ids: Mutex::new(Ids::new(MAX_NONCES)) }
    }
}

impl Nonces for MemoryNonces {
    fn remember<'a>(
        &'a self,
        nonce: &'a str,
        until: Timestamp,
        now: Timestamp,
    ) -> Pending<'a, Result<Fresh, PortError>> {
        let mut ids = self.ids.lock().unwrap_or_else(PoisonError::into_inner);
        let answer = ids.remember(nonce, until.as_second(), now.as_second()).map_err(|Full| full());
        Box::pin(std::future::ready(answer))
    }
}

/// How many calls may wait for the disk. Stops a slow disk from piling up calls; beyond it they are not admitted.
const QUEUE: usize = 4096;

/// How many ids are written at once: one wait for the disk serves all that came meanwhile.
const BATCH: usize = 256;

struct Ask {
    nonce: String,
    until: i64,
    now: i64,
    answer: oneshot::Sender<Result<Fresh, PortError>>,
}

/// Ids in a file: a line each, synced to the disk before the answer, written anew without what has passed when it has grown.
/// The file belongs to one process.
#[derive(Debug)]
pub struct FileNonces {
    asks: SyncSender<Ask>,
}

impl FileNonces {
    /// Reads the file, makes it when there is none, and writes it anew.
    ///
    /// # Errors
    /// When the file cannot be read, written or synced, or holds lines that are none of ours.
    pub fn open(path: impl Into<PathBuf>, now: Timestamp) -> io::Result<Self> {
        let mut book = Book::open(path.into(), now.as_second())?;
        let (asks, asked) = sync_channel(QUEUE);
        thread::Builder::new().name("nonces".into()).spawn(move || book.serve(&asked))?;
        Ok(Self { asks })
    }
}

impl Nonces for FileNonces {
    fn remember<'a>(
        &'a self,
        nonce: &'a str,
        until: Timestamp,
        now: Timestamp,
    ) -> Pending<'a, Result<Fresh, PortError>> {
        let (answer, answered) = oneshot::channel();
        let ask = Ask { nonce: nonce.to_owned(), until: until.as_second(), now: now.as_second(), answer };
        let asked = self.asks.try_send(ask);
        Box::pin(async move {
            match asked {
                Ok(()) => answered.await.unwrap_or_else(|_| Err(failed(PortErrorKind::Unavailable))),
                Err(TrySendError::Full(_)) => Err(full()),
                Err(TrySendError::Disconnected(_)) => Err(failed(PortErrorKind::Unavailable)),
            }
        })
    }
}

/// The file and what is in it, owned by one thread.
struct Book {
    path: PathBuf,
    ids: Ids,
    /// None after a failure: what a handle holds that failed to sync is not known, so the file is written anew.
    file: Option<File>,
    lines: usize,
}

impl Book {
    fn open(path: PathBuf, now: i64) -> io::Result<Self> {
        let mut ids = Ids::new(MAX_NONCES);
        match fs::read_to_string(&path) {
            Ok(text) => read(&text, &mut ids)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let mut book = Self { path, ids, file: None, lines: 0 };
        book.rewrite(now)?;
        Ok(book)
    }

    fn serve(&mut self, asked: &Receiver<Ask>) {
        while let Ok(first) = asked.recv() {
            let batch: Vec<Ask> = std::iter::once(first).chain(asked.try_iter().take(BATCH - 1)).collect();
            let now = batch.iter().map(|ask| ask.now).max().unwrap_or_default();
            let answers: Vec<_> = batch.iter().map(|ask| self.ids.remember(&ask.nonce, ask.until, ask.now)).collect();
            let news: String = batch
                .iter()
                .zip(&answers)
                .filter(|(_, answer)| matches!(answer, Ok(Fresh::First)))
                .map(|(ask, _)| format!("{} {}\n", ask.until, ask.nonce))
                .collect();
            // INVARIANT: nothing is said to be new before it is on the disk.
            let written = if news.is_empty() { Ok(()) } else { self.write(&news, now) };
            for (ask, answer) in batch.into_iter().zip(answers) {
                let answer = match (answer, &written) {
                    (Ok(Fresh::First), Err(error)) => {
                        Err(failed(PortErrorKind::Unavailable).because(error.kind().to_string()))
                    }
                    (answer, _) => answer.map_err(|Full| full()),
                };
                // Nobody waits when the call was given up.
                drop(ask.answer.send(answer));
            }
        }
    }

    fn write(&mut self, news: &str, now: i64) -> io::Result<()> {
        if self.file.is_none() || self.lines > (self.ids.until.len() * 2).max(SWEEP_AT) {
            // The new ids are in the memory already, so they are written with it.
            return self.rewrite(now);
        }
        let written = match &mut self.file {
            Some(file) => file.write_all(news.as_bytes()).and_then(|()| file.sync_data()),
            None => Ok(()),
        };
        match written {
            Ok(()) => self.lines += news.lines().count(),
            Err(_) => self.file = None,
        }
        written
    }

    /// Writes a new file beside the old one and puts it in its place.
    fn rewrite(&mut self, now: i64) -> io::Result<()> {
        self.file = None;
        self.ids.until.retain(|_, until| *until + MARGIN >= now);
        let text: String = self.ids.until.iter().map(|(nonce, until)| format!("{until} {nonce}\n")).collect();
        let beside = self.path.with_extension("new");
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&beside, &self.path)?;
        let folder = self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        self.file = Some(file);
        self.lines = self.ids.until.len();
        Ok(())
    }
}

/// The ids of a file. A last line without its end was being written when the power went, and its call was never answered.
fn read(text: &str, ids: &mut Ids) -> io::Result<()> {
    let whole = text.rfind('\n').and_then(|end| text.get(..end)).unwrap_or_default();
    for line in whole.lines() {
        let entry = line.split_once(' ').and_then(|(until, nonce)| Some((until.parse::<i64>().ok()?, nonce)));
        let (until, nonce) = entry.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not a file of nonces"))?;
        ids.until.insert(nonce.to_owned(), until);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    async fn ask(nonces: &dyn Nonces, nonce: &str, now: i64) -> Fresh {
        nonces.remember(nonce, at(now + 300), at(now)).await.unwrap()
    }

    #[tokio::test]
    async fn ids_are_new_once_in_memory() {
        let nonces = MemoryNonces::default();
        assert_eq!(ask(&nonces, "a", 0).await, Fresh::First);
        assert_eq!(ask(&nonces, "a", 299).await, Fresh::Seen);
        assert_eq!(ask(&nonces, "b", 0).await, Fresh::First);
    }

    #[test]
    fn what_has_passed_makes_room_and_what_has_not_is_never_forgotten() {
        let mut ids = Ids::new(4);
        for nonce in ["a", "b", "c", "d"] {
            assert!(matches!(ids.remember(nonce, 300, 0), Ok(Fresh::First)));
        }
        assert!(ids.remember("e", 300, 0).is_err());
        assert!(ids.remember("e", 900, 600).is_err(), "within the margin");
        assert!(matches!(ids.remember("a", 900, 600), Ok(Fresh::Seen)));
        assert!(matches!(ids.remember("e", 901, 601), Ok(Fresh::First)));
        assert_eq!(ids.until.len(), 1);
    }

    #[tokio::test]
    async fn ids_outlive_a_restart_and_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        let nonces = FileNonces::open(&path, at(0)).unwrap();
        for at in 0..500 {
            assert_eq!(ask(&nonces, &format!("n{at}"), 10).await, Fresh::First);
        }
        drop(nonces);
        let mut text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 500);
        text.push_str("310 torn");
        fs::write(&path, text).unwrap();

        let nonces = FileNonces::open(&path, at(20)).unwrap();
        for at in 0..500 {
            assert_eq!(ask(&nonces, &format!("n{at}"), 20).await, Fresh::Seen);
        }
        assert_eq!(ask(&nonces, "torn", 20).await, Fresh::First);
    }

    #[tokio::test]
    async fn a_file_is_written_anew_without_what_has_passed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        drop(FileNonces::open(&path, at(0)).unwrap());
        fs::write(&path, "300 old\n10000 young\n").unwrap();
        drop(FileNonces::open(&path, at(5000)).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "10000 young\n");
    }

    #[tokio::test]
    async fn a_file_that_cannot_be_written_admits_nobody_and_heals() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("inner").join("nonces");
        fs::create_dir(path.parent().unwrap()).unwrap();
        let mut book = Book::open(path.clone(), 0).unwrap();
        book.file = None;
        fs::remove_dir_all(path.parent().unwrap()).unwrap();
        assert!(matches!(book.ids.remember("a", 300, 0), Ok(Fresh::First)));
        assert!(book.write("300 a\n", 0).is_err());
        fs::create_dir(path.parent().unwrap()).unwrap();
        assert!(matches!(book.ids.remember("b", 300, 0), Ok(Fresh::First)));
        book.write("300 b\n", 0).unwrap();
        let mut lines: Vec<_> = fs::read_to_string(&path).unwrap().lines().map(ToOwned::to_owned).collect();
        lines.sort();
        assert_eq!(lines, ["300 a", "300 b"]);
    }

    #[test]
    fn another_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("nonces");
        fs::write(&path, "root:x:0:0\n").unwrap();
        assert_eq!(FileNonces::open(&path, at(0)).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
