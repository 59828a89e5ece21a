//! How long a server asks its callers to pause, by the headers of its answers.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{DATE, HeaderMap, RETRY_AFTER};

/// The pause after 429 without a time. Stops all instances from calling on; short enough for a customer who waits.
const UNKNOWN_PAUSE: Duration = Duration::from_secs(1);

/// From here on a number is a time and no number of seconds to wait: thirty years.
const EPOCH_SECONDS: f64 = 1e9;

/// From here on a number is a time in milliseconds.
const EPOCH_MILLIS: f64 = 1e12;

/// Headers of which one says how many calls are left, and the other when there are more. They are repeated for each limit.
const PAIRS: [(&str, &str); 3] = [
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("x-rate-limit-remaining", "x-rate-limit-reset"),
    // draft-ietf-httpapi-ratelimit-headers, up to version 7
    ("ratelimit-remaining", "ratelimit-reset"),
];

/// The pause that an answer asks for.
pub(super) fn pause(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    // times of the server are compared with its own clock
    let server = text(headers, DATE.as_str()).next().and_then(date).unwrap_or(now);
    let is_refused = matches!(status, 429 | 503);
    let retry_after = text(headers, RETRY_AFTER.as_str()).filter(|_| is_refused).find_map(|text| wait(text, server));
    let used_up = PAIRS.iter().filter_map(|(remaining, reset)| used_up(headers, remaining, reset, server));
    let found = retry_after.into_iter().chain(used_up).chain(draft(headers, server)).max();
    found.or((status == 429).then_some(UNKNOWN_PAUSE)).filter(|pause| !pause.is_zero())
}

/// How long until all limits have calls again, if one of them has none left.
fn used_up(headers: &HeaderMap, remaining: &str, reset: &str, server: Timestamp) -> Option<Duration> {
    let remaining: Vec<&str> = items(headers, remaining).collect();
    let resets: Vec<&str> = items(headers, reset).collect();
    let is_empty = |remaining: &&str| remaining.parse::<f64>().is_ok_and(|left| left <= 0.0);
    if remaining.len() != resets.len() {
        let longest = resets.iter().filter_map(|text| wait(text, server)).max();
        return longest.filter(|_| remaining.iter().any(is_empty));
    }
    let empty = remaining.iter().zip(resets).filter(|(remaining, _)| is_empty(remaining));
    empty.filter_map(|(_, reset)| wait(reset, server)).max()
}

/// The single header of the draft: `"day";r=0;t=40` since version 8, `limit=10, remaining=0, reset=40` before version 3.
fn draft(headers: &HeaderMap, server: Timestamp) -> Option<Duration> {
    let old: Vec<&str> = items(headers, "ratelimit").collect();
    let policies = old.iter().map(|item| parameters(item, "r", "t"));
    let single = old.join(";");
    policies.chain([parameters(&single, "remaining", "reset")]).flatten().filter_map(|text| wait(text, server)).max()
}

/// When a limit has calls again, if it has none left.
fn parameters<'t>(item: &'t str, remaining: &str, reset: &str) -> Option<&'t str> {
    let value = |name: &str| {
        let mut pairs = item.split(';').filter_map(|part| part.split_once('='));
        pairs.find(|(key, _)| key.trim() == name).map(|(_, value)| value.trim())
    };
    value(reset).filter(|_| value(remaining) == Some("0"))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).map(str::trim)
}

/// The values of a header that is repeated, or a list. A date contains a comma, too.
fn items<'h>(headers: &'h HeaderMap, name: &str) -> impl Iterator<Item = &'h str> {
    text(headers, name).flat_map(|value| {
        let is_date = date(value).is_some();
        value.split(move |c: char| c == ',' && !is_date).map(str::trim).filter(|item| !item.is_empty())
    })
}

/// The time to wait, written as seconds, as a time since 1970 or as a date.
fn wait(text: &str, server: Timestamp) -> Option<Duration> {
    let until = match text.parse::<f64>() {
        Ok(seconds) if seconds < EPOCH_SECONDS => return Duration::try_from_secs_f64(seconds).ok(),
        Ok(seconds) if seconds < EPOCH_MILLIS => Timestamp::from_microsecond(micros(seconds, 1e6)).ok()?,
        Ok(millis) => Timestamp::from_microsecond(micros(millis, 1e3)).ok()?,
        Err(_) => date(text)?,
    };
    Some(until.duration_since(server).try_into().unwrap_or(Duration::ZERO))
}

#[expect(clippy::cast_possible_truncation, reason = "a number that does not fit becomes the largest that does")]
fn micros(number: f64, factor: f64) -> i64 {
    (number * factor) as i64
}

/// A date of HTTP (RFC 9110, section 5.6.7), or of RFC 3339.
fn date(text: &str) -> Option<Timestamp> {
    let http = jiff::fmt::rfc2822::parse(text).map(|date| date.timestamp());
    http.ok().or_else(|| text.parse().ok())
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    fn paused(status: u16, headers: &[(&'static str, &str)]) -> Option<u64> {
        let now = "2026-03-01T12:00:00Z".parse().unwrap();
        let pair = |(name, value): &(&'static str, &str)| {
            (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())
        };
        pause(status, &headers.iter().map(pair).collect(), now).map(|pause| pause.as_secs())
    }

    #[test]
    fn a_refusal_says_how_long_to_wait() {
        let date = "Sun, 01 Mar 2026 12:00:20 GMT";
        assert_eq!(paused(429, &[("retry-after", "7")]), Some(7));
        assert_eq!(paused(503, &[("retry-after", date)]), Some(20));
        let behind = [("date", "Sun, 01 Mar 2026 11:00:15 GMT"), ("retry-after", "Sun, 01 Mar 2026 11:00:20 GMT")];
        assert_eq!(paused(429, &behind), Some(5), "by the clock of the server");
        assert_eq!(paused(429, &[("retry-after", "Sun, 01 Mar 2026 11:00:00 GMT")]), None, "it is over");
        assert_eq!(paused(429, &[]), Some(1));
        assert_eq!(paused(429, &[("retry-after", "soon")]), Some(1));
        assert_eq!(paused(503, &[]), None);
        assert_eq!(paused(201, &[("retry-after", "7")]), None);
    }

    #[test]
    fn a_limit_that_is_used_up_says_when_there_are_calls_again() {
        let left = |remaining, reset| [("x-ratelimit-remaining", remaining), ("x-ratelimit-reset", reset)];
        assert_eq!(paused(201, &left("0", "30")), Some(30));
        assert_eq!(paused(201, &left("1", "30")), None);
        assert_eq!(paused(201, &left("0", "1772366445")), Some(45));
        assert_eq!(paused(201, &left("0", "1772366445000")), Some(45));
        assert_eq!(paused(201, &left("0", "Sun, 01 Mar 2026 12:00:20 GMT")), Some(20));
        assert_eq!(paused(201, &left("0", "2026-03-01T12:00:20Z")), Some(20));
        assert_eq!(paused(200, &[("x-rate-limit-remaining", "0"), ("x-rate-limit-reset", "1772366445")]), Some(45));
        assert_eq!(paused(200, &[("ratelimit-remaining", "0"), ("ratelimit-reset", "3")]), Some(3));
        assert_eq!(paused(200, &[("ratelimit", "\"day\";r=0;t=40, \"hour\";r=9;t=80")]), Some(40));
        assert_eq!(paused(200, &[("ratelimit", "limit=10, remaining=0, reset=8")]), Some(8));
        assert_eq!(paused(200, &[("ratelimit", "limit=10, remaining=5, reset=8")]), None);
    }

    #[test]
    fn each_limit_has_its_own_headers() {
        let buckets = |first, second| {
            [
                ("x-ratelimit-remaining", first),
                ("x-ratelimit-remaining", second),
                ("x-ratelimit-reset", "1"),
                ("x-ratelimit-reset", "50"),
            ]
        };
        assert_eq!(paused(201, &buckets("0", "400")), Some(1));
        assert_eq!(paused(201, &buckets("9", "0")), Some(50));
        assert_eq!(paused(429, &buckets("0", "0")), Some(50));
        assert_eq!(paused(201, &[("x-ratelimit-remaining", "9, 0"), ("x-ratelimit-reset", "1, 50")]), Some(50));
    }
}
