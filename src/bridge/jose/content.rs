//! The encryption of contents (RFC 7518, section 5).

use aes::{Aes128, Aes192, Aes256};
use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, AeadCore, Payload};
use aes_gcm::{AesGcm, Nonce};
use cbc::Decryptor;
use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt, KeyIvInit};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

/// A way in which contents are encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ContentEncryption {
    A128Gcm,
    A192Gcm,
    A256Gcm,
    A128CbcHs256,
    A192CbcHs384,
    A256CbcHs512,
}

/// What was encrypted.
#[derive(Clone, Copy)]
pub(super) struct Sealed<'s> {
    /// The initialisation vector.
    pub iv: &'s [u8],
    /// The encrypted content.
    pub text: &'s [u8],
    /// The authentication tag.
    pub tag: &'s [u8],
    /// What the tag covers as well: the header as it was sent.
    pub aad: &'s [u8],
}

impl ContentEncryption {
    /// The way with a name; `None` if it is not accepted.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "A128GCM" => Self::A128Gcm,
            "A192GCM" => Self::A192Gcm,
            "A256GCM" => Self::A256Gcm,
            "A128CBC-HS256" => Self::A128CbcHs256,
            "A192CBC-HS384" => Self::A192CbcHs384,
            "A256CBC-HS512" => Self::A256CbcHs512,
            _ => return None,
        })
    }

    /// The length of its keys, in bytes.
    pub fn key_bytes(self) -> usize {
        match self {
            Self::A128Gcm => 16,
            Self::A192Gcm => 24,
            Self::A256Gcm | Self::A128CbcHs256 => 32,
            Self::A192CbcHs384 => 48,
            Self::A256CbcHs512 => 64,
        }
    }

    /// The content. The tag is verified before anything else is looked at.
    pub fn open(self, key: &[u8], sealed: &Sealed<'_>) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Self::A128Gcm => gcm::<AesGcm<Aes128, U12>>(key, sealed),
            Self::A192Gcm => gcm::<AesGcm<Aes192, U12>>(key, sealed),
            Self::A256Gcm => gcm::<AesGcm<Aes256, U12>>(key, sealed),
            Self::A128CbcHs256 => cbc_hs::<Decryptor<Aes128>, Hmac<Sha256>>(key, sealed),
            Self::A192CbcHs384 => cbc_hs::<Decryptor<Aes192>, Hmac<Sha384>>(key, sealed),
            Self::A256CbcHs512 => cbc_hs::<Decryptor<Aes256>, Hmac<Sha512>>(key, sealed),
        }
    }
}

/// The length of a tag of GCM, in bytes. Shorter ones could be guessed.
const GCM_TAG: usize = 16;

fn gcm<C: Aead + AeadCore<NonceSize = U12> + KeyInit>(key: &[u8], sealed: &Sealed<'_>) -> Option<Zeroizing<Vec<u8>>> {
    let nonce = Nonce::<U12>::try_from(sealed.iv).ok().filter(|_| sealed.tag.len() == GCM_TAG)?;
    let msg = [sealed.text, sealed.tag].concat();
    let text = C::new_from_slice(key).ok()?.decrypt(&nonce, Payload { msg: &msg, aad: sealed.aad });
    text.ok().map(Zeroizing::new)
}

/// The first half of the key is for the tag, of which the first half is sent.
fn cbc_hs<C: BlockModeDecrypt + KeyIvInit, M: Mac + KeyInit>(
    key: &[u8],
    sealed: &Sealed<'_>,
) -> Option<Zeroizing<Vec<u8>>> {
    let (mac_key, text_key) = key.split_at_checked(key.len() / 2)?;
    let mut mac = <M as KeyInit>::new_from_slice(mac_key).ok()?;
    let aad_bits = (sealed.aad.len() as u64).checked_mul(8)?;
    for part in [sealed.aad, sealed.iv, sealed.text, &aad_bits.to_be_bytes()] {
        mac.update(part);
    }
    let is_whole = sealed.tag.len() == mac_key.len();
    mac.verify_truncated_left(sealed.tag).ok().filter(|()| is_whole)?;
    let mut text = Zeroizing::new(sealed.text.to_vec());
    let length = C::new_from_slices(text_key, sealed.iv).ok()?.decrypt_padded::<Pkcs7>(&mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}
