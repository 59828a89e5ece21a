//! Searches bytes for canaries, in every encoding in which a program may write them.

use std::collections::HashMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use regex::bytes::{Regex, RegexBuilder};

use super::canary::{Aviary, Canary, Kind};

/// A canary where it does not belong.
#[derive(Debug, PartialEq, Eq)]
pub struct Hit {
    pub canary: String,
    pub form: &'static str,
    pub around: String,
}

/// A form of a canary.
struct Needle {
    canary: usize,
    form: &'static str,
    bytes: Vec<u8>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Exact,
    /// ASCII letters in either case are the same.
    Folded,
}

/// The number of bytes that a needle is first searched by.
const PREFIX: usize = 8;

/// All forms of some canaries.
pub struct Scanner<'a> {
    canaries: &'a [Canary],
    exact: Needles,
    folded: Needles,
}

/// Needles by their first bytes.
struct Needles {
    prefixes: Regex,
    by_prefix: HashMap<Vec<u8>, Vec<Needle>>,
}

impl Needles {
    fn new(needles: Vec<Needle>) -> Self {
        let mut by_prefix: HashMap<Vec<u8>, Vec<Needle>> = HashMap::new();
        for needle in needles {
            by_prefix.entry(needle.bytes[..PREFIX].to_vec()).or_default().push(needle);
        }
        let literal = |bytes: &Vec<u8>| bytes.iter().map(|byte| format!("\\x{byte:02x}")).collect::<String>();
        let literals: Vec<String> = by_prefix.keys().map(literal).collect();
        let prefixes = RegexBuilder::new(&format!("(?-u)(?:{})", literals.join("|"))).size_limit(1 << 28).build();
        Self { prefixes: prefixes.expect("literals"), by_prefix }
    }
}

impl<'a> Scanner<'a> {
    pub fn new(aviary: &'a Aviary) -> Self {
        let (mut exact, mut folded) = (Vec::new(), Vec::new());
        for (canary, of) in aviary.canaries.iter().enumerate() {
            for (form, case, bytes) in forms(&of.bytes) {
                assert!(bytes.len() >= 10, "{form} of {}", of.name);
                match case {
                    Case::Exact => exact.push(Needle { canary, form, bytes }),
                    Case::Folded => folded.push(Needle { canary, form, bytes: bytes.to_ascii_lowercase() }),
                }
            }
        }
        Self { canaries: &aviary.canaries, exact: Needles::new(exact), folded: Needles::new(folded) }
    }

    /// The canaries in some bytes, except the kinds that may occur there.
    pub fn scan(&self, bytes: &[u8], allowed: &[Kind]) -> Vec<Hit> {
        let mut hits = self.find(bytes, &self.exact, bytes, allowed);
        hits.extend(self.find(&bytes.to_ascii_lowercase(), &self.folded, bytes, allowed));
        hits
    }

    fn find(&self, hay: &[u8], needles: &Needles, bytes: &[u8], allowed: &[Kind]) -> Vec<Hit> {
        let mut hits: Vec<Hit> = Vec::new();
        let mut from = 0;
        while let Some(found) = needles.prefixes.find_at(hay, from) {
            let at = found.start();
            from = at + 1;
            for needle in &needles.by_prefix[found.as_bytes()] {
                let canary = &self.canaries[needle.canary];
                if allowed.contains(&canary.kind) || !hay[at..].starts_with(&needle.bytes) {
                    continue;
                }
                if hits.iter().any(|hit| hit.form == needle.form && hit.canary == canary.name) {
                    continue;
                }
                let around = &bytes[at.saturating_sub(120)..(at + needle.bytes.len() + 40).min(bytes.len())];
                let around = String::from_utf8_lossy(around).into_owned();
                hits.push(Hit { canary: canary.name.clone(), form: needle.form, around });
            }
        }
        hits
    }
}

fn forms(bytes: &[u8]) -> Vec<(&'static str, Case, Vec<u8>)> {
    let mut forms =
        vec![("plain", Case::Folded, bytes.to_vec()), ("hex", Case::Folded, hex::encode(bytes).into_bytes())];
    let list: String = bytes.iter().fold(String::new(), |mut list, byte| {
        let _ = write!(list, ", {byte}");
        list
    });
    forms.push(("a list of bytes", Case::Exact, list.as_bytes()[2..].to_vec()));
    forms.push(("a list of bytes without spaces", Case::Exact, list.replace(' ', "").as_bytes()[1..].to_vec()));
    for shift in 0..3 {
        forms.push(("base64", Case::Exact, base64_inside(&STANDARD_NO_PAD, bytes, shift)));
        forms.push(("base64 for addresses", Case::Exact, base64_inside(&URL_SAFE_NO_PAD, bytes, shift)));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return forms };
    let url = percent_encoding::percent_encode(bytes, percent_encoding::NON_ALPHANUMERIC).to_string();
    forms.push(("as in a form", Case::Folded, url.replace("%20", "+").into_bytes()));
    forms.push(("as in an address", Case::Folded, url.into_bytes()));
    let json = serde_json::to_string(text).expect("JSON");
    forms.push(("JSON", Case::Folded, json.trim_matches('"').as_bytes().to_vec()));
    forms.push(("JSON in ASCII", Case::Folded, ascii(json.trim_matches('"')).into_bytes()));
    let debug = format!("{text:?}");
    forms.push(("Rust", Case::Folded, debug.as_bytes()[1..debug.len() - 1].to_vec()));
    forms.push(("UTF-16LE", Case::Folded, text.encode_utf16().flat_map(u16::to_le_bytes).collect()));
    forms.push(("UTF-16BE", Case::Folded, text.encode_utf16().flat_map(u16::to_be_bytes).collect()));
    forms
}

/// The base64 characters that depend on these bytes only, with a number of other bytes before them.
fn base64_inside(engine: &impl base64::Engine, bytes: &[u8], before: usize) -> Vec<u8> {
    let mut padded = vec![0; before];
    padded.extend_from_slice(bytes);
    let text = engine.encode(&padded);
    let whole = padded.len() * 8 / 6;
    text.as_bytes()[(before * 8).div_ceil(6)..whole].to_vec()
}

fn ascii(json: &str) -> String {
    let mut text = String::new();
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(byte) if byte.is_ascii() => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\u{unit:04x}");
            }
        }
    }
    text
}

#[test]
fn the_scanner_finds_every_encoding_at_every_offset() {
    let mut aviary = Aviary::default();
    let password = aviary.password("a password");
    let key = aviary.key("a key");
    let scanner = Scanner::new(&aviary);
    let find = |what: &str, planted: &[u8], form: &str, canary: &str| {
        let hay = [b"x\0\xff, 17: \"", planted, b"\" y\n"].concat();
        let hits = scanner.scan(&hay, &[]);
        assert!(hits.iter().any(|hit| hit.form == form && hit.canary == canary), "{what}: {hits:?}");
        assert!(scanner.scan(&hay, &[Kind::Secret]).is_empty(), "{what}");
    };
    for before in 0..6 {
        let context = format!("{}{password} and more", "b".repeat(before));
        let text =
            |form: &str, planted: String| find(&format!("{before} before"), planted.as_bytes(), form, "a password");
        text("plain", context.clone());
        text("plain", context.to_ascii_uppercase());
        text("hex", hex::encode(&context));
        text("hex", hex::encode_upper(&context));
        text("base64", base64::engine::general_purpose::STANDARD.encode(&context));
        text("base64 for addresses", URL_SAFE_NO_PAD.encode(&context));
        text("a list of bytes", format!("{:?}", context.as_bytes()));
        text("a list of bytes without spaces", serde_json::to_string(context.as_bytes()).unwrap());
        text("Rust", format!("{context:?}"));
        text("JSON", serde_json::json!({ "a": context }).to_string());
        text("JSON in ASCII", ascii(&serde_json::json!([context]).to_string()).to_uppercase());
        text("as in a form", url::form_urlencoded::byte_serialize(context.as_bytes()).collect());
        let url = percent_encoding::utf8_percent_encode(&context, percent_encoding::NON_ALPHANUMERIC).to_string();
        text("as in an address", url.to_lowercase());
        let wide: Vec<u8> = context.encode_utf16().flat_map(u16::to_le_bytes).collect();
        find("wide", &wide, "UTF-16LE", "a password");
        let wide: Vec<u8> = context.encode_utf16().flat_map(u16::to_be_bytes).collect();
        find("wide", &wide, "UTF-16BE", "a password");
        let raw = [vec![7; before], key.to_vec(), vec![9]].concat();
        find("raw", &raw, "plain", "a key");
        find("raw", STANDARD_NO_PAD.encode(&raw).as_bytes(), "base64", "a key");
    }
    // half of a password is enough to be found
    find("half", &password.as_bytes()[..16], "plain", "the beginning of a password");
    find("half", &password.as_bytes()[password.len() - 16..], "plain", "the end of a password");
}

#[test]
fn the_scanner_finds_nothing_in_noise() {
    let mut aviary = Aviary::default();
    aviary.password("a password");
    aviary.phone("a phone number");
    let noise: Vec<u8> = (0..200_000_u32).flat_map(|number| sha2_of(number).into_iter().take(8)).collect();
    assert_eq!(Scanner::new(&aviary).scan(&noise, &[]), []);
    assert_eq!(Scanner::new(&aviary).scan(hex::encode(&noise).as_bytes(), &[]), []);
}

fn sha2_of(number: u32) -> [u8; 32] {
    use sha2::{Digest as _, Sha256};
    Sha256::digest(number.to_be_bytes()).into()
}
