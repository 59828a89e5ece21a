//! The canaries: texts that look random, stand for one thing each, and can be told from everything else.

use sha2::{Digest as _, Sha256};

/// What a canary stands for, which decides where it may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Verifies something: passwords, tokens, keys, stored hashes.
    Secret,
    /// Belongs to a person: names, phone numbers, birth dates, addresses.
    Personal,
    /// What a person types to sign in.
    Login,
    /// The id of a record in the legacy system.
    LegacyId,
    /// The address of a webhook, which is a secret with some receivers.
    Address,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct Canary {
    pub name: String,
    pub kind: Kind,
    pub bytes: Vec<u8>,
}

/// All canaries of a shop.
#[derive(Debug, Default)]
pub struct Aviary {
    pub canaries: Vec<Canary>,
}

/// Sixteen letters and digits of a name, the same in every run.
fn letters(name: &str) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    Sha256::digest(name).iter().take(16).map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect()
}

impl Aviary {
    /// Adds a canary; what is there already stays.
    pub fn add(&mut self, kind: Kind, name: &str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        assert!(bytes.len() >= 10, "{name} is too short to be told from chance");
        if !self.canaries.iter().any(|canary| canary.bytes == bytes) {
            self.canaries.push(Canary { name: name.to_owned(), kind, bytes });
        }
    }

    /// A password: quotes, a backslash, a space and a letter outside ASCII between two canaries, each of which counts.
    pub fn password(&mut self, name: &str) -> String {
        let (first, second) = (letters(&format!("{name} 1")), letters(&format!("{name} 2")));
        self.add(Kind::Secret, &format!("the beginning of {name}"), first.as_str());
        self.add(Kind::Secret, &format!("the end of {name}"), second.as_str());
        let whole = format!("{first}\"Ü& \\{second}");
        self.add(Kind::Secret, name, whole.as_str());
        whole
    }

    /// A token: letters and digits only, long enough for any use.
    pub fn token(&mut self, name: &str) -> String {
        let token = format!("{}{}{}", letters(&format!("{name} 1")), letters(&format!("{name} 2")), letters(name));
        self.add(Kind::Secret, name, token.as_str());
        token
    }

    /// A key of 32 bytes.
    pub fn key(&mut self, name: &str) -> [u8; 32] {
        let key: [u8; 32] = Sha256::digest(name).into();
        self.add(Kind::Secret, name, key);
        key
    }

    /// A word.
    pub fn word(&mut self, kind: Kind, name: &str) -> String {
        let word = letters(name);
        self.add(kind, name, word.as_str());
        word
    }

    /// The number of a German mobile phone, in E.164.
    pub fn phone(&mut self, name: &str) -> String {
        let digits: String = Sha256::digest(name).iter().take(8).map(|byte| char::from(b'0' + byte % 10)).collect();
        self.add(Kind::Personal, name, format!("49151{digits}"));
        format!("+49151{digits}")
    }
}
