//! A directory in memory, as far as a source asks: it answers searches with `and`, `or` and equality.

use std::net::SocketAddr;
use std::sync::Arc;

use ldap3::asn1::{PL, StructureTag, TagClass, parse_tag};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// An entry.
pub(super) struct Entry {
    /// Its name.
    pub dn: String,
    /// Its attributes.
    pub attributes: Vec<(&'static str, String)>,
}

/// The tags of messages (RFC 4511).
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const ENUMERATED: u8 = 0x0a;
const OCTETS: u8 = 0x04;
const SEARCH_REQUEST: u64 = 3;
const SEARCH_ENTRY: u8 = 0x64;
const SEARCH_DONE: u8 = 0x65;

/// Serves entries on a port of 127.0.0.1.
pub(super) async fn serve(entries: Vec<Entry>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let entries = Arc::new(entries);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, Arc::clone(&entries)));
        }
    });
    address
}

async fn answer(mut stream: TcpStream, entries: Arc<Vec<Entry>>) {
    let mut read = Vec::new();
    while stream.read_buf(&mut read).await.is_ok_and(|count| count > 0) {
        while let Ok((rest, message)) = parse_tag(&read) {
            read = rest.to_vec();
            let (number, operation) = (parts(&message)[0].clone(), parts(&message)[1].clone());
            if operation.class != TagClass::Application || operation.id != SEARCH_REQUEST {
                return;
            }
            let filter = &parts(&operation)[6];
            let found = entries.iter().filter(|entry| matches(filter, entry)).map(encoded);
            for part in found.chain([done()]) {
                let message = tlv(SEQUENCE, &[tlv(INTEGER, bytes(&number)), part].concat());
                if stream.write_all(&message).await.is_err() {
                    return;
                }
            }
        }
    }
}

fn parts(tag: &StructureTag) -> &[StructureTag] {
    match &tag.payload {
        PL::C(parts) => parts,
        PL::P(_) => panic!("not constructed: {tag:?}"),
    }
}

fn bytes(tag: &StructureTag) -> &[u8] {
    match &tag.payload {
        PL::P(bytes) => bytes,
        PL::C(_) => panic!("not primitive: {tag:?}"),
    }
}

/// Whether a filter matches; values are compared without case, as those of names and addresses are.
fn matches(filter: &StructureTag, entry: &Entry) -> bool {
    match filter.id {
        0 => parts(filter).iter().all(|part| matches(part, entry)),
        1 => parts(filter).iter().any(|part| matches(part, entry)),
        3 => {
            let [name, value] = [0, 1].map(|at| String::from_utf8_lossy(bytes(&parts(filter)[at])).into_owned());
            let is_equal = |have: &str| have.to_lowercase() == value.to_lowercase();
            entry.attributes.iter().any(|(have, value)| have.eq_ignore_ascii_case(&name) && is_equal(value))
        }
        other => panic!("a filter of the kind {other}"),
    }
}

fn encoded(entry: &Entry) -> Vec<u8> {
    let attribute = |(name, value): &(&str, String)| {
        let values = tlv(SET, &tlv(OCTETS, value.as_bytes()));
        tlv(SEQUENCE, &[tlv(OCTETS, name.as_bytes()), values].concat())
    };
    let attributes: Vec<u8> = entry.attributes.iter().flat_map(attribute).collect();
    tlv(SEARCH_ENTRY, &[tlv(OCTETS, entry.dn.as_bytes()), tlv(SEQUENCE, &attributes)].concat())
}

fn done() -> Vec<u8> {
    tlv(SEARCH_DONE, &[tlv(ENUMERATED, &[0]), tlv(OCTETS, &[]), tlv(OCTETS, &[])].concat())
}

/// A tag, the length in four bytes, and the contents.
fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).expect("a small message").to_be_bytes();
    [&[tag, 0x84], &length[..], contents].concat()
}
