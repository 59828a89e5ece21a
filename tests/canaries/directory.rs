//! A directory that tells everything it was told, in its diagnostic messages. It speaks as much LDAP (RFC 4511) as a login
//! needs.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use super::canary::{Aviary, Kind};

/// An entry, and the password that binds as it.
#[derive(Debug, Clone)]
pub struct Entry {
    pub mail: String,
    pub password: String,
    number: String,
    dn: String,
    attributes: Vec<(&'static str, String)>,
}

impl Entry {
    pub fn new(aviary: &mut Aviary, state: &str) -> Self {
        let of = |what: &str| format!("the {what} of the {state} entry");
        let mail = format!("{}@directory.example", aviary.word(Kind::Login, &of("mail")));
        let dn = format!("uid={},ou=people,dc=example", aviary.word(Kind::Login, &of("name")));
        let number = aviary.word(Kind::LegacyId, &of("number"));
        let attributes = vec![
            ("employeeNumber", number.clone()),
            ("mail", mail.clone()),
            ("cn", format!("{} Özil", aviary.word(Kind::Personal, &of("common name")))),
            ("userPassword", format!("{{SSHA}}{}", aviary.token(&of("stored hash")))),
            ("description", aviary.word(Kind::Personal, &of("description"))),
        ];
        Self { mail, password: aviary.password(&of("password")), number, dn, attributes }
    }
}

/// What the directory does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    Right,
    /// Binds of customers end with this result.
    Bind(u8),
    /// Binds of the account that searches end with this result.
    Account(u8),
    /// Searches end with this result.
    Search(u8),
    /// Changes of entries end with this result.
    Modify(u8),
    /// Searches find a reference to another server.
    Reference,
    /// The server says that it disconnects, and does.
    Notice,
    /// Bytes that are not LDAP.
    Garbage,
}

/// A running directory.
pub struct Directory {
    pub address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    entries: Vec<Entry>,
    account: String,
    mood: Mutex<(Mood, usize)>,
    heard: Mutex<Vec<u8>>,
}

impl Directory {
    /// Starts a directory whose account that searches has this name.
    pub fn start(account: &str, entries: Vec<Entry>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let (mood, heard) = (Mutex::new((Mood::Right, 0)), Mutex::default());
        let shared = Arc::new(Shared { entries, account: account.to_owned(), mood, heard });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = Arc::clone(&serving);
                std::thread::spawn(move || shared.talk(stream));
            }
        });
        Self { address, shared }
    }

    pub fn set(&self, mood: Mood) {
        *self.shared.mood.lock().unwrap() = (mood, 0);
    }

    /// How many answers the mood has changed since it was set.
    pub fn moody(&self) -> usize {
        self.shared.mood.lock().unwrap().1
    }

    /// All messages so far.
    pub fn heard(&self) -> Vec<u8> {
        self.shared.heard.lock().unwrap().clone()
    }
}

impl Shared {
    fn talk(&self, mut stream: TcpStream) {
        let (mut buffer, mut chunk) = (Vec::new(), [0; 4096]);
        while let Ok(read @ 1..) = stream.read(&mut chunk) {
            buffer.extend_from_slice(&chunk[..read]);
            while let Some(message) = take_message(&mut buffer) {
                self.heard.lock().unwrap().extend(&message);
                if self.answer(&message).is_none_or(|answer| stream.write_all(&answer).is_err()) {
                    return;
                }
            }
        }
    }

    /// `None` closes the connection.
    fn answer(&self, message: &[u8]) -> Option<Vec<u8>> {
        let [0x02, length, ..] = *content(message) else { return None };
        let (id, operation) = content(message).split_at(2 + usize::from(length));
        let has = |text: &str| memchr::memmem::find(message, text.as_bytes()).is_some();
        let is_account = has(&self.account);
        let entry = self.entries.iter().find(|entry| has(&entry.mail) || has(&entry.dn) || has(&entry.number));
        let told: String = entry.map(|entry| format!("{:?}", entry.attributes)).unwrap_or_default();
        let all = [message, told.as_bytes()].concat();
        let reply = |tag: u8, code: u8| tlv(0x30, &[id, &result(tag, code, &all)].concat());
        match (operation[0], self.take_mood(operation[0], is_account)) {
            (_, Mood::Garbage) => Some([b"HTTP/1.1 400 ", all.as_slice()].concat()),
            (_, Mood::Notice) => {
                let name = [0x8a, 22].into_iter().chain(*b"1.3.6.1.4.1.1466.20036").collect::<Vec<u8>>();
                let response = result(0x78, 52, &all);
                let inside = [content(&response), &name].concat();
                Some(tlv(0x30, &[&[2, 1, 0], tlv(0x78, &inside).as_slice()].concat()))
            }
            (0x60, Mood::Bind(code) | Mood::Account(code)) => Some(reply(0x61, code)),
            (0x60, _) => {
                let is_right = is_account || entry.is_some_and(|entry| has(&entry.password));
                Some(reply(0x61, if is_right { 0 } else { 49 }))
            }
            (0x63, Mood::Search(code)) => Some(reply(0x65, code)),
            (0x63, mood) => {
                let mut found = entry.map(|entry| tlv(0x30, &[id, &entry.message()].concat())).unwrap_or_default();
                if mood == Mood::Reference {
                    let url = [b"ldap://127.0.0.1:1/".as_slice(), &all].concat();
                    found = tlv(0x30, &[id, &tlv(0x73, &tlv(4, &url))].concat());
                }
                Some([found, reply(0x65, 0)].concat())
            }
            (0x66, Mood::Modify(code)) => Some(reply(0x67, code)),
            (0x66, _) => Some(reply(0x67, 0)),
            _ => None,
        }
    }

    /// The mood, if it is about this operation.
    fn take_mood(&self, operation: u8, is_account: bool) -> Mood {
        let mut mood = self.mood.lock().unwrap();
        let is_about = match mood.0 {
            Mood::Right => false,
            Mood::Bind(_) => operation == 0x60 && !is_account,
            Mood::Account(_) => operation == 0x60 && is_account,
            Mood::Search(_) | Mood::Reference => operation == 0x63,
            Mood::Modify(_) => operation == 0x66,
            Mood::Notice | Mood::Garbage => operation == 0x60 && !is_account || operation == 0x63,
        };
        mood.1 += usize::from(is_about);
        if is_about { mood.0 } else { Mood::Right }
    }
}

impl Entry {
    /// A search result entry.
    fn message(&self) -> Vec<u8> {
        let attribute = |(name, value): &(&str, String)| {
            tlv(0x30, &[tlv(4, name.as_bytes()), tlv(0x31, &tlv(4, value.as_bytes()))].concat())
        };
        let attributes: Vec<u8> = self.attributes.iter().flat_map(attribute).collect();
        tlv(0x64, &[tlv(4, self.dn.as_bytes()), tlv(0x30, &attributes)].concat())
    }
}

/// A result with everything as the matched name and the diagnostic message.
fn result(tag: u8, code: u8, all: &[u8]) -> Vec<u8> {
    let all = String::from_utf8_lossy(all).into_owned().into_bytes();
    let (matched, message) = if code == 0 { (&b""[..], &b""[..]) } else { (all.as_slice(), all.as_slice()) };
    tlv(tag, &[&[0x0a, 1, code], tlv(4, matched).as_slice(), tlv(4, message).as_slice()].concat())
}

/// A value of BER with its tag and length.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u32::try_from(value.len()).expect("a short value").to_be_bytes();
    [&[tag, 0x84], length.as_slice(), value].concat()
}

/// Where the content of a value begins, and how long it is.
fn header(bytes: &[u8]) -> Option<(usize, usize)> {
    let first = usize::from(*bytes.get(1)?);
    if first < 0x80 {
        return Some((2, first));
    }
    let length = bytes.get(2..2 + (first & 0x7f))?;
    Some((2 + length.len(), length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))))
}

fn content(bytes: &[u8]) -> &[u8] {
    let (start, length) = header(bytes).expect("a header");
    &bytes[start..start + length]
}

fn take_message(buffer: &mut Vec<u8>) -> Option<Vec<u8>> {
    let (start, length) = header(buffer)?;
    (buffer.len() >= start + length).then(|| buffer.drain(..start + length).collect())
}
