//! How far a run is, on standard error: a bar on a terminal, and elsewhere a line every few seconds.

use std::io::{self, IsTerminal as _};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

/// How often a line is written where there is no terminal.
const EVERY: Duration = Duration::from_secs(5);

/// The progress of one pass over the records.
pub(super) struct Progress {
    what: &'static str,
    /// `None` where there is no terminal.
    bar: Option<ProgressBar>,
    began: Instant,
    line: Mutex<Instant>,
}

impl Progress {
    pub(super) fn begin(what: &'static str) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{bar:30} {msg}");
            ProgressBar::new(1000).with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
        });
        Self { what, bar, began: Instant::now(), line: Mutex::new(Instant::now()) }
    }

    /// Shows how many records are done, and how many bytes were read of how many.
    pub(super) fn show(&self, position: Option<(u64, u64)>, records: u64, more: impl FnOnce() -> String) {
        match &self.bar {
            Some(bar) => {
                bar.set_position(position.map_or(0, |(read, length)| read * 1000 / length.max(1)));
                bar.set_message(text(self.what, self.began.elapsed(), position, records, &more()));
            }
            None => {
                let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
                if line.elapsed() >= EVERY {
                    *line = Instant::now();
                    anstream::eprintln!("{}", text(self.what, self.began.elapsed(), position, records, &more()));
                }
            }
        }
    }

    /// Removes the bar.
    pub(super) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// How long it has taken.
    pub(super) fn took(&self) -> Duration {
        self.began.elapsed()
    }
}

fn text(what: &str, took: Duration, position: Option<(u64, u64)>, records: u64, more: &str) -> String {
    let rate = records as f64 / took.as_secs_f64().max(1e-9);
    let mut text = format!("{what}: {records} records, {rate:.0}/s");
    if let Some((read, length)) = position.filter(|(read, _)| *read > 0) {
        let left = took.mul_f64((length - read) as f64 / read as f64);
        text = format!("{text}, {} %, {} left", read * 100 / length.max(1), duration(left));
    }
    if more.is_empty() { text } else { format!("{text}: {more}") }
}

/// A duration in its two largest units.
fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, seconds) => format!("{seconds}s"),
        (0, minutes, seconds) => format!("{minutes}m {seconds:02}s"),
        (hours, minutes, _) => format!("{hours}h {minutes:02}m"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_estimated_from_what_was_read() {
        let minute = Duration::from_secs(60);
        assert_eq!(
            text("bulk", minute, Some((25, 100)), 6000, "5990 created, 10 known"),
            "bulk: 6000 records, 100/s, 25 %, 3m 00s left: 5990 created, 10 known"
        );
        assert_eq!(text("bulk", minute, None, 60, ""), "bulk: 60 records, 1/s");
        assert_eq!(text("bulk", minute, Some((0, 100)), 0, ""), "bulk: 0 records, 0/s");
        let shown = [3, 61, 3 * 3600 + 7 * 60].map(|seconds| duration(Duration::from_secs(seconds)));
        assert_eq!(shown, ["3s", "1m 01s", "3h 07m"]);
    }
}
