//! Recognises dates in various formats, and writes the steps that read them.

/// The format of dates, as the steps that read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dates {
    /// The steps.
    pub steps: String,
    /// Why a person should look at it.
    pub unsure: Option<&'static str>,
    /// Whether the parameter `zone` is used.
    pub zone: bool,
}

/// Texts that mean that there is no date.
const NO_DATES: [&str; 10] = [
    "0000-00-00 00:00:00",
    "0000-00-00",
    "00.00.0000",
    "00000000",
    "0001-01-01T00:00:00",
    "0001-01-01 00:00:00",
    "0",
    "-",
    "null",
    "NULL",
];

/// The format of the values, if they are dates: times, or birth dates.
pub(super) fn dates(texts: &[String], is_birthdate: bool) -> Option<Dates> {
    let empty: Vec<&str> = NO_DATES.into_iter().filter(|none| texts.iter().any(|text| text == none)).collect();
    let real: Vec<&str> = texts.iter().map(|text| text.trim()).filter(|text| !NO_DATES.contains(text)).collect();
    let spelling = spelling(&real)?;
    let none = empty.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
    Some(made(spelling, &none, is_birthdate))
}

/// One way to write dates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    Iso {
        needs_zone: bool,
    },
    Epoch(&'static str),
    Filetime,
    Generalized,
    /// `YYYYMMDD`, which has no time of day.
    Compact,
    /// The name of a format that has its zone in itself.
    Named(&'static str),
    /// `/Date(…)/`
    Dotnet,
    Format {
        order: Order,
        clock: Clock,
        unsure: Option<&'static str>,
    },
}

/// What a date begins with, and what stands between its parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Day(char),
    Month(char),
    Year(char),
}

/// The time of day behind a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Clock {
    None,
    Minutes,
    Seconds,
    /// With AM or PM, and seconds or not.
    Half {
        seconds: bool,
    },
}

impl Order {
    fn format(self) -> String {
        match self {
            Self::Day(c) => format!("%d{c}%m{c}%Y"),
            Self::Month(c) => format!("%m{c}%d{c}%Y"),
            Self::Year(c) => format!("%Y{c}%m{c}%d"),
        }
    }
}

impl Clock {
    fn format(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Minutes => " %H:%M",
            Self::Seconds => " %H:%M:%S",
            Self::Half { seconds: true } => " %I:%M:%S %p",
            Self::Half { seconds: false } => " %I:%M %p",
        }
    }

    /// What a text behind the date is; `None` if it is no time of day.
    fn of(text: &str) -> Option<Self> {
        let (time, half) = match text.rsplit_once(' ') {
            Some((time, half)) if half.eq_ignore_ascii_case("am") || half.eq_ignore_ascii_case("pm") => (time, true),
            Some(_) => return None,
            None => (text, false),
        };
        let parts: Vec<&str> = time.split(':').collect();
        if !parts.iter().all(|part| digits(part) && part.len() <= 2) {
            return None;
        }
        match (parts.len(), half) {
            (2, false) => Some(Self::Minutes),
            (3, false) => Some(Self::Seconds),
            (count @ 2..=3, true) => Some(Self::Half { seconds: count == 3 }),
            _ => None,
        }
    }
}

fn spelling(texts: &[&str]) -> Option<Spelling> {
    let all = |is: fn(&str) -> bool| !texts.is_empty() && texts.iter().all(|text| is(text));
    if all(is_iso) {
        let needs_zone = texts.iter().any(|text| !has_zone(text));
        return Some(Spelling::Iso { needs_zone });
    }
    if all(|text| text.len() == 18 && digits(text) && text.starts_with('1')) {
        return Some(Spelling::Filetime);
    }
    if all(|text| text.len() >= 15 && text.ends_with('Z') && text.get(..14).is_some_and(digits)) {
        return Some(Spelling::Generalized);
    }
    if all(is_compact) {
        return Some(Spelling::Compact);
    }
    if all(is_count) {
        return epoch(texts);
    }
    if all(|text| text.starts_with("/Date(") && text.ends_with(")/")) {
        return Some(Spelling::Dotnet);
    }
    let named = |zone: &'static str| texts.iter().all(|text| text.get(3..5) == Some(", ") && text.ends_with(zone));
    if !texts.is_empty() && named(" GMT") {
        return Some(Spelling::Named("http"));
    }
    if all(|text| {
        text.get(3..5) == Some(", ") && text.rsplit(' ').next().is_some_and(|zone| zone.starts_with(['+', '-']))
    }) {
        return Some(Spelling::Named("rfc2822"));
    }
    written(texts)
}

/// `YYYYMMDD`: eight digits that are a day of the last or this century.
fn is_compact(text: &str) -> bool {
    let part = |range: std::ops::Range<usize>| text.get(range).and_then(|part| part.parse::<u32>().ok()).unwrap_or(0);
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    text.len() == 8
        && digits(text)
        && (1850..=2100).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
}

/// A number with or without a fraction.
fn is_count(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    digits(whole) && digits(fraction)
}

fn epoch(texts: &[&str]) -> Option<Spelling> {
    let whole = |text: &str| text.split('.').next().map_or(0, str::len);
    let longest = texts.iter().map(|text| whole(text)).max()?;
    match longest {
        8..=10 => Some(Spelling::Epoch("s")),
        12..=13 => Some(Spelling::Epoch("ms")),
        15..=16 => Some(Spelling::Epoch("us")),
        _ => None,
    }
}

/// Dates of three numbers; a number over twelve tells the day from the month.
fn written(texts: &[&str]) -> Option<Spelling> {
    let parts: Option<Vec<Three>> = texts.iter().map(|text| three(text)).collect();
    let parts = parts.filter(|parts| !parts.is_empty())?;
    let first = *parts.first()?;
    if parts
        .iter()
        .any(|part| (part.separator, part.year_first, part.clock) != (first.separator, first.year_first, first.clock))
    {
        return None;
    }
    let (separator, clock) = (first.separator, first.clock);
    if first.year_first {
        return Some(Spelling::Format { order: Order::Year(separator), clock, unsure: None });
    }
    let (first_is_day, second_is_day) =
        (parts.iter().any(|part| part.one > 12), parts.iter().any(|part| part.two > 12));
    if first_is_day && second_is_day {
        return None;
    }
    let is_us = second_is_day || (separator == '/' && !first_is_day);
    let is_open = separator != '.' && !first_is_day && !second_is_day;
    let order = if is_us { Order::Month(separator) } else { Order::Day(separator) };
    let unsure = is_open.then_some("day and month may be swapped");
    matches!(separator, '.' | '/' | '-').then_some(Spelling::Format { order, clock, unsure })
}

/// A date of three numbers.
#[derive(Debug, Clone, Copy)]
struct Three {
    one: u32,
    two: u32,
    separator: char,
    year_first: bool,
    clock: Clock,
}

/// The numbers of a date, the separator, and the time of day that follows.
fn three(text: &str) -> Option<Three> {
    let (date, time) = text.split_once(' ').map_or((text, None), |(date, time)| (date, Some(time.trim())));
    let date = date.trim_end_matches(',');
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = date.split(separator);
    let (first, second, third) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || ![first, second, third].iter().all(|part| digits(part)) {
        return None;
    }
    let clock = time.map_or(Some(Clock::None), Clock::of)?;
    let year_first = first.len() == 4;
    let (one, two, year) = if year_first { (second, third, first) } else { (first, second, third) };
    let is_day = one.len() <= 2 && two.len() <= 2 && year.len() == 4 && !text.contains(',');
    is_day.then_some(Three { one: one.parse().ok()?, two: two.parse().ok()?, separator, year_first, clock })
}

fn made(spelling: Spelling, none: &str, is_birthdate: bool) -> Dates {
    let mut zone = false;
    let mut unsure = None;
    let none_list = if none.is_empty() { String::new() } else { format!("none: [ {none} ]") };
    let steps = match spelling {
        Spelling::Iso { needs_zone } => {
            zone = needs_zone && !is_birthdate;
            date(&[String::new(), zone_of(zone), none_list, to(is_birthdate)])
        }
        Spelling::Named(name) => date(&[format!("format: {name}"), none_list, to(is_birthdate)]),
        Spelling::Dotnet if is_birthdate => "dotnet_date, to_date".to_owned(),
        Spelling::Dotnet => "dotnet_date".to_owned(),
        Spelling::Compact => {
            zone = !is_birthdate;
            date(&["format: \"%Y%m%d\"".to_owned(), zone_of(zone), none_list, to(is_birthdate)])
        }
        Spelling::Format { order, clock, unsure: why } => {
            let format = format!("{}{}", order.format(), clock.format());
            unsure = why;
            zone = !is_birthdate;
            date(&[format!("format: \"{format}\""), zone_of(zone), none_list, to(is_birthdate)])
        }
        Spelling::Epoch(unit) if none.is_empty() => format!("epoch: {unit}"),
        Spelling::Epoch(unit) => format!("epoch: {{ unit: {unit}, none: [ {none} ] }}"),
        Spelling::Filetime => "filetime".to_owned(),
        Spelling::Generalized => "generalized_time".to_owned(),
    };
    let counts = matches!(spelling, Spelling::Epoch(_) | Spelling::Filetime | Spelling::Generalized);
    let steps = if counts && is_birthdate { format!("{steps}, to_date") } else { steps };
    Dates { steps, unsure, zone }
}

fn date(arguments: &[String]) -> String {
    let given: Vec<&str> = arguments.iter().map(String::as_str).filter(|argument| !argument.is_empty()).collect();
    if given.is_empty() { "date".to_owned() } else { format!("date: {{ {} }}", given.join(", ")) }
}

fn zone_of(zone: bool) -> String {
    if zone { "zone: $params.zone".to_owned() } else { String::new() }
}

fn to(is_birthdate: bool) -> String {
    if is_birthdate { "to: date".to_owned() } else { "to: time".to_owned() }
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_iso(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_date = text.get(..10).is_some_and(|date| {
        date.bytes().enumerate().all(|(at, byte)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() })
    });
    is_date && (bytes.len() == 10 || matches!(bytes.get(10), Some(b'T' | b't' | b' ')))
}

fn has_zone(text: &str) -> bool {
    let time = text.get(10..).unwrap_or("");
    text.ends_with(['Z', 'z']) || time.contains('+') || time.contains('-') || time.ends_with("UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn spellings_of_dates() {
        for (values, wanted) in [
            (&["2022-04-04T15:56:05.000Z"][..], "date: { to: time }"),
            (
                &["2012-09-14 21:05:48", "0000-00-00 00:00:00"],
                "date: { zone: $params.zone, none: [ \"0000-00-00 00:00:00\" ], to: time }",
            ),
            (&["1571044331.274"], "epoch: s"),
            (&["1583599512905"], "epoch: ms"),
            (&["1365485441", "0"], "epoch: { unit: s, none: [ \"0\" ] }"),
            (&["132514880000000000"], "filetime"),
            (&["20190830110205.0Z"], "generalized_time"),
            (&["31.12.1999 23:59:59"], "date: { format: \"%d.%m.%Y %H:%M:%S\", zone: $params.zone, to: time }"),
        ] {
            assert_eq!(dates(&texts(values), false).unwrap().steps, wanted, "{values:?}");
        }
        for (values, wanted) in [
            (&["1984-02-29"][..], "date: { to: date }"),
            (&["31.12.1999"], "date: { format: \"%d.%m.%Y\", to: date }"),
            (&["12/31/1999"], "date: { format: \"%m/%d/%Y\", to: date }"),
            (&["31/12/1999", "01/02/1999"], "date: { format: \"%d/%m/%Y\", to: date }"),
        ] {
            assert_eq!(dates(&texts(values), true).unwrap().steps, wanted, "{values:?}");
        }
        assert!(dates(&texts(&["01/02/1999"]), true).unwrap().unsure.is_some());
        for values in [&["yesterday"][..], &["31/12/1999", "12/31/1999"], &["7"], &[]] {
            assert_eq!(dates(&texts(values), false), None, "{values:?}");
        }
    }
}
