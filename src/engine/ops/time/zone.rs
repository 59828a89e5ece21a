//! Time zones: constant in the rule file, or read from the record.

use jiff::SignedDuration;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use super::scan::Scanner;
use crate::engine::context::Cx;
use crate::engine::op::{ArgumentError, Arguments, Failure};
use crate::engine::operand::Operand;

/// The `zone` argument of a step.
#[derive(Debug)]
pub enum Zone {
    /// No zone is declared.
    None,
    /// A constant zone.
    Fixed(TimeZone),
    /// A zone read from a record, a parameter or a fact.
    Named(Operand),
}

impl Zone {
    /// Takes the argument `zone`.
    ///
    /// # Errors
    /// When it is a constant that is not a zone.
    pub fn take(arguments: &mut Arguments) -> Result<Self, ArgumentError> {
        let Some(operand) = arguments.operand("zone") else { return Ok(Self::None) };
        let Some(name) = operand.constant_text() else { return Ok(Self::Named(operand)) };
        match read(name) {
            Some(zone) => Ok(Self::Fixed(zone)),
            None => Err(ArgumentError::new(
                "zone",
                format!("`{name}` is not a time zone"),
                "give a name of the IANA time zone database such as `Europe/Berlin`, or an offset such as `+02:00`",
            )),
        }
    }

    /// The zone in this run, or `None` if none is declared.
    ///
    /// # Errors
    /// When the value read is not a zone, or is missing.
    pub fn value<'a>(&'a self, cx: &Cx<'a>) -> Result<Option<TimeZone>, Failure> {
        let operand = match self {
            Self::None => return Ok(None),
            Self::Fixed(zone) => return Ok(Some(zone.clone())),
            Self::Named(operand) => operand.value(cx),
        };
        if !operand.is_present() {
            return Err(Failure::new("the argument `zone` has no value"));
        }
        let name = operand.as_text().ok_or_else(|| Failure::new("the argument `zone` is not text"))?;
        read(name).map(Some).ok_or_else(|| Failure::new("the argument `zone` is not a time zone"))
    }
}

/// The zone of an IANA name in any case, or of an offset.
pub fn read(name: &str) -> Option<TimeZone> {
    let mut scanner = Scanner::new(name);
    match scanner.offset() {
        Some(offset) if scanner.is_done() => Some(TimeZone::fixed(offset)),
        _ => TimeZone::get(name).ok(),
    }
}

/// Converts a local time to UTC.
///
/// A time that is skipped when the clocks change moves forward by the gap; a time that occurs twice means its first
/// occurrence. `mktime` does the same on most platforms, and RFC 5545 (3.3.5) requires it.
pub fn to_utc(local: DateTime, zone: &TimeZone) -> Result<DateTime, Failure> {
    // `Timestamp` is not used: it ends a day before the end of the year 9999, which is a common value for "forever".
    if let Ok(offset) = zone.to_fixed_offset() {
        if offset == Offset::UTC {
            return Ok(local);
        }
        return local.checked_sub(duration(offset)).map_err(|_| out_of_range());
    }
    let instant = zone.to_ambiguous_timestamp(local).compatible().map_err(|_| out_of_range())?;
    Ok(Offset::UTC.to_datetime(instant))
}

/// Converts a UTC time to local time.
pub fn to_local(utc: DateTime, zone: &TimeZone) -> Result<DateTime, Failure> {
    if let Ok(offset) = zone.to_fixed_offset() {
        return utc.checked_add(duration(offset)).map_err(|_| out_of_range());
    }
    let instant = Offset::UTC.to_timestamp(utc).map_err(|_| out_of_range())?;
    Ok(zone.to_datetime(instant))
}

/// The failure of a time without a four-digit year.
pub fn out_of_range() -> Failure {
    Failure::new("the time is outside the years 1 to 9999")
}

fn duration(offset: Offset) -> SignedDuration {
    SignedDuration::from_secs(i64::from(offset.seconds()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_and_repeated_times_are_resolved() {
        let berlin = read("europe/berlin").unwrap();
        for (local, utc) in [
            ("2024-03-31T02:30:00", "2024-03-31T01:30:00"), // skipped: moves on to 03:30
            ("2024-10-27T02:30:00", "2024-10-27T00:30:00"), // twice: the first, in summer time
            ("2024-07-01T12:00:00", "2024-07-01T10:00:00"),
        ] {
            let local: DateTime = local.parse().unwrap();
            assert_eq!(to_utc(local, &berlin).unwrap().to_string(), utc);
        }
    }

    #[test]
    fn unknown_zones_are_rejected() {
        assert!(read("Mars/Olympus").is_none());
        assert!(read("+25:00").is_none());
        assert!(read("").is_none());
        assert!(read("UTC").is_some());
    }
}
