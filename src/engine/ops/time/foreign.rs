//! Translates date formats of other programs: Moment and Day.js, ICU and Java, .NET, Go, PHP, Oracle and other SQL, and
//! the directives that MySQL and Ruby spell differently.

use super::pattern::Pattern;

/// The equivalent of another program's format: directives, or the name of a format. `None` if the format is not recognized.
#[must_use]
pub fn translated(format: &str) -> Option<String> {
    if let Some(name) = named(format) {
        return Some(name.to_owned());
    }
    let written = if format.contains('%') { directives(format) } else { letters(format) }?;
    (written != format && written.contains('%')).then_some(written)
}

/// Like [`translated`], but only formats that `date` can read.
pub(super) fn readable(format: &str) -> Option<String> {
    let written = translated(format)?;
    (!written.contains('%') || Pattern::compile(&written, 69).is_ok()).then_some(written)
}

/// Formats that other programs know by name.
fn named(format: &str) -> Option<&'static str> {
    let plain: String = format.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
    match plain.as_str() {
        "iso8601" | "rfc3339" | "rfc3339nano" | "isodate" | "isodatetime" | "isolocaldate" | "isolocaldatetime"
        | "isooffsetdatetime" | "isoinstant" | "atom" | "dateatom" | "c" | "w3c" => Some("iso"),
        "rfc822" | "rfc1123" | "rfc1123z" | "rfc5322" | "r" | "mail" => Some("rfc2822"),
        "rfc7231" | "rfc9110" | "httpdate" => Some("http"),
        _ => None,
    }
}

/// A format made of letters; its content shows which program it is from.
fn letters(format: &str) -> Option<String> {
    if ["2006", "15:04", "3:04"].iter().any(|sign| format.contains(sign)) {
        return Some(by_table(format, GO));
    }
    let doubled = |run: &[u8]| matches!(run, [a, b] if a == b && a.is_ascii_alphabetic());
    let is_doubled = format.as_bytes().windows(2).any(doubled);
    let has_php = format.contains(['Y', 'i', 'n', 'j', 'F', 'G', 'g', 'l']);
    if !is_doubled && has_php { php(format) } else { Words::new(format).read() }
}

/// The parts of Go's reference time, the longest first.
const GO: &[(&str, &str)] = &[
    ("January", "%B"),
    ("Monday", "%A"),
    ("-07:00", "%:z"),
    ("Z07:00", "%:z"),
    ("-0700", "%z"),
    ("Z0700", "%z"),
    (".000000000", "%.f"),
    (".999999999", "%.f"),
    (".000000", "%.f"),
    (".999999", "%.f"),
    (".000", "%.f"),
    (".999", "%.f"),
    ("2006", "%Y"),
    ("Jan", "%b"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("15", "%H"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("_2", "%e"),
    ("PM", "%p"),
    ("pm", "%p"),
    ("1", "%m"),
    ("2", "%d"),
    ("3", "%I"),
    ("4", "%M"),
    ("5", "%S"),
];

fn by_table(format: &str, table: &[(&str, &str)]) -> String {
    let (mut out, mut rest) = (String::new(), format);
    while let Some(first) = rest.chars().next() {
        let found = table.iter().find_map(|(theirs, ours)| Some((*ours, rest.strip_prefix(theirs)?)));
        let (written, after) =
            found.map_or((None, rest.get(first.len_utf8()..)), |(ours, after)| (Some(ours), Some(after)));
        match written {
            Some(directive) => out.push_str(directive),
            None => out.push(first),
        }
        rest = after.unwrap_or_default();
    }
    out
}

/// PHP's `date()`: every letter is a directive, and `\` escapes the next one.
fn php(format: &str) -> Option<String> {
    let mut out = String::new();
    let mut chars = format.chars();
    while let Some(c) = chars.next() {
        let written = match c {
            '\\' => {
                out.push(chars.next()?);
                continue;
            }
            'Y' | 'o' => "%Y",
            'y' => "%y",
            'm' | 'n' => "%m",
            'M' => "%b",
            'F' => "%B",
            'd' | 'j' => "%d",
            'z' => "%j",
            'D' => "%a",
            'l' => "%A",
            'H' | 'G' => "%H",
            'h' | 'g' => "%I",
            'i' => "%M",
            's' => "%S",
            'u' | 'v' => "%f",
            'a' | 'A' => "%p",
            'O' | 'P' | 'p' => "%z",
            'e' => "%Z",
            'U' => "%s",
            // a literal in all formats that people write, although PHP defines it as a zone
            'T' => "T",
            'Z' => "Z",
            c if c.is_ascii_alphabetic() => return None,
            c => {
                out.push(c);
                continue;
            }
        };
        out.push_str(written);
    }
    Some(out.replace(".%f", "%.f"))
}

/// A format of runs of letters: Moment, ICU, .NET, SQL. They differ in case, and `mm` may be a month or a minute,
/// depending on its position.
struct Words<'f> {
    format: &'f str,
    rest: &'f str,
    out: String,
    has_hour: bool,
    has_month: bool,
    /// Whether the last directive was an hour, so that a minute follows.
    after_hour: bool,
    twelve_hours: bool,
}

/// Words with the same meaning in every program that has them, the longest first; case matters only if it is mixed.
const WORDS: &[(&str, &str)] = &[
    ("TZH:TZM", "%z"),
    ("MONTH", "%B"),
    ("HH24", "%H"),
    ("HH12", "%I"),
    ("A.M.", "%p"),
    ("P.M.", "%p"),
    ("TZR", "%Z"),
    ("TZD", "%Z"),
    ("MON", "%b"),
    ("DAY", "%A"),
    ("XFF", "%.f"),
    ("AM", "%p"),
    ("PM", "%p"),
    ("TT", "%p"),
    ("MI", "%M"),
    ("DY", "%a"),
];

impl<'f> Words<'f> {
    fn new(format: &'f str) -> Self {
        let lower = format.to_ascii_lowercase();
        let twelve_hours = ["am", "pm", "a.m.", "tt", "hh12"].iter().any(|sign| lower.contains(sign))
            || format.ends_with([' ', 'a', 'A']) && format.trim_end().ends_with(['a', 'A']);
        Self {
            format,
            rest: format,
            out: String::new(),
            has_hour: false,
            has_month: false,
            after_hour: false,
            twelve_hours,
        }
    }

    fn read(mut self) -> Option<String> {
        while let Some(first) = self.rest.chars().next() {
            if self.literal(first)? {
                continue;
            }
            if let Some((word, directive)) = WORDS.iter().find(|(word, _)| self.begins_with(word)) {
                self.skip(word.len());
                self.write(directive);
                continue;
            }
            let run = self.rest.find(|c: char| c != first).unwrap_or(self.rest.len());
            let directive = self.run(first, run)?;
            self.skip(run);
            // the digits of Oracle's `FF6`
            if matches!(first, 'F') {
                self.rest = self.rest.trim_start_matches(|c: char| c.is_ascii_digit());
            }
            self.write(directive);
        }
        Some(self.out.replace(".%f", "%.f").replace(".%.f", "%.f"))
    }

    fn begins_with(&self, word: &str) -> bool {
        self.rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    fn write(&mut self, directive: &str) {
        self.after_hour = matches!(directive, "%H" | "%I");
        self.has_hour |= self.after_hour;
        self.has_month |= matches!(directive, "%m" | "%b" | "%B");
        self.out.push_str(directive);
    }

    /// Literals: punctuation, and text in quotes or brackets.
    fn literal(&mut self, first: char) -> Option<bool> {
        let close = match first {
            '\'' => '\'',
            '"' => '"',
            '[' => ']',
            c if !c.is_ascii_alphabetic() || c == 'T' && !self.begins_with("TZ") && !self.begins_with("TT") => {
                self.out.push(c);
                self.skip(c.len_utf8());
                return Some(true);
            }
            _ => return Some(false),
        };
        let (text, after) = self.rest.get(1..)?.split_once(close)?;
        self.out.push_str(text);
        self.rest = after;
        Some(true)
    }

    /// The directive of a letter that is repeated `times` times.
    fn run(&self, letter: char, times: usize) -> Option<&'static str> {
        Some(match (letter, times) {
            ('y' | 'Y' | 'u' | 'R', 4) | ('y' | 'u', 1) => "%Y",
            ('y' | 'Y' | 'R', 2) => "%y",
            ('M' | 'm' | 'L', 1 | 2) => self.month_or_minute(letter),
            ('M' | 'L', 3) => "%b",
            ('M' | 'L', 4) => "%B",
            ('d' | 'D', 1 | 2) => "%d",
            ('D', 3) => "%j",
            ('d', 3) | ('E', 1..=3) => "%a",
            ('d', 4) | ('E', 4) => "%A",
            ('H' | 'k', 1 | 2) if !self.twelve_hours => "%H",
            ('h' | 'K', 1 | 2) if !self.twelve_hours => "%H",
            ('H' | 'h' | 'k' | 'K', 1 | 2) => "%I",
            ('s', 1 | 2) | ('S', 2) => "%S",
            ('S', 1 | 3..=9) | ('f', 1..=7) | ('F', 1..=7) | ('n', 1..=9) => "%f",
            ('a' | 'A' | 't', 1) => "%p",
            ('Z' | 'X' | 'x' | 'O', 1..=3) | ('z', 2 | 3) => "%z",
            ('z' | 'V', 1 | 2) => "%Z",
            _ => return None,
        })
    }

    fn month_or_minute(&self, letter: char) -> &'static str {
        let has_hours_later = self.format.contains(['H', 'h', 'k']);
        match letter {
            'm' if self.after_hour || (self.has_hour && self.has_month) => "%M",
            // `yyyy-mm-dd`, as SQL and spreadsheets write it
            'm' if !self.has_month || !has_hours_later => "%m",
            'm' => "%M",
            // `HH:MM`, as people write it
            _ if self.after_hour && self.out.ends_with(':') => "%M",
            _ => "%m",
        }
    }
}

/// A format of directives, some of which other programs spell differently.
fn directives(format: &str) -> Option<String> {
    // `%i` is MySQL's minute; `%M` is then the month name, `%s` the second and `%h` the 12-hour hour
    let mysql = format.contains("%i");
    let (mut out, mut rest) = (String::new(), format);
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let flags = after.find(|c: char| !matches!(c, '-' | '_' | '^' | '#' | ':' | '.') && !c.is_ascii_digit())?;
        let letter = after.get(flags..)?.chars().next()?;
        let modifiers = after.get(..flags)?;
        out.push_str(&directive(modifiers, letter, mysql)?);
        rest = after.get(flags + letter.len_utf8()..)?;
    }
    out.push_str(rest);
    Some(out.replace(".%f", "%.f"))
}

fn directive(modifiers: &str, letter: char, mysql: bool) -> Option<String> {
    let written = match (letter, mysql) {
        ('i', _) => "%M",
        ('M', true) => "%B",
        ('s', true) => "%S",
        ('h', true) => "%I",
        ('c', true) => "%m",
        ('W', true) => "%A",
        ('N' | 'L' | 'f' | 'q', _) => return Some(if modifiers.contains('.') { "%.f" } else { "%f" }.to_owned()),
        ('z', _) => return Some("%z".to_owned()),
        ('r', _) => "%I:%M:%S %p",
        ('G', _) => "%Y",
        ('E' | 'O' | 'c' | 'x' | 'X' | 'V' | 'U' | 'W' | 'u' | 'w' | 'v' | 'C' | 'Q' | '+', _) => return None,
        (other, _) if modifiers.chars().all(|c| matches!(c, '-' | '_' | '^' | '#' | '0'..='9')) => {
            return Some(format!("%{other}"));
        }
        _ => return None,
    };
    Some(written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_other_programs() {
        for (theirs, ours) in [
            ("YYYY-MM-DD", Some("%Y-%m-%d")),
            ("YYYY-MM-DDTHH:mm:ss.SSSZ", Some("%Y-%m-%dT%H:%M:%S%.f%z")),
            ("DD/MM/YYYY hh:mm A", Some("%d/%m/%Y %I:%M %p")),
            ("dd/MM/yyyy HH:mm:ss", Some("%d/%m/%Y %H:%M:%S")),
            ("yyyy-MM-dd'T'HH:mm:ssXXX", Some("%Y-%m-%dT%H:%M:%S%z")),
            ("yyyy-MM-dd'T'HH:mm:ss'Z'", Some("%Y-%m-%dT%H:%M:%SZ")),
            ("EEE MMM dd HH:mm:ss zzz yyyy", Some("%a %b %d %H:%M:%S %z %Y")),
            ("MMM d, yyyy h:mm a", Some("%b %d, %Y %I:%M %p")),
            ("M/d/yyyy h:mm:ss tt", Some("%m/%d/%Y %I:%M:%S %p")),
            ("yyyyMMddHHmmss", Some("%Y%m%d%H%M%S")),
            ("yyyy-mm-dd", Some("%Y-%m-%d")),
            ("yyyy-mm-dd hh:mm:ss", Some("%Y-%m-%d %H:%M:%S")),
            ("DD-MON-RR", Some("%d-%b-%y")),
            ("DD-MON-YYYY HH24:MI:SS", Some("%d-%b-%Y %H:%M:%S")),
            ("DD-MON-RR HH.MI.SSXFF AM", Some("%d-%b-%y %I.%M.%S%.f %p")),
            ("YYYY-MM-DD HH24:MI:SS.FF6", Some("%Y-%m-%d %H:%M:%S%.f")),
            ("YYYY-MM-DD\"T\"HH24:MI:SS", Some("%Y-%m-%dT%H:%M:%S")),
            ("D.M.YY", Some("%d.%m.%y")),
            ("2006-01-02", Some("%Y-%m-%d")),
            ("2006-01-02T15:04:05.000Z07:00", Some("%Y-%m-%dT%H:%M:%S%.f%:z")),
            ("Jan 2, 2006 at 3:04pm", Some("%b %d, %Y at %I:%M%p")),
            ("02/01/06", None),
            ("Y-m-d H:i:s", Some("%Y-%m-%d %H:%M:%S")),
            ("d.m.Y", Some("%d.%m.%Y")),
            ("j/n/Y g:i A", Some("%d/%m/%Y %I:%M %p")),
            ("D, d M Y", Some("%a, %d %b %Y")),
            ("Y-m-d\\TH:i:sP", Some("%Y-%m-%dT%H:%M:%S%z")),
            ("ISO-8601", Some("iso")),
            ("RFC3339", Some("iso")),
            ("rfc1123", Some("rfc2822")),
            ("%Y-%m-%d %H:%i:%s", Some("%Y-%m-%d %H:%M:%S")),
            ("%d %M %Y %h:%i %p", Some("%d %B %Y %I:%M %p")),
            ("%Y-%m-%dT%H:%M:%S.%N", Some("%Y-%m-%dT%H:%M:%S%.f")),
            ("%-d.%-m.%Y", Some("%d.%m.%Y")),
            ("%Y-%m-%d %H:%M:%S.%6f", Some("%Y-%m-%d %H:%M:%S%.f")),
            ("yesterday", None),
            ("tomorrow at noon", None),
            ("", None),
        ] {
            assert_eq!(readable(theirs).as_deref(), ours, "{theirs}");
        }
    }

    proptest::proptest! {
        #[test]
        fn never_panics(format in "\\PC{0,24}") {
            let _ = translated(&format);
        }
    }
}
