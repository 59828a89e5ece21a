//! A point in the chain of the audit.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use thiserror::Error;

/// A point in the chain. Its text form, `number:chain`, can be kept elsewhere as an anchor.
///
/// ```
/// use landfall::ports::AuditHead;
/// let head: AuditHead = "2:00112233445566778899aabbccddeeff".parse()?;
/// assert_eq!((head.number, head.to_string().len()), (2, 34));
/// # Ok::<(), landfall::ports::AuditHeadError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditHead {
    /// The number of the row; 0 before the first row.
    pub number: u64,
    /// The digest of the row, 32 hexadecimal digits; empty before the first row.
    pub chain: String,
}

/// Text that is not a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not a head of the audit: expected a number, a colon and 32 hexadecimal digits")]
pub struct AuditHeadError;

impl fmt::Display for AuditHead {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.chain)
    }
}

impl FromStr for AuditHead {
    type Err = AuditHeadError;

    fn from_str(text: &str) -> Result<Self, AuditHeadError> {
        let (number, chain) = text.split_once(':').ok_or(AuditHeadError)?;
        let number = number.parse().map_err(|_| AuditHeadError)?;
        let digits = if number == 0 { 0 } else { 32 };
        if chain.len() != digits || !chain.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(AuditHeadError);
        }
        Ok(Self { number, chain: chain.to_owned() })
    }
}

impl AuditHead {
    /// The line for an anchor file, without the line end.
    #[must_use]
    pub fn anchor_line(&self, at: Timestamp) -> String {
        format!("{at} {self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_round_trip() {
        let head = AuditHead { number: 7, chain: "0123456789abcdef0123456789abcdef".into() };
        assert_eq!(head.to_string().parse(), Ok(head));
        assert_eq!("0:".parse(), Ok(AuditHead::default()));
        for text in ["", "7", "7:", "x:00", "7:0123456789abcdef0123456789abcdeg", "0:00"] {
            assert_eq!(text.parse::<AuditHead>(), Err(AuditHeadError), "{text}");
        }
    }
}
