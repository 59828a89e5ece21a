//! The digest algorithms of the language, and digests and HMACs of streamed values.

use hmac::{KeyInit, Mac, SimpleHmac};
use sha2::Digest;
use sha2::digest::common::BlockSizeUser;
use zeroize::Zeroize;

use super::error::TemplateEvaluateError;
use super::sink::{Sink, put_digest};
use super::tree::Spelling;

/// A digest algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Md4,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512Cut256,
    Ripemd160,
    Sha3Wide224,
    Sha3Wide256,
    Sha3Wide384,
    Sha3Wide512,
    Blake2b,
    Blake2s,
    Whirlpool,
}

/// Feeds a message or a key into a sink.
pub(super) type Feed<'f> = dyn FnMut(&mut dyn Sink) -> Result<(), TemplateEvaluateError> + 'f;

impl Algorithm {
    /// All algorithms, for look-up and suggestions.
    pub(super) const ALL: &[Self] = &[
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
        Self::Md4,
        Self::Sha224,
        Self::Sha384,
        Self::Sha512Cut256,
        Self::Ripemd160,
        Self::Sha3Wide224,
        Self::Sha3Wide256,
        Self::Sha3Wide384,
        Self::Sha3Wide512,
        Self::Blake2b,
        Self::Blake2s,
        Self::Whirlpool,
    ];

    /// The name in templates.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md4 => "md4",
            Self::Md5 => "md5",
            Self::Sha1 => "sha1",
            Self::Sha224 => "sha224",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
            Self::Sha512Cut256 => "sha512_256",
            Self::Ripemd160 => "ripemd160",
            Self::Sha3Wide224 => "sha3_224",
            Self::Sha3Wide256 => "sha3_256",
            Self::Sha3Wide384 => "sha3_384",
            Self::Sha3Wide512 => "sha3_512",
            Self::Blake2b => "blake2b",
            Self::Blake2s => "blake2s",
            Self::Whirlpool => "whirlpool",
        }
    }

    /// Finds an algorithm by its exact name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|algorithm| algorithm.name() == name)
    }

    /// Writes the digest of the fed message.
    pub(super) fn digest(
        self,
        spelling: Spelling,
        message: &mut Feed<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), TemplateEvaluateError> {
        match self {
            Self::Md4 => digest::<md4::Md4>(spelling, message, sink),
            Self::Md5 => digest::<md5::Md5>(spelling, message, sink),
            Self::Sha1 => digest::<sha1::Sha1>(spelling, message, sink),
            Self::Sha224 => digest::<sha2::Sha224>(spelling, message, sink),
            Self::Sha256 => digest::<sha2::Sha256>(spelling, message, sink),
            Self::Sha384 => digest::<sha2::Sha384>(spelling, message, sink),
            Self::Sha512 => digest::<sha2::Sha512>(spelling, message, sink),
            Self::Sha512Cut256 => digest::<sha2::Sha512_256>(spelling, message, sink),
            Self::Ripemd160 => digest::<ripemd::Ripemd160>(spelling, message, sink),
            Self::Sha3Wide224 => digest::<sha3::Sha3_224>(spelling, message, sink),
            Self::Sha3Wide256 => digest::<sha3::Sha3_256>(spelling, message, sink),
            Self::Sha3Wide384 => digest::<sha3::Sha3_384>(spelling, message, sink),
            Self::Sha3Wide512 => digest::<sha3::Sha3_512>(spelling, message, sink),
            Self::Blake2b => digest::<blake2::Blake2b512>(spelling, message, sink),
            Self::Blake2s => digest::<blake2::Blake2s256>(spelling, message, sink),
            Self::Whirlpool => digest::<whirlpool::Whirlpool>(spelling, message, sink),
        }
    }

    /// Writes the HMAC (RFC 2104) of the fed message under `key`.
    pub(super) fn hmac(
        self,
        spelling: Spelling,
        key: &[u8],
        message: &mut Feed<'_>,
        sink: &mut dyn Sink,
    ) -> Result<(), TemplateEvaluateError> {
        match self {
            Self::Md4 => hmac::<md4::Md4>(spelling, key, message, sink),
            Self::Md5 => hmac::<md5::Md5>(spelling, key, message, sink),
            Self::Sha1 => hmac::<sha1::Sha1>(spelling, key, message, sink),
            Self::Sha224 => hmac::<sha2::Sha224>(spelling, key, message, sink),
            Self::Sha256 => hmac::<sha2::Sha256>(spelling, key, message, sink),
            Self::Sha384 => hmac::<sha2::Sha384>(spelling, key, message, sink),
            Self::Sha512 => hmac::<sha2::Sha512>(spelling, key, message, sink),
            Self::Sha512Cut256 => hmac::<sha2::Sha512_256>(spelling, key, message, sink),
            Self::Ripemd160 => hmac::<ripemd::Ripemd160>(spelling, key, message, sink),
            Self::Sha3Wide224 => hmac::<sha3::Sha3_224>(spelling, key, message, sink),
            Self::Sha3Wide256 => hmac::<sha3::Sha3_256>(spelling, key, message, sink),
            Self::Sha3Wide384 => hmac::<sha3::Sha3_384>(spelling, key, message, sink),
            Self::Sha3Wide512 => hmac::<sha3::Sha3_512>(spelling, key, message, sink),
            Self::Blake2b => hmac::<blake2::Blake2b512>(spelling, key, message, sink),
            Self::Blake2s => hmac::<blake2::Blake2s256>(spelling, key, message, sink),
            Self::Whirlpool => hmac::<whirlpool::Whirlpool>(spelling, key, message, sink),
        }
    }
}

struct DigestSink<D>(D);

impl<D: Digest> Sink for DigestSink<D> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), TemplateEvaluateError> {
        self.0.update(bytes);
        Ok(())
    }
}

struct HmacSink<D: Digest + BlockSizeUser>(SimpleHmac<D>);

impl<D: Digest + BlockSizeUser> Sink for HmacSink<D> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), TemplateEvaluateError> {
        self.0.update(bytes);
        Ok(())
    }
}

fn digest<D: Digest>(
    spelling: Spelling,
    message: &mut Feed<'_>,
    sink: &mut dyn Sink,
) -> Result<(), TemplateEvaluateError> {
    let mut hasher = DigestSink(D::new());
    message(&mut hasher)?;
    let mut raw = hasher.0.finalize();
    let written = put_digest(&raw, spelling, sink);
    raw.as_mut_slice().zeroize();
    written
}

fn hmac<D: Digest + BlockSizeUser>(
    spelling: Spelling,
    key: &[u8],
    message: &mut Feed<'_>,
    sink: &mut dyn Sink,
) -> Result<(), TemplateEvaluateError> {
    // HMAC accepts keys of any length, so `new_from_slice` cannot fail.
    let Ok(keyed) = SimpleHmac::<D>::new_from_slice(key) else { return Err(TemplateEvaluateError::TooLarge) };
    let mut hasher = HmacSink(keyed);
    message(&mut hasher)?;
    let mut raw = hasher.0.finalize().into_bytes();
    let written = put_digest(&raw, spelling, sink);
    raw.as_mut_slice().zeroize();
    written
}
