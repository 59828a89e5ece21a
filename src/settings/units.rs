//! Reads and writes durations, sizes, addresses and networks.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Units of time, the largest first, in milliseconds.
const TIMES: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000), ("ms", 1)];

/// Units of memory, the largest first, in bytes.
const SIZES: [(&str, u64); 4] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("B", 1)];

/// A whole number and a unit, such as `15m`.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = (text.get(..end)?, text.get(end..)?.trim_start());
    let (_, factor) = units.iter().find(|(name, _)| *name == unit)?;
    number.parse::<u64>().ok()?.checked_mul(*factor)
}

/// The number in the largest unit that keeps it whole.
fn written(number: u64, units: &[(&str, u64)]) -> String {
    let smallest = units.last().map_or("", |(name, _)| name);
    let unit = units.iter().find(|(_, factor)| number > 0 && number.is_multiple_of(*factor));
    unit.map_or_else(|| format!("{number}{smallest}"), |(name, factor)| format!("{}{name}", number / factor))
}

/// The JSON Schema of a unit, which is text.
macro_rules! schema_of_text {
    ($type:ty, $schema:expr) => {
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

/// A duration as `1500ms`, `30s`, `15m`, `2h` or `1d`, for `#[serde(with)]`.
#[derive(Debug)]
pub enum Time {}

impl Time {
    /// Reads a duration.
    ///
    /// # Errors
    /// If the text is not a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        let text = String::deserialize(deserializer)?;
        let time = quantity(&text, &TIMES).map(Duration::from_millis);
        time.ok_or_else(|| de::Error::custom("expected a duration such as `1500ms`, `30s`, `15m`, `2h` or `1d`"))
    }

    /// Writes a duration.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time_text(*time))
    }
}

/// A duration as it is written in settings.
#[must_use]
pub fn time_text(time: Duration) -> String {
    written(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), &TIMES)
}

schema_of_text!(Time, json_schema!({ "type": "string", "pattern": r"^([0-9]+ *(ms|s|m|h|d)|.*\$\{.*)$" }));

/// An optional duration, for `#[serde(with)]`.
#[derive(Debug)]
pub enum OptionalTime {}

impl OptionalTime {
    /// Reads a duration.
    ///
    /// # Errors
    /// If the text is not a duration.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
        Time::deserialize(deserializer).map(Some)
    }

    /// Writes a duration.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(time: &Option<Duration>, serializer: S) -> Result<S::Ok, S::Error> {
        match time {
            Some(time) => Time::serialize(time, serializer),
            None => serializer.serialize_none(),
        }
    }
}

schema_of_text!(OptionalTime, Time::json_schema(&mut SchemaGenerator::default()));

/// A size as `16KiB`, `64MiB` or `1GiB`, in bytes, for `#[serde(with)]`.
#[derive(Debug)]
pub enum Size {}

impl Size {
    /// Reads a size.
    ///
    /// # Errors
    /// If the text is not a size, or does not fit.
    pub fn deserialize<'de, N: TryFrom<u64>, D: Deserializer<'de>>(deserializer: D) -> Result<N, D::Error> {
        let text = String::deserialize(deserializer)?;
        let size = quantity(&text, &SIZES).and_then(|size| N::try_from(size).ok());
        size.ok_or_else(|| de::Error::custom("expected a size such as `512B`, `16KiB`, `64MiB` or `1GiB`"))
    }

    /// Writes a size.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<N: Copy + TryInto<u64>, S: Serializer>(size: &N, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&written((*size).try_into().unwrap_or(u64::MAX), &SIZES))
    }
}

schema_of_text!(Size, json_schema!({ "type": "string", "pattern": r"^([0-9]+ *(B|KiB|MiB|GiB)|.*\$\{.*)$" }));

/// A share as `10%` or `0.5 %`, in hundredths of a percent, for `#[serde(with)]`.
#[derive(Debug)]
pub enum Percent {}

impl Percent {
    /// Reads a share.
    ///
    /// # Errors
    /// If the text is not a share.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u16, D::Error> {
        let text = String::deserialize(deserializer)?;
        hundredths(&text).ok_or_else(|| {
            de::Error::custom("expected a share such as `10%` or `0.5%`, with at most two decimals and at most `100%`")
        })
    }

    /// Writes a share.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(share: &u16, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&percent_text(*share))
    }
}

/// The hundredths of a percent in a text such as `0.5%`.
fn hundredths(text: &str) -> Option<u16> {
    let (whole, decimals) = match text.strip_suffix('%')?.trim_end().split_once('.') {
        Some((whole, decimals)) if (1..=2).contains(&decimals.len()) => (whole, decimals),
        Some(_) => return None,
        None => (text.strip_suffix('%')?.trim_end(), "0"),
    };
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !is_number(whole) || !is_number(decimals) {
        return None;
    }
    let decimals: u16 = format!("{decimals:0<2}").parse().ok()?;
    let share = whole.parse::<u16>().ok()?.checked_mul(100)?.checked_add(decimals)?;
    (share <= 10_000).then_some(share)
}

/// A share as it is written in settings.
#[must_use]
pub fn percent_text(share: u16) -> String {
    let (whole, decimals) = (share / 100, format!("{:02}", share % 100));
    match decimals.trim_end_matches('0') {
        "" => format!("{whole}%"),
        decimals => format!("{whole}.{decimals}%"),
    }
}

schema_of_text!(Percent, json_schema!({ "type": "string", "pattern": r"^([0-9]+(\.[0-9]{1,2})? *%|.*\$\{.*)$" }));

/// An address and port to listen on, for `#[serde(with)]`.
#[derive(Debug)]
pub enum Address {}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// If the text is not an address with a port.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| {
            de::Error::custom("expected an IP address with a port, such as `127.0.0.1:8080` or `[::1]:8080`")
        })
    }

    /// Writes an address.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<S: Serializer>(address: &SocketAddr, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(address)
    }
}

schema_of_text!(Address, json_schema!({ "type": "string" }));

/// A network in the notation of RFC 4632: `10.0.0.0/8`. A single address is a network with one member.
///
/// ```
/// use landfall::settings::Network;
/// let network: Network = "10.0.0.0/8".parse()?;
/// assert!(network.0.contains(&"10.1.2.3".parse::<std::net::IpAddr>()?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network(pub IpNet);

/// The error for text that is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected a network such as `10.0.0.0/8`, `fd00::/8` or `192.0.2.7`")]
pub struct NetworkError;

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| NetworkError)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

schema_of_text!(Network, json_schema!({ "type": "string" }));

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_round_trip() {
        for (text, wanted) in [("1500ms", 1500), ("30s", 30_000), ("15m", 900_000), ("2h", 7_200_000), ("0ms", 0)] {
            assert_eq!(quantity(text, &TIMES), Some(wanted), "{text}");
            assert_eq!(written(wanted, &TIMES), text);
        }
        assert_eq!(quantity("19 MiB", &SIZES), Some(19 << 20));
        assert_eq!(written(19 << 20, &SIZES), "19MiB");
        for text in ["", "s", "1.5s", "-1s", "10", "10 sec", "99999999999999999999s", "18446744073709551615d", "1KB"] {
            assert_eq!((quantity(text, &TIMES), quantity(text, &SIZES)), (None, None), "{text}");
        }
    }

    #[test]
    fn shares_round_trip() {
        for (text, wanted) in [("10%", 1000), ("0.5%", 50), ("0.05%", 5), ("100%", 10_000), ("0%", 0), ("12.25%", 1225)]
        {
            assert_eq!((hundredths(text), percent_text(wanted).as_str()), (Some(wanted), text));
        }
        assert_eq!((hundredths("7 %"), hundredths("1.50%")), (Some(700), Some(150)));
        for text in ["", "%", "10", "0.1", "-1%", "1.%", ".5%", "0.123%", "101%", "100.01%", "99999%", "1,5%", "+1%"] {
            assert_eq!(hundredths(text), None, "{text}");
        }
    }

    #[test]
    fn networks_are_parsed() {
        for (text, wanted) in [("10.0.0.0/8", "10.0.0.0/8"), ("192.0.2.7", "192.0.2.7/32"), ("fd00::/8", "fd00::/8")] {
            assert_eq!(text.parse::<Network>().unwrap().0.to_string(), wanted);
        }
        for text in ["10.0.0.0/33", "10.0.0/8", "fd00::/129", "localhost", ""] {
            assert_eq!(text.parse::<Network>(), Err(NetworkError), "{text}");
        }
    }
}
