//! The parts of a record that the job reads, borrowed from its text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Text of the record; a copy only when it has escapes.
#[derive(Debug)]
pub struct Text<'a>(Cow<'a, str>);

impl Text<'_> {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AsText;
        impl<'de> Visitor<'de> for AsText {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(AsText)
    }
}

/// The record.
#[derive(Debug, serde::Deserialize)]
pub struct Record<'a> {
    pub id: u64,
    #[serde(borrow)]
    pub login: Option<Text<'a>>,
    pub kind: Option<Text<'a>>,
    pub state: Option<Text<'a>>,
    pub contact: Contact<'a>,
    pub person: Person<'a>,
    pub address: Address<'a>,
    pub dates: Dates<'a>,
    #[serde(default)]
    pub groups: Vec<Text<'a>>,
    pub tags: Option<Text<'a>>,
    pub stats: Stats<'a>,
    pub company: Company<'a>,
    pub flags: Flags<'a>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Contact<'a> {
    #[serde(borrow)]
    pub mail: Option<Text<'a>>,
    pub mail_ok: Option<Text<'a>>,
    pub phone: Option<Text<'a>>,
    pub phone_ok: Option<Text<'a>>,
    pub web: Option<Text<'a>>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Person<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
    pub nick: Option<Text<'a>>,
    pub alias: Option<Text<'a>>,
    pub sex: Option<Text<'a>>,
    pub born: Option<Text<'a>>,
    pub language: Option<Text<'a>>,
    pub zone: Option<Text<'a>>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Address<'a> {
    #[serde(borrow)]
    pub street: Option<Text<'a>>,
    pub city: Option<Text<'a>>,
    pub zip: Option<Text<'a>>,
    pub country: Option<Text<'a>>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Dates<'a> {
    #[serde(borrow)]
    pub created: Option<Text<'a>>,
    pub changed: Option<Text<'a>>,
    pub seen: Option<Text<'a>>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Stats<'a> {
    #[serde(borrow)]
    pub orders: Option<Text<'a>>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Company<'a> {
    #[serde(borrow)]
    pub name: Option<Text<'a>>,
}

#[derive(Debug, serde::Deserialize)]
pub struct Flags<'a> {
    #[serde(borrow)]
    pub newsletter: Option<Text<'a>>,
}
