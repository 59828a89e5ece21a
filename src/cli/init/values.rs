//! Recognises the texts of a field: dates in various formats, flags, email addresses, stored passwords.

use crate::password::{Detection, detect};

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
const NO_DATES: [&str; 5] = ["0000-00-00 00:00:00", "0000-00-00", "0", "-", "null"];

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
    Iso { needs_zone: bool },
    Epoch(&'static str),
    Filetime,
    Generalized,
    Format { format: &'static str, unsure: Option<&'static str> },
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
    if all(is_count) {
        return epoch(texts);
    }
    written(texts)
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
    let parts: Option<Vec<(u32, u32, char, bool)>> = texts.iter().map(|text| three(text)).collect();
    let parts = parts.filter(|parts| !parts.is_empty())?;
    let (first_is_day, second_is_day) = (parts.iter().any(|part| part.0 > 12), parts.iter().any(|part| part.1 > 12));
    let separator = parts.first()?.2;
    let with_time = parts.iter().all(|part| part.3);
    if parts.iter().any(|part| part.2 != separator || part.3 != with_time) || (first_is_day && second_is_day) {
        return None;
    }
    let is_us = second_is_day || (separator == '/' && !first_is_day);
    let format = match (separator, is_us, with_time) {
        ('.', _, false) => "%d.%m.%Y",
        ('.', _, true) => "%d.%m.%Y %H:%M:%S",
        ('/', true, false) => "%m/%d/%Y",
        ('/', true, true) => "%m/%d/%Y %H:%M:%S",
        ('/', false, false) => "%d/%m/%Y",
        ('/', false, true) => "%d/%m/%Y %H:%M:%S",
        _ => return None,
    };
    let is_open = separator == '/' && !first_is_day && !second_is_day;
    Some(Spelling::Format { format, unsure: is_open.then_some("day and month may be swapped") })
}

/// The first two numbers, the separator, and whether a time of day follows.
fn three(text: &str) -> Option<(u32, u32, char, bool)> {
    let (date, time) = text.split_once(' ').map_or((text, None), |(date, time)| (date, Some(time)));
    let separator = date.chars().find(|c| !c.is_ascii_digit())?;
    let mut parts = date.split(separator);
    let (first, second, year) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?);
    let is_time = time.is_none_or(|time| time.len() == 8 && time.matches(':').count() == 2);
    (year.len() == 4 && digits(year) && parts.next().is_none() && is_time).then_some((
        first,
        second,
        separator,
        time.is_some(),
    ))
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
        Spelling::Format { format, unsure: why } => {
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

/// Whether all values are flags: yes or no in some spelling.
pub(super) fn are_flags(texts: &[String]) -> bool {
    let words = ["0", "1", "true", "false", "yes", "no", "y", "n", "t", "f", "on", "off"];
    !texts.is_empty() && texts.iter().all(|text| words.contains(&text.trim().to_ascii_lowercase().as_str()))
}

/// Whether most values are email addresses.
pub(super) fn are_addresses(texts: &[String]) -> bool {
    let has_at = texts.iter().filter(|text| text.contains('@')).count();
    has_at > 0 && has_at * 2 >= texts.len()
}

/// The schemes of the texts, recognised by their prefixes; `None` if a text has no known prefix.
pub(super) fn schemes(texts: &[String]) -> Option<Vec<&'static str>> {
    let mut found = Vec::new();
    for text in texts {
        let Detection::Known(scheme) = detect(text) else { return None };
        if !found.contains(&scheme.name) {
            found.push(scheme.name);
        }
    }
    (!found.is_empty()).then_some(found)
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

    #[test]
    fn stored_passwords_name_their_scheme() {
        let bcrypt = "$2b$05$OFow9ag/05kVW63TyCOfNuSrVaR6nDyy4v5i0n9nK7gqJ/L9O38kW";
        let phpass = "$P$B5b98XUIku/oVW3o8Y3.ZjX/G3wWP8.";
        assert_eq!(schemes(&texts(&[bcrypt, phpass, bcrypt])), Some(vec!["bcrypt", "phpass"]));
        assert_eq!(schemes(&texts(&[bcrypt, "c7b7278e06acf48828dbae1b1e3bd943"])), None);
        assert_eq!(schemes(&[]), None);
    }
}
