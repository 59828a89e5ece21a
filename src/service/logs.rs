//! Logs one line per event, as JSON or as text, to standard error. No value can break a line or change what a terminal
//! displays.

use std::io::{self, IsTerminal as _, Write};
use std::panic;

use thiserror::Error;
use tracing::Subscriber;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

/// The format of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LogFormat {
    /// A JSON object per line, for log collectors.
    #[default]
    Json,
    /// Text, in colour on a terminal.
    Text,
}

/// Log settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// The format of a line.
    pub format: LogFormat,
    /// What is logged: a level, or directives of
    /// [`EnvFilter`](https://docs.rs/tracing-subscriber/latest/tracing_subscriber/filter/struct.EnvFilter.html). The
    /// default is `info`: one line per request, and what operators should know.
    pub filter: String,
    /// Whether text lines are coloured.
    pub colours: LogColours,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { format: LogFormat::default(), filter: "info".to_owned(), colours: LogColours::default() }
    }
}

/// Whether text lines are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogColours {
    /// In colours.
    Shown,
    /// Without.
    None,
}

/// On a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
impl Default for LogColours {
    fn default() -> Self {
        let shown = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        if shown { Self::Shown } else { Self::None }
    }
}

/// Why logging cannot be set up.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LogError {
    /// The filter is invalid.
    #[error("invalid log filter `{0}`")]
    Filter(String),
    /// Logging has already been set up in this process.
    #[error("logging is already set up")]
    Twice,
}

/// Starts logging to standard error, panics included. The message of a panic is left out: it may contain any value.
///
/// # Errors
/// [`LogError`].
pub fn init(settings: &LogSettings) -> Result<(), LogError> {
    let subscriber = subscriber(settings, io::stderr)?;
    tracing::subscriber::set_global_default(subscriber).map_err(|_| LogError::Twice)?;
    panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, "a request or a task panicked");
    }));
    Ok(())
}

/// Never logged: what a database says besides its answers may be about a customer, and has no end if the server is hostile.
const WORDS_OF_DATABASES: &str = "sqlx::postgres::notice=off";

fn subscriber<W>(settings: &LogSettings, writer: W) -> Result<Box<dyn Subscriber + Send + Sync>, LogError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let invalid = || LogError::Filter(settings.filter.clone());
    let filter = EnvFilter::try_new(&settings.filter).map_err(|_| invalid())?;
    let filter = filter.add_directive(WORDS_OF_DATABASES.parse().map_err(|_| invalid())?);
    let colours = settings.colours;
    let writer = OneLine { writer, colours };
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(writer);
    Ok(match settings.format {
        LogFormat::Json => {
            let json = builder.json().flatten_event(true).with_current_span(false).with_span_list(false);
            Box::new(json.with_ansi(false).finish())
        }
        LogFormat::Text => Box::new(builder.with_ansi(colours == LogColours::Shown).finish()),
    })
}

/// Makes writers that keep every event on a single, harmless line.
struct OneLine<W> {
    writer: W,
    colours: LogColours,
}

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for OneLine<W> {
    type Writer = OneLineWriter<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        OneLineWriter { writer: self.writer.make_writer(), colours: self.colours }
    }
}

/// See [`OneLine`]. Each call of `write` is a whole event.
struct OneLineWriter<W> {
    writer: W,
    colours: LogColours,
}

impl<W: Write> Write for OneLineWriter<W> {
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(event);
        let mut line = String::with_capacity(text.len());
        for character in text.strip_suffix('\n').unwrap_or(&text).chars() {
            push(&mut line, character, self.colours);
        }
        line.push('\n');
        // A line that cannot be written is lost. On an error, `tracing-subscriber` would print to standard error, which panics
        // if that is what failed, and a full disk or a lost log collector must not end the service.
        let _ = self.writer.write_all(line.as_bytes());
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        // As in `write`.
        let _ = self.writer.flush();
        Ok(())
    }
}

/// Appends the character, or its escape if it is a control character: line ends, terminal sequences, text direction.
/// The escapes are those of JSON, and in a JSON line such characters only occur inside strings.
fn push(line: &mut String, character: char, colours: LogColours) {
    let controls = character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if controls && !(character == '\u{1b}' && colours == LogColours::Shown) {
        line.push_str(&format!("\\u{:04x}", u32::from(character)));
    } else {
        line.push(character);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, colours: LogColours, value: &str) -> String {
        let kept = Kept::default();
        let writer = kept.clone();
        let settings = LogSettings { format, filter: "info".to_owned(), colours };
        let subscriber = subscriber(&settings, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(subscriber, || tracing::info!(route = value, "{value}"));
        String::from_utf8(kept.0.lock().unwrap().clone()).unwrap()
    }

    const HOSTILE: [&str; 6] = [
        "a\nb",
        "\r\n{\"level\":\"ERROR\"}",
        "\u{1b}[31mred",
        "\u{202e}txt.exe",
        "\u{85}\u{2028}",
        "\0\u{7f}\u{9b}31m",
    ];

    #[test]
    fn hostile_values_stay_on_one_line_of_json() {
        for value in HOSTILE {
            let text = logged(LogFormat::Json, LogColours::None, value);
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            let line: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!((line["route"].as_str(), line["message"].as_str()), (Some(value), Some(value)));
            assert!(!text.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{2028}'));
        }
    }

    #[test]
    fn hostile_values_do_not_reach_a_terminal() {
        for value in HOSTILE {
            let text = logged(LogFormat::Text, LogColours::None, value);
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(
                !text.trim_end().contains(|c: char| c.is_control() || c == '\u{202e}' || c == '\u{2028}'),
                "{text:?}"
            );
        }
        assert!(logged(LogFormat::Text, LogColours::Shown, "plain").contains('\u{1b}'));
    }

    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Err(io::ErrorKind::StorageFull.into())
        }
    }

    #[test]
    fn a_failed_write_is_not_an_error() {
        let mut writer = OneLineWriter { writer: Full, colours: LogColours::None };
        assert_eq!(writer.write(b"line\n").unwrap(), 5);
        assert!(writer.flush().is_ok());
    }

    #[test]
    fn words_of_a_database_are_not_logged() {
        for filter in ["info", "trace", "sqlx=trace"] {
            let (kept, settings) = (
                Kept::default(),
                LogSettings { filter: filter.to_owned(), colours: LogColours::None, ..LogSettings::default() },
            );
            let writer = kept.clone();
            let subscriber = subscriber(&settings, move || writer.clone()).unwrap();
            tracing::subscriber::with_default(subscriber, || {
                tracing::warn!(target: "sqlx::postgres::notice", "about ada");
                tracing::warn!(target: "sqlx::pool", "about connections");
            });
            let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
            assert!(!text.contains("ada") && text.contains("connections"), "{filter}: {text}");
        }
    }

    #[test]
    fn invalid_filters_are_errors() {
        let settings = LogSettings { filter: "a=b=c".to_owned(), ..LogSettings::default() };
        let error = subscriber(&settings, io::sink).err();
        assert_eq!(error, Some(LogError::Filter("a=b=c".to_owned())));
    }
}
