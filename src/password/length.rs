//! How much of a hash must be stored: a truncated hash is malformed and must not become easy to match.

use super::verdict::Problem;

/// The fewest bytes of a hash that can verify a password. A column that is too narrow or a careless export truncates
/// hashes, and one byte of PBKDF2 accepts one wrong password in 256. Every format except those in [`SHORTER`] stores at
/// least an MD5.
const LEAST_BYTES: usize = 16;

/// A format that is defined with fewer than [`LEAST_BYTES`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shorter {
    name: &'static str,
    least: usize,
    because: &'static str,
}

/// DES crypt, traditional and extended.
pub(crate) const DES_CRYPT: &Shorter =
    &Shorter { name: "DES crypt", least: 8, because: "crypt(3) and BSDi store one DES block of 64 bits" };
/// MySQL before 4.1.
pub(crate) const MYSQL_323: &Shorter =
    &Shorter { name: "mysql323", least: 8, because: "OLD_PASSWORD() produces two words of 31 bits" };
/// Oracle before 11g.
pub(crate) const ORACLE_10: &Shorter =
    &Shorter { name: "oracle10", least: 8, because: "Oracle stores the last DES block of 64 bits" };
/// Templates that truncate their own digest.
pub(crate) const CUT_BY_TEMPLATE: &Shorter = &Shorter {
    name: "template",
    least: 8,
    because: "`left` and `substr` describe what the legacy system kept, such as the middle half of an MD5 (DedeCMS, hashcat's mode 5100)",
};

/// All formats that are defined with fewer bytes.
#[cfg(test)]
const SHORTER: [&Shorter; 4] = [DES_CRYPT, MYSQL_323, ORACLE_10, CUT_BY_TEMPLATE];

/// The length of a stored hash, in bytes of the hash and not of its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashLength {
    /// A number of bytes.
    Bytes(usize),
    /// A number of bytes of a format that is defined with fewer than others.
    Shorter(&'static Shorter, usize),
    /// Not a hash: plain text, which the limits must allow.
    Plain,
}

impl HashLength {
    /// Rejects a truncated hash.
    ///
    /// # Errors
    /// [`Problem::Malformed`] if there are fewer bytes than the format has.
    pub fn check(self) -> Result<(), Problem> {
        match self {
            Self::Bytes(bytes) if bytes < LEAST_BYTES => Err(Problem::malformed(format!(
                "the stored hash is truncated: it has {bytes} bytes, but such schemes have at least {LEAST_BYTES}"
            ))),
            Self::Shorter(Shorter { name, least, because }, bytes) if bytes < *least => {
                Err(Problem::malformed(format!(
                    "the stored hash is truncated: it has {bytes} bytes, but {name} has at least {least}: {because}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The shorter of two lengths; plain text has no length to compare.
    pub fn min(self, other: Self) -> Self {
        let bytes = |length: Self| match length {
            Self::Bytes(bytes) | Self::Shorter(_, bytes) => bytes,
            Self::Plain => usize::MAX,
        };
        if bytes(other) < bytes(self) { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shorter_formats_have_a_reason() {
        for format in SHORTER {
            assert!((8..LEAST_BYTES).contains(&format.least), "{}", format.name);
            assert!(format.because.len() > 20, "{}", format.name);
            assert_eq!(HashLength::Shorter(format, format.least).check(), Ok(()), "{}", format.name);
            assert!(HashLength::Shorter(format, format.least - 1).check().is_err(), "{}", format.name);
        }
        assert_eq!(HashLength::Bytes(16).check(), Ok(()));
        assert!(matches!(HashLength::Bytes(15).check(), Err(Problem::Malformed(_))));
    }
}
