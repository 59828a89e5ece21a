//! Heads of the audit kept elsewhere, in a file with one per line: `TIME NUMBER:DIGEST`.

use std::io::{self, BufRead, Read as _};

use jiff::Timestamp;
use thiserror::Error;

use crate::ports::AuditHead;

/// The longest line, in bytes; an anchor has less than a hundred. Stops a file of another kind from filling the memory.
const MAX_LINE: u64 = 1024;

/// How many anchors are read: two years of one per minute.
const MAX_ANCHORS: usize = 1_000_000;

/// An anchor file that cannot be used.
#[derive(Debug, Error)]
pub enum AnchorError {
    /// The file cannot be read.
    #[error("cannot read the anchors: {0}")]
    Read(io::ErrorKind),
    /// A line is not an anchor.
    #[error("line {0} is not an anchor: expected a time and a head, such as `2026-01-02T03:04:05Z 7:…`")]
    Line(usize),
    /// The file has too many anchors.
    #[error("the file has more than {MAX_ANCHORS} anchors")]
    TooMany,
}

/// Reads an anchor file. Empty lines and lines that begin with `#` are skipped.
///
/// ```
/// let text = "# of the shop\n2026-01-02T03:04:05Z 2:00112233445566778899aabbccddeeff\n";
/// let anchors = landfall::audit::read_anchors(&mut text.as_bytes())?;
/// assert_eq!(anchors[0].number, 2);
/// # Ok::<(), landfall::audit::AnchorError>(())
/// ```
///
/// # Errors
/// [`AnchorError`].
pub fn read_anchors(input: &mut impl BufRead) -> Result<Vec<AuditHead>, AnchorError> {
    let mut anchors = Vec::new();
    for number in 1.. {
        let mut line = String::new();
        let read = input.by_ref().take(MAX_LINE).read_line(&mut line);
        if read.map_err(|error| AnchorError::Read(error.kind()))? == 0 {
            break;
        }
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        if anchors.len() >= MAX_ANCHORS {
            return Err(AnchorError::TooMany);
        }
        anchors.push(anchor(text).ok_or(AnchorError::Line(number))?);
    }
    Ok(anchors)
}

fn anchor(text: &str) -> Option<AuditHead> {
    let (at, head) = text.split_once(' ')?;
    at.parse::<Timestamp>().ok()?;
    head.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anchors_round_trip() {
        let head = |number| AuditHead { number, chain: "0123456789abcdef".repeat(2) };
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let file = format!(
            "# maintained by hand\n\n{}\n{}\n",
            head(3).anchor_line(at("2026-01-02T03:04:05Z")),
            head(9).anchor_line(at("2026-01-02T04:04:05.5Z"))
        );
        assert_eq!(read_anchors(&mut file.as_bytes()).unwrap(), [head(3), head(9)]);
        for (text, line) in [("x 3:00", 1), ("# a\n2026-01-02T03:04:05Z\n", 2), ("2026-01-02T03:04:05Z 3:zz", 1)] {
            let error = read_anchors(&mut text.as_bytes()).unwrap_err();
            assert!(error.to_string().starts_with(&format!("line {line} is not an anchor")), "{error}");
        }
        let long = format!("{}\n", "x".repeat(5000));
        assert!(read_anchors(&mut long.as_bytes()).is_err());
    }
}
