//! The digests that legacy systems use, selected by name at run time.

use hmac::{KeyInit, Mac, SimpleHmac};
use zeroize::Zeroizing;

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digest {
    /// RFC 1320
    Md4,
    /// RFC 1321
    Md5,
    /// RIPEMD-160
    Ripemd160,
    /// FIPS 180-4
    Sha1,
    /// FIPS 180-4
    Sha224,
    /// FIPS 180-4
    Sha256,
    /// FIPS 180-4
    Sha384,
    /// FIPS 180-4
    Sha512,
    /// FIPS 180-4
    Sha512_256,
    /// FIPS 202
    Sha3_224,
    /// FIPS 202
    Sha3_256,
    /// FIPS 202
    Sha3_384,
    /// FIPS 202
    Sha3_512,
    /// RFC 7693, 512 bits
    Blake2b,
    /// RFC 7693, 256 bits
    Blake2s,
    /// GOST R 34.11-2012 (RFC 6986)
    Streebog256,
    /// GOST R 34.11-2012 (RFC 6986)
    Streebog512,
    /// ISO/IEC 10118-3
    Whirlpool,
}

/// Runs the first body with `$hasher` as the type of a digest of the MD and SHA families, the second one for the rest.
macro_rules! with_hasher {
    ($digest:expr, $hasher:ident => $blocks:expr, $sponge:expr) => {
        match $digest {
            Digest::Md4 => { type $hasher = md4::Md4; $blocks }
            Digest::Md5 => { type $hasher = md5::Md5; $blocks }
            Digest::Ripemd160 => { type $hasher = ripemd::Ripemd160; $blocks }
            Digest::Sha1 => { type $hasher = sha1::Sha1; $blocks }
            Digest::Sha224 => { type $hasher = sha2::Sha224; $blocks }
            Digest::Sha256 => { type $hasher = sha2::Sha256; $blocks }
            Digest::Sha384 => { type $hasher = sha2::Sha384; $blocks }
            Digest::Sha512 => { type $hasher = sha2::Sha512; $blocks }
            Digest::Sha512_256 => { type $hasher = sha2::Sha512_256; $blocks }
            Digest::Sha3_224 => { type $hasher = sha3::Sha3_224; $sponge }
            Digest::Sha3_256 => { type $hasher = sha3::Sha3_256; $sponge }
            Digest::Sha3_384 => { type $hasher = sha3::Sha3_384; $sponge }
            Digest::Sha3_512 => { type $hasher = sha3::Sha3_512; $sponge }
            Digest::Blake2b => { type $hasher = blake2::Blake2b512; $sponge }
            Digest::Blake2s => { type $hasher = blake2::Blake2s256; $sponge }
            Digest::Streebog256 => { type $hasher = streebog::Streebog256; $sponge }
            Digest::Streebog512 => { type $hasher = streebog::Streebog512; $sponge }
            Digest::Whirlpool => { type $hasher = whirlpool::Whirlpool; $sponge }
        }
    };
    ($digest:expr, $hasher:ident => $body:expr) => {
        with_hasher!($digest, $hasher => $body, $body)
    };
}

/// Every digest with its canonical name.
const NAMES: [(&str, Digest); 18] = [
    ("md4", Digest::Md4),
    ("md5", Digest::Md5),
    ("ripemd160", Digest::Ripemd160),
    ("sha1", Digest::Sha1),
    ("sha224", Digest::Sha224),
    ("sha256", Digest::Sha256),
    ("sha384", Digest::Sha384),
    ("sha512", Digest::Sha512),
    ("sha512_256", Digest::Sha512_256),
    ("sha3_224", Digest::Sha3_224),
    ("sha3_256", Digest::Sha3_256),
    ("sha3_384", Digest::Sha3_384),
    ("sha3_512", Digest::Sha3_512),
    ("blake2b", Digest::Blake2b),
    ("blake2s", Digest::Blake2s),
    ("streebog256", Digest::Streebog256),
    ("streebog512", Digest::Streebog512),
    ("whirlpool", Digest::Whirlpool),
];

impl Digest {
    /// The digest with a name, in any spelling: `sha256`, `SHA-256`, `sha_256`, `rmd160`, `sha`.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        let plain = |text: &str| text.replace(['-', '_', '/'], "").to_ascii_lowercase();
        let wanted = match plain(name).as_str() {
            "sha" => "sha1".to_owned(),
            "blake2b512" => "blake2b".to_owned(),
            "blake2s256" => "blake2s".to_owned(),
            "ripemd" | "rmd160" => "ripemd160".to_owned(),
            other => other.to_owned(),
        };
        NAMES.iter().find(|(name, _)| plain(name) == wanted).map(|(_, digest)| *digest)
    }

    /// The canonical name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, digest)| *digest == self).map_or("", |(name, _)| name)
    }

    /// The length of the output in bytes.
    #[must_use]
    pub fn size(self) -> usize {
        with_hasher!(self, D => <D as sha2::Digest>::output_size())
    }

    /// The digest of the concatenated parts.
    #[must_use]
    pub fn hash(self, parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        with_hasher!(self, D => {
            let mut hasher = <D as sha2::Digest>::new();
            for part in parts {
                sha2::Digest::update(&mut hasher, part);
            }
            Zeroizing::new(sha2::Digest::finalize(hasher).to_vec())
        })
    }

    /// The digest applied to `value` the given number of times.
    #[must_use]
    pub fn repeat(self, times: u64, value: Zeroizing<Vec<u8>>) -> Zeroizing<Vec<u8>> {
        with_hasher!(self, D => {
            let mut value = value;
            for _ in 0..times {
                let next = <D as sha2::Digest>::digest(value.as_slice());
                value.clear();
                value.extend_from_slice(&next);
            }
            value
        })
    }

    /// HMAC (RFC 2104) of the concatenated parts.
    #[must_use]
    pub fn hmac(self, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
        with_hasher!(self, D => {
            // HMAC accepts keys of any length, so this is unreachable; the empty output equals no stored hash.
            let Ok(mut mac) = <SimpleHmac<D> as KeyInit>::new_from_slice(key) else { return Zeroizing::default() };
            for part in parts {
                mac.update(part);
            }
            Zeroizing::new(mac.finalize().into_bytes().to_vec())
        })
    }

    /// PBKDF2 (RFC 8018) with HMAC of this digest, into `output`.
    pub fn pbkdf2(self, password: &[u8], salt: &[u8], iterations: u32, output: &mut [u8]) {
        with_hasher!(
            self,
            D => pbkdf2::pbkdf2_hmac::<D>(password, salt, iterations, output),
            // These have no precomputed key state; here too a key of any length is valid.
            pbkdf2::pbkdf2::<SimpleHmac<D>>(password, salt, iterations, output).unwrap_or_default()
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_found_in_many_spellings() {
        let cases = [
            ("SHA-256", Some(Digest::Sha256)),
            ("sha_512", Some(Digest::Sha512)),
            ("SHA", Some(Digest::Sha1)),
            ("sha3-256", Some(Digest::Sha3_256)),
            ("SHA512/256", Some(Digest::Sha512_256)),
            ("BLAKE2b-512", Some(Digest::Blake2b)),
            ("RIPEMD-160", Some(Digest::Ripemd160)),
            ("sha257", None),
            ("", None),
        ];
        for (name, digest) in cases {
            assert_eq!(Digest::named(name), digest, "{name}");
        }
    }

    #[test]
    fn known_answers() {
        let hex = |bytes: &[u8]| hex::encode(bytes);
        assert_eq!(hex(&Digest::Md5.hash(&[b"a", b"bc"])), "900150983cd24fb0d6963f7d28e17f72");
        assert_eq!(hex(&Digest::Md5.repeat(1, Digest::Md5.hash(&[b""]))), "59adb24ef3cdbe0297f05b395827453f");
        assert_eq!(
            hex(&Digest::Md5.hmac(b"Jefe", &[b"what do ya want for nothing?"])),
            "750c783e6ab0b503eaa86e310a5db738"
        );
        let mut key = [0; 20];
        Digest::Sha1.pbkdf2(b"password", b"salt", 2, &mut key);
        assert_eq!(hex(&key), "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957");
    }
}
