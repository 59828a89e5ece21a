//! `format_date`: formats a time or date.

use std::ops::Range;

use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{Offset, TimeZone};

use super::moment::ZONE;
use super::zone::{Zone, out_of_range};
use super::{foreign, iso};
use crate::engine::context::Cx;
use crate::engine::limits::MAX_TEXT_BYTES;
use crate::engine::op::{
    ArgumentError, ArgumentKind, ArgumentSpec, Arguments, Failure, Family, Op, OpSpec, Output, example, example_failure,
};
use crate::model::{Kinds, Value};

/// The row of the step table.
pub const ROW: OpSpec = OpSpec {
    name: "format_date",
    family: Family::Time,
    summary: "formats a time or date",
    details: "Accepts the results of `date` and related steps. Directives are those of `strftime` (IEEE Std 1003.1), \
              with `%f` and `%.3f` for fractions and `%:z` for offsets with a colon. A time is written in UTC, or in \
              `zone`.",
    input: Kinds::TEXT,
    output: Output::Is(Kinds::TEXT),
    arguments: &[
        ArgumentSpec::main("format", ArgumentKind::Text, "the format"),
        ArgumentSpec { about: "the IANA time zone or offset to write the time in; UTC by default", ..ZONE },
    ],
    fails: "the text is not a date or time, or the format contains a time of day and the value is a date",
    takes_nothing: false,
    examples: &[
        example("\"%d.%m.%Y\"", r#""1984-02-29""#, r#""29.02.1984""#),
        example(
            r#"{ format: "%d.%m.%Y %H:%M", zone: Europe/Berlin }"#,
            r#""2023-07-09T22:30:00Z""#,
            r#""10.07.2023 00:30""#,
        ),
        example("\"%s\"", r#""2019-10-14T09:12:11.274Z""#, r#""1571044331""#),
        example_failure("\"%H:%M\"", r#""1984-02-29""#),
    ],
    build,
};

#[derive(Debug)]
struct FormatDate {
    format: String,
    zone: Zone,
}

fn build(arguments: &mut Arguments) -> Result<Box<dyn Op>, ArgumentError> {
    let format = arguments.need_text("format")?;
    if !format.contains('%') {
        let message = format!("`{format}` has no directive such as `%Y`, so every record would get the same text");
        return Err(ArgumentError::new("format", message, help(&format)));
    }
    if let Some(at) = wrong_directive(&format) {
        let written = format.get(at.clone()).unwrap_or_default();
        let message = format!("`{written}` is not a directive of a date format");
        return Err(ArgumentError::new("format", message, help(&format)).at(at));
    }
    if format.contains("%Y")
        && format.contains("%M")
        && !["%H", "%I", "%k", "%l"].iter().any(|hour| format.contains(hour))
    {
        let message = "the format has the minute without the hour";
        return Err(ArgumentError::new("format", message, "`%m` is the month and `%M` the minute"));
    }
    Ok(Box::new(FormatDate { format, zone: Zone::take(arguments)? }))
}

fn help(format: &str) -> String {
    match foreign::translated(format).filter(|ours| wrong_directive(ours).is_none() && ours.contains('%')) {
        Some(ours) => format!("write `\"{ours}\"`"),
        None => "write directives such as `\"%Y-%m-%d\"`; `%%` writes a percent sign".to_owned(),
    }
}

/// The first directive that cannot be formatted, found by formatting each one alone.
fn wrong_directive(format: &str) -> Option<Range<usize>> {
    let sample = jiff::Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
    let mut from = 0;
    while let Some(start) = format.get(from..)?.find('%').map(|at| from + at) {
        let directive = format.get(start + 1..)?;
        let modifiers = directive.find(|c: char| !matches!(c, '-' | '_' | '^' | '#' | '.' | ':' | '0'..='9'));
        let letter = modifiers.and_then(|at| Some((at, directive.get(at..)?.chars().next()?)));
        let end = letter.map_or(format.len(), |(at, letter)| start + 1 + at + letter.len_utf8());
        let wide = directive.get(..modifiers.unwrap_or(0)).is_some_and(|flags| flags.len() > 4);
        if wide || letter.is_none() || BrokenDownTime::from(&sample).to_string(format.get(start..end)?).is_err() {
            return Some(start..end);
        }
        from = end;
    }
    None
}

impl Op for FormatDate {
    fn apply<'a>(&'a self, input: Value<'a>, cx: &Cx<'a>) -> Result<Value<'a>, Failure> {
        let read = iso::read(cx.text(input)?)?;
        let parts = match read.time {
            None => BrokenDownTime::from(read.date),
            Some(_) => {
                let zone = self.zone.value(cx)?;
                let utc = read.utc(&self.zone, cx)?;
                let instant = Offset::UTC.to_timestamp(utc).map_err(|_| out_of_range())?;
                BrokenDownTime::from(&instant.to_zoned(zone.unwrap_or(TimeZone::UTC)))
            }
        };
        let text = parts
            .to_string(&self.format)
            .map_err(|_| Failure::new("the format contains a time of day, but the value is a date"))?;
        if text.len() > MAX_TEXT_BYTES {
            return Err(Failure::new(format!("the result is longer than {MAX_TEXT_BYTES} bytes")));
        }
        Ok(cx.keep(&text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_directives_are_reported_with_their_range() {
        for (format, at) in [
            ("%Y-%m-%d %H:%M:%S%.3f%:z %%", None),
            ("%Y %é", Some(3..6)),
            ("%d.%", Some(3..4)),
            ("%Y%999999d", Some(2..10)),
            ("", None),
        ] {
            assert_eq!(wrong_directive(format), at, "{format}");
        }
    }
}
