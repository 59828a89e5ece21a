//! How much of a hash must be stored: a hash that was cut short is broken, and must not become easy to match.

use super::verdict::Problem;

/// The fewest bytes of hash that verify a password. A column that is too narrow or a careless export cuts hashes, and one byte
/// of PBKDF2 accepts one wrong password in 256. Every format but those of [`SHORTER`] stores at least an MD5.
const LEAST_BYTES: usize = 16;

/// A format that is defined with less than [`LEAST_BYTES`].
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
    &Shorter { name: "mysql323", least: 8, because: "OLD_PASSWORD() makes two words of 31 bits" };
/// Oracle before 11g.
pub(crate) const ORACLE_10: &Shorter =
    &Shorter { name: "oracle10", least: 8, because: "Oracle stores the last DES block of 64 bits" };
/// Templates that cut their own digest.
pub(crate) const CUT_BY_TEMPLATE: &Shorter = &Shorter {
    name: "template",
    least: 8,
    because: "`left` and `substr` say what the legacy system kept, such as the middle half of an MD5 (DedeCMS, hashcat's mode 5100)",
};

/// Every format that is defined with less.
#[cfg(test)]
const SHORTER: [&Shorter; 4] = [DES_CRYPT, MYSQL_323, ORACLE_10, CUT_BY_TEMPLATE];

/// How much of a hash is stored, in bytes of the hash and not of its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HashLength {
    /// So many bytes.
    Bytes(usize),
    /// So many bytes of a format that is defined with less than others.
    Shorter(&'static Shorter, usize),
    /// Not a hash: plain text, which the limits must allow.
    Plain,
}

impl HashLength {
    /// Refuses a hash that was cut short.
    ///
    /// # Errors
    /// [`Problem::Malformed`] when there is less than the format has.
    pub fn check(self) -> Result<(), Problem> {
        match self {
            Self::Bytes(bytes) if bytes < LEAST_BYTES => Err(Problem::malformed(format!(
                "the stored hash is cut short: it has {bytes} bytes, and {LEAST_BYTES} are the fewest of any such scheme"
            ))),
            Self::Shorter(Shorter { name, least, because }, bytes) if bytes < *least => {
                Err(Problem::malformed(format!(
                    "the stored hash is cut short: it has {bytes} bytes, and {name} has at least {least}: {because}"
                )))
            }
            _ => Ok(()),
        }
    }

    /// The shorter of two; plain text verifies nothing to compare with.
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
    fn shorter_formats_are_few_and_say_why() {
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
