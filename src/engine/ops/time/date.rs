//! `date`: parses text in a declared format as a time or a date.

use jiff::tz::TimeZone;

use super::moment::{Read, TO, Target, ZONE};
use super::pattern::Pattern;
use super::scan::Scanner;
use super::zone::{self, Zone};
use super::{foreign, iso};
use crate::diag::closest;
use crate::engine::context::Cx;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example,
    example_failure, example_nothing,
};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "date",
    family: Family::Time,
    summary: "parses a date or time in the given formats",
    details: "Returns an RFC 3339 time in UTC (with its fraction, without trailing zeros) or a date `YYYY-MM-DD`. \
              Formats are `strptime` formats, or one of these names: `iso` (ISO 8601 and RFC 3339, a space instead of \
              `T`, offsets `Z`, `+00`, `+0000`, `+00:00`, ` +0000`, ` UTC`), `oracle` (`14-MAR-12 03.04.05.123456 PM`, \
              with or without a zone), `rfc2822` (email), `http` (RFC 9110, 5.6.7). The first format that matches is \
              used, so put the strictest first. Directives: `%Y` (four digits) `%y` `%m` `%b` `%B` `%d` `%e` `%j` `%a` \
              `%A` `%H` `%I` `%p` `%M` `%S` `%f` (digits of a fraction) `%.f` (a fraction with its point, or nothing) \
              `%z` `%:z` (any offset) `%Z` (zone name) `%s` `%F` `%T` `%R` `%D` `%%`. Months, days and hours may have \
              one digit; names are English, in any case. A time without an offset needs `zone`; when the clocks \
              change, a skipped time moves forward, and a repeated time means its first occurrence. If a time with an \
              offset is converted to a date, the result is the date as written, or with `zone` the date in that zone.",
    input: Kinds::TEXTUAL,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main_optional(
            "format",
            ArgumentKind::Texts,
            "the formats, tried in this order; `iso` by default",
        ),
        ZONE,
        ArgumentSpec::optional("none", ArgumentKind::Texts, "texts to treat as no value"),
        TO,
        ArgumentSpec::optional(
            "years",
            ArgumentKind::Integer,
            "the first two-digit year that belongs to the 1900s; 69 by default as in POSIX, 50 in `oracle` as with `RR`",
        ),
    ],
    fails: "no format matches, the day does not exist, or a time has no offset and no zone is declared",
    takes_nothing: false,
    examples: &[
        example("", r#""2024-11-19 22:14:07.040120 +0000""#, r#""2024-11-19T22:14:07.04012Z""#),
        example("\"%d.%m.%Y\"", r#""29.2.1984""#, r#""1984-02-29""#),
        example(
            r#"{ format: "%Y-%m-%d %H:%M:%S", zone: Europe/Berlin }"#,
            r#""2012-09-14 21:05:48""#,
            r#""2012-09-14T19:05:48Z""#,
        ),
        example_nothing(r#"{ none: ["0000-00-00 00:00:00"], zone: UTC }"#, r#""0000-00-00 00:00:00""#),
        example(
            "{ format: oracle, zone: UTC }",
            r#""14-MAR-12 03.04.05.123456 PM""#,
            r#""2012-03-14T15:04:05.123456Z""#,
        ),
        example("{ to: date }", r#""1984-02-29T00:00:00.000Z""#, r#""1984-02-29""#),
        example_failure("\"%d.%m.%Y\"", r#""31.02.2024""#),
        example_failure("", r#""2012-09-14 21:05:48""#),
    ],
    build,
};

/// Names of formats.
const NAMES: [&str; 4] = ["iso", "oracle", "rfc2822", "http"];

/// The three forms of RFC 9110, 5.6.7, all in UTC.
const HTTP: [&str; 3] = ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Oracle timestamps in the default `NLS_TIMESTAMP_FORMAT` (`DD-MON-RR HH.MI.SSXFF AM`), and Oracle dates.
const ORACLE: [&str; 8] = [
    "%d-%b-%y %I.%M.%S%.f %p",
    "%d-%b-%Y %I.%M.%S%.f %p",
    "%d-%b-%y %H.%M.%S%.f",
    "%d-%b-%Y %H.%M.%S%.f",
    "%d-%b-%y %H:%M:%S%.f",
    "%d-%b-%Y %H:%M:%S%.f",
    "%d-%b-%y",
    "%d-%b-%Y",
];

#[derive(Debug)]
struct ReadDate {
    formats: Vec<Format>,
    zone: Zone,
    none: Vec<String>,
    target: Target,
}

#[derive(Debug)]
enum Format {
    Iso,
    Rfc2822,
    Oracle(Vec<Pattern>),
    Any(Vec<Pattern>),
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let years = arguments.integer("years").map(pivot).transpose()?;
    let formats = arguments.texts("format").unwrap_or_else(|| vec!["iso".to_owned()]);
    if formats.is_empty() {
        return Err(ArgumentError::new("format", "the list of formats is empty", "leave it out to read ISO 8601"));
    }
    let alone = formats.len() == 1;
    let made = ReadDate {
        formats: formats.iter().map(|format| compile(format, years, alone)).collect::<Result<_, _>>()?,
        zone: Zone::take(arguments)?,
        none: arguments.texts("none").unwrap_or_default(),
        target: Target::take(arguments),
    };
    match formats.iter().zip(&made.formats).find(|(_, compiled)| made.never_knows_zone(compiled)) {
        Some((format, _)) => {
            let message =
                format!("a time in the format `{format}` has no offset, so that it cannot be read without `zone`");
            let help = "add the zone in which the times are written, such as `zone: UTC` or `zone: Europe/Berlin`";
            Err(ArgumentError::new("format", message, help))
        }
        None => Ok(Box::new(made)),
    }
}

impl ReadDate {
    /// Whether every text of a format would lack a zone.
    fn never_knows_zone(&self, format: &Format) -> bool {
        let Format::Any(patterns) = format else { return false };
        let gives_time = |pattern: &Pattern| match self.target {
            Target::AsRead => pattern.has_time(),
            Target::Time => true,
            Target::Date => false,
        };
        matches!(self.zone, Zone::None) && patterns.iter().all(|pattern| gives_time(pattern) && !pattern.has_zone())
    }
}

/// Whether a format of `date` always gives a time, or always a date; nothing for formats that may give both.
#[must_use]
pub fn gives_time(format: &str) -> Option<bool> {
    match format {
        "rfc2822" | "http" => Some(true),
        _ if format.contains('%') => Pattern::compile(format, 69).ok().map(|pattern| pattern.has_time()),
        _ => None,
    }
}

fn pivot(years: i64) -> Result<i16, ArgumentError> {
    i16::try_from(years).ok().filter(|years| (0..=100).contains(years)).ok_or_else(|| {
        ArgumentError::new("years", format!("`{years}` is not a two-digit year"), "give a number from 0 to 100")
    })
}

fn compile(format: &str, years: Option<i16>, alone: bool) -> Result<Format, ArgumentError> {
    let patterns = |formats: &[&str], pivot: i16| -> Result<Vec<Pattern>, ArgumentError> {
        formats.iter().map(|format| pattern(format, years.unwrap_or(pivot), alone)).collect()
    };
    Ok(match format {
        "iso" => Format::Iso,
        "rfc2822" => Format::Rfc2822,
        "http" => Format::Any(patterns(&HTTP, 69)?.into_iter().map(Pattern::in_utc).collect()),
        "oracle" => Format::Oracle(patterns(&ORACLE, 50)?),
        other if !other.contains('%') => return Err(unknown_name(other)),
        other => Format::Any(patterns(&[other], 69)?),
    })
}

fn pattern(format: &str, pivot: i16, alone: bool) -> Result<Pattern, ArgumentError> {
    Pattern::compile(format, pivot).map_err(|wrong| {
        let help = wrong
            .help
            .map(str::to_owned)
            .or_else(|| foreign::readable(format).map(|ours| format!("write `\"{ours}\"`")));
        let help = help.unwrap_or_else(|| {
            "the directives are listed by `landfall ops date`; `%%` writes a percent sign".to_owned()
        });
        let error = ArgumentError::new("format", wrong.message, help);
        match wrong.at {
            // with several formats, a range does not identify the format
            Some(at) if alone => error.at(at),
            _ => error,
        }
    })
}

/// A text without directives: the name of a format, or a format of another program.
fn unknown_name(name: &str) -> ArgumentError {
    let help = match (closest(name, NAMES), foreign::readable(name)) {
        (_, Some(ours)) if ours.contains('%') => {
            format!("write `\"{ours}\"`; `landfall ops date` lists the directives")
        }
        (_, Some(ours)) => format!("write `{ours}`"),
        (Some(known), None) => format!("did you mean `{known}`?"),
        (None, None) if ["unix", "epoch", "timestamp", "x", "X", "U", "ms", "millis"].contains(&name) => {
            "write the step `epoch: s`, or `epoch: ms` for milliseconds, instead of `date`".to_owned()
        }
        (None, None) => format!("give one of `{}`, or directives such as `%Y-%m-%d`", NAMES.join("`, `")),
    };
    let message = match foreign::readable(name) {
        Some(ours) if ours.contains('%') => {
            format!("`{name}` is a date format of another program: it has no directive such as `%Y`")
        }
        _ => format!("`{name}` is not a date format"),
    };
    ArgumentError::new("format", message, help)
}

impl Op for ReadDate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let text = cx.text(input)?;
        if self.none.iter().any(|none| none == text) {
            return Ok(Value::Missing);
        }
        let mut failure = None;
        for format in &self.formats {
            match format.read(text) {
                Ok(read) => return read.finish(&self.zone, self.target, cx),
                Err(why) => failure = Some(why),
            }
        }
        Err(match failure {
            Some(failure) if self.formats.len() == 1 => failure,
            _ => Failure::new("the text matches none of the formats, or the day does not exist"),
        })
    }
}

impl Format {
    fn read(&self, text: &str) -> Result<Read, Failure> {
        match self {
            Self::Iso => iso::read(text),
            Self::Rfc2822 => rfc2822(text),
            Self::Any(patterns) => first(patterns, text),
            Self::Oracle(patterns) => oracle(patterns, text),
        }
    }
}

/// The result of the first pattern that matches; otherwise the failure that is not about the format, if any.
fn first(patterns: &[Pattern], text: &str) -> Result<Read, Failure> {
    if let [pattern] = patterns {
        return pattern.read(text);
    }
    let other_form = Failure::new("the text does not match the format");
    let mut failure = other_form.clone();
    for pattern in patterns {
        match pattern.read(text) {
            Ok(read) => return Ok(read),
            Err(why) if why != other_form => failure = why,
            Err(_) => {}
        }
    }
    Err(failure)
}

/// An optional zone follows: `+02:00` or a region.
fn oracle(patterns: &[Pattern], text: &str) -> Result<Read, Failure> {
    if let Some((rest, last)) = text.trim_end().rsplit_once(' ')
        && !last.starts_with(|c: char| c.is_ascii_digit())
        && let Some(zone) = oracle_zone(last)
        && let Ok(read) = first(patterns, rest.trim_end())
    {
        return Ok(Read { zone: read.time.map(|_| zone), ..read });
    }
    first(patterns, text)
}

fn oracle_zone(word: &str) -> Option<TimeZone> {
    let mut scanner = Scanner::new(word);
    // some Oracle clients write single-digit hours of an offset as `+2:00`
    if let Some(sign) = scanner.eat_one(&['+', '-'])
        && let Some((hours, minutes)) = scanner.rest().split_once(':')
        && hours.len() == 1
    {
        return zone::read(&format!("{sign}0{hours}:{minutes}"));
    }
    zone::read(word)
}

/// RFC 5322, 3.3 with the obsolete zones of 4.3, as in mail headers.
fn rfc2822(text: &str) -> Result<Read, Failure> {
    let zoned = jiff::fmt::rfc2822::parse(text).map_err(|_| Failure::new("the text is not an RFC 2822 time"))?;
    Ok(Read { date: zoned.date(), time: Some(zoned.time()), zone: Some(TimeZone::fixed(zoned.offset())) })
}

#[cfg(test)]
mod tests {
    use bumpalo::Bump;

    use super::*;
    use crate::engine::op::Argument;
    use crate::engine::operand::Operand;

    fn made(format: &str, zone: Option<&str>) -> Result<Box<dyn Op>, ArgumentError> {
        let mut arguments = Arguments::default();
        arguments.push("format", Argument::Texts(vec![format.to_owned()]));
        if let Some(zone) = zone {
            arguments.push("zone", Argument::Operand(Operand::Text(zone.into())));
        }
        build(&mut arguments)
    }

    #[test]
    fn named_formats() {
        for (format, text, wanted) in [
            ("oracle", "14-MAR-12 03.04.05.123456 PM", Some("2012-03-14T15:04:05.123456Z")),
            ("oracle", "14-MAR-12 03.04.05.123456000 PM +02:00", Some("2012-03-14T13:04:05.123456Z")),
            ("oracle", "14-MAR-12 03.04.05 PM EUROPE/BERLIN", Some("2012-03-14T14:04:05Z")),
            ("oracle", "14-MAR-2012 15:04:05", Some("2012-03-14T15:04:05Z")),
            ("oracle", "14-MAR-55", Some("1955-03-14")),
            ("oracle", "14-MAR-12 13.04.05 PM", None),
            ("oracle", "30-FEB-12", None),
            ("rfc2822", "Sat, 13 Jul 2024 15:09:59 -0400", Some("2024-07-13T19:09:59Z")),
            ("http", "Sun, 06 Nov 1994 08:49:37 GMT", Some("1994-11-06T08:49:37Z")),
            ("http", "Sunday, 06-Nov-94 08:49:37 GMT", Some("1994-11-06T08:49:37Z")),
            ("http", "Sun Nov  6 08:49:37 1994", Some("1994-11-06T08:49:37Z")),
        ] {
            let arena = Bump::new();
            let op = made(format, Some("UTC")).unwrap();
            let value = op.apply(Value::Text(text), &Cx::bare(&arena));
            assert_eq!(value.ok().and_then(Value::as_text), wanted, "{format} {text}");
        }
    }

    #[test]
    fn invalid_formats_are_reported_at_load() {
        let at = |format: &str| made(format, None).err().map(|error| (error.argument, error.at, error.help));
        let (argument, range, _) = at("%d.%m.%Q").unwrap();
        assert_eq!((argument, range), ("format", Some(6..8)));
        assert_eq!(at("is0").unwrap().2, "did you mean `iso`?");
        assert_eq!(made("iso", Some("Europe/Berlim")).err().unwrap().argument, "zone");
    }
}
