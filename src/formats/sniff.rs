//! Detects the format of a file from its first bytes, if its name does not show it.

use super::Format;

/// The number of bytes that are enough to detect the format.
pub const SNIFF_BYTES: usize = 64 * 1024;

/// The format that a file with these first bytes most likely has. A complete object in the first line distinguishes NDJSON from JSON.
#[must_use]
pub fn sniff(head: &[u8]) -> Option<Format> {
    let text = String::from_utf8_lossy(head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head));
    let mut lines = text.lines().map(str::trim_end).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let first = lines.next()?;
    let lower = first.to_ascii_lowercase();
    if first.trim_start().starts_with('[') {
        return Some(Format::Json);
    }
    if first.trim_start().starts_with('{') {
        let is_whole = serde_json::from_str::<serde::de::IgnoredAny>(first).is_ok();
        let goes_on = lines.next().is_some_and(|next| next.trim_start().starts_with('{'));
        return Some(if is_whole && goes_on { Format::Ndjson } else { Format::Json });
    }
    if lower.starts_with("dn:")
        || lower.starts_with("version:") && lines.next().is_some_and(|next| next.starts_with("dn:"))
    {
        return Some(Format::Ldif);
    }
    if first.starts_with("---") || first.starts_with("- ") || first.starts_with('%') {
        return Some(Format::Yaml);
    }
    let is_key = |key: &str| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if first.split_once(':').is_some_and(|(key, rest)| is_key(key) && (rest.is_empty() || rest.starts_with(' '))) {
        return Some(Format::Yaml);
    }
    first.contains([',', ';', '\t']).then_some(Format::Csv)
}
