//! Messages as bytes (RFC 4511, section 5.1): how long one is, and whether it has the shape that its readers rely on.
//!
//! The LDAP library reads elements recursively and panics where one is missing or is no UTF-8. Nothing reaches it unchecked.

/// How deep elements are nested in each other: an entry needs six levels.
const MAX_DEPTH: usize = 16;

/// What begins a message.
pub(super) const SEQUENCE: u8 = 0x30;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const ENUMERATED: u8 = 0x0a;
const CONTROLS: u8 = 0xa0;
const REFERRAL: u8 = 0xa3;
const CONSTRUCTED: u8 = 0x20;
const NUMBER: u8 = 0x1f;

const BIND: u8 = 0x60;
const SEARCH: u8 = 0x63;
const MODIFY: u8 = 0x66;
const DELETE: u8 = 0x4a;

/// An entry that a search has found.
pub(super) const ENTRY: u8 = 0x64;
const REFERENCE: u8 = 0x73;
const INTERMEDIATE: u8 = 0x79;
/// The answer to an extended operation, such as StartTLS.
pub(super) const EXTENDED: u8 = 0x78;

/// Answers that consist of a result: to a bind, a search, a modify, an add, a delete, a rename, a compare, an extension.
const RESULTS: [u8; 8] = [0x61, 0x65, 0x67, 0x69, 0x6b, 0x6d, 0x6f, EXTENDED];

/// An element: its tag and its contents.
#[derive(Clone, Copy)]
struct Element<'m> {
    tag: u8,
    contents: &'m [u8],
}

/// How many more bytes tell a length that begins with this one. `None` if the length is not definite or has no use.
pub(super) fn bytes_of_length(first: u8) -> Option<usize> {
    match first {
        0..=0x7f => Some(0),
        0x81..=0x84 => Some(usize::from(first & 0x7f)),
        _ => None,
    }
}

/// The length that is written by these bytes.
pub(super) fn length(first: u8, more: &[u8]) -> usize {
    if more.is_empty() {
        return usize::from(first);
    }
    more.iter().fold(0, |length, byte| length << 8 | usize::from(*byte))
}

/// How many elements the contents of a message have, at most `most`. `None` if they cannot be read.
pub(super) fn elements(message: &[u8], most: usize) -> Option<usize> {
    let mut left = most;
    count(message, MAX_DEPTH, &mut left)?;
    is_message(&parts(message)?).then_some(most - left)
}

/// The id of a message whose shape was checked, and the tag of its operation.
pub(super) fn operation(message: &[u8]) -> Option<(u32, u8)> {
    let parts = parts(message)?;
    let (id, operation) = (parts.first()?, parts.get(1)?);
    Some((id.contents.iter().fold(0, |id, byte| id << 8 | u32::from(*byte)), operation.tag))
}

/// Whether an answer, by its id and tag, may follow a request with this tag: the library would take the result of a search for
/// that of a bind.
pub(super) fn answers(request: Option<u8>, answer: (u32, u8)) -> bool {
    matches!(
        (request, answer),
        // the server ends the connection (RFC 4511, section 4.4.1)
        (_, (0, EXTENDED))
            | (Some(BIND), (_, 0x61))
            | (Some(SEARCH), (_, ENTRY | REFERENCE | 0x65))
            | (Some(MODIFY), (_, 0x67))
            | (Some(DELETE), (_, 0x6b))
    )
}

/// The operation of a message whose shape was checked, and the code of its result.
pub(super) fn result(message: &[u8]) -> Option<(u8, u32)> {
    let operation = *parts(message)?.get(1)?;
    let code = *parts(operation.contents)?.first()?;
    (code.tag == ENUMERATED && code.contents.len() <= 4)
        .then(|| (operation.tag, code.contents.iter().fold(0, |code, byte| code << 8 | u32::from(*byte))))
}

fn first(bytes: &[u8]) -> Option<(Element<'_>, &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&begin, rest) = rest.split_first()?;
    let (more, rest) = rest.split_at_checked(bytes_of_length(begin)?)?;
    let (contents, rest) = rest.split_at_checked(length(begin, more))?;
    (tag & NUMBER != NUMBER).then_some((Element { tag, contents }, rest))
}

fn count(mut bytes: &[u8], depth: usize, left: &mut usize) -> Option<()> {
    let depth = depth.checked_sub(1)?;
    while !bytes.is_empty() {
        let (element, rest) = first(bytes)?;
        *left = left.checked_sub(1)?;
        if element.tag & CONSTRUCTED != 0 {
            count(element.contents, depth, left)?;
        }
        bytes = rest;
    }
    Some(())
}

fn parts(mut bytes: &[u8]) -> Option<Vec<Element<'_>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (element, rest) = first(bytes)?;
        found.push(element);
        bytes = rest;
    }
    Some(found)
}

impl Element<'_> {
    fn is_bytes(self, tag: u8) -> bool {
        self.tag == tag
    }

    fn is_text(self, tag: u8) -> bool {
        self.tag == tag && std::str::from_utf8(self.contents).is_ok()
    }
}

fn is_message(parts: &[Element<'_>]) -> bool {
    let (id, operation, more) = match parts {
        [id, operation] => (id, operation, None),
        [id, operation, more] => (id, operation, Some(more)),
        _ => return false,
    };
    let is_known = match operation.tag {
        ENTRY | REFERENCE | INTERMEDIATE => true,
        tag => RESULTS.contains(&tag) && is_result(operation.contents),
    };
    let is_id = id.tag == INTEGER && (1..=4).contains(&id.contents.len());
    is_id && is_known && more.is_none_or(|more| is_end(*more))
}

/// Controls, or the name that Active Directory writes there when it ends a connection.
fn is_end(more: Element<'_>) -> bool {
    let all_are = |controls: Vec<Element<'_>>| controls.iter().all(|control| is_control(*control));
    (more.tag == CONTROLS && parts(more.contents).is_some_and(all_are)) || more.is_bytes(0x8a)
}

fn is_control(control: Element<'_>) -> bool {
    let Some(parts) = parts(control.contents).filter(|_| control.tag == SEQUENCE) else { return false };
    let Some((name, more)) = parts.split_first() else { return false };
    let is_flag = |flag: &Element<'_>| flag.tag == BOOLEAN && !flag.contents.is_empty();
    let rest = match more {
        [] => true,
        [value] => value.is_bytes(OCTET_STRING) || is_flag(value),
        [flag, value] => is_flag(flag) && value.is_bytes(OCTET_STRING),
        _ => false,
    };
    name.is_text(OCTET_STRING) && rest
}

fn is_result(contents: &[u8]) -> bool {
    let Some(parts) = parts(contents) else { return false };
    let [code, matched, text, more @ ..] = parts.as_slice() else { return false };
    let is_code = code.tag == ENUMERATED && (1..=4).contains(&code.contents.len());
    is_code
        && matched.is_text(OCTET_STRING)
        && text.is_text(OCTET_STRING)
        && more.iter().all(|more| is_of_result(*more))
}

fn is_of_result(element: Element<'_>) -> bool {
    match element.tag & NUMBER {
        3 => {
            let all_are = |uris: Vec<Element<'_>>| uris.iter().all(|uri| uri.is_text(OCTET_STRING));
            element.tag == REFERRAL && parts(element.contents).is_some_and(all_are)
        }
        7 => element.is_bytes(0x87),
        10 => element.is_text(0x8a),
        11 => element.is_bytes(0x8b),
        _ => true,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// An element with these contents.
    pub fn tlv(tag: u8, contents: &[&[u8]]) -> Vec<u8> {
        let contents = contents.concat();
        let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
        [&[tag, 0x84][..], &length, &contents].concat()
    }

    fn message(operation: &[u8], more: &[u8]) -> Vec<u8> {
        [&tlv(INTEGER, &[&[7]]), operation, more].concat()
    }

    fn outcome(code: &[u8], matched: &[u8], text: &[u8], more: &[u8]) -> Vec<u8> {
        let parts = [tlv(ENUMERATED, &[code]), tlv(OCTET_STRING, &[matched]), tlv(OCTET_STRING, &[text])];
        tlv(0x61, &[&parts.concat(), more])
    }

    fn count_of(message: &[u8]) -> Option<usize> {
        elements(message, 1000)
    }

    #[test]
    fn messages_of_directories_are_read() {
        let fine = outcome(&[49], b"", "ungültig".as_bytes(), &[]);
        assert_eq!(count_of(&message(&fine, &[])), Some(5));
        assert_eq!(result(&message(&fine, &[])), Some((0x61, 49)));
        // `ldapsearch` of one entry with one value, and a reference
        let values = tlv(0x31, &[&tlv(OCTET_STRING, &[b"ada"])]);
        let attribute = tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[b"uid"]), &values]);
        let entry = tlv(ENTRY, &[&tlv(OCTET_STRING, &[b"uid=ada"]), &tlv(SEQUENCE, &[&attribute])]);
        assert_eq!(count_of(&message(&entry, &[])), Some(8));
        assert_eq!(count_of(&message(&tlv(REFERENCE, &[&tlv(OCTET_STRING, &[b"ldap://b"])]), &[])), Some(3));
        let control = |value: &[u8]| tlv(CONTROLS, &[&tlv(SEQUENCE, &[&tlv(OCTET_STRING, &[b"1.2.3"]), value])]);
        for value in [vec![], tlv(OCTET_STRING, &[&[0xff]]), tlv(BOOLEAN, &[&[1]])] {
            assert!(count_of(&message(&fine, &control(&value))).is_some());
        }
        let referral = tlv(REFERRAL, &[&tlv(OCTET_STRING, &[b"ldap://b"])]);
        assert!(count_of(&message(&outcome(&[10], b"", b"", &referral), &[])).is_some());
        // Active Directory ends a connection
        let notice = tlv(EXTENDED, &[&tlv(ENUMERATED, &[&[52]]), &tlv(OCTET_STRING, &[]), &tlv(OCTET_STRING, &[])]);
        assert!(count_of(&message(&notice, &tlv(0x8a, &[b"1.3.6"]))).is_some());
    }

    #[test]
    fn what_would_make_a_reader_panic_is_no_message() {
        let fine = outcome(&[0], b"", b"", &[]);
        let result = |parts: &[Vec<u8>]| message(&tlv(0x61, &[&parts.concat()]), &[]);
        let (code, text) = (tlv(ENUMERATED, &[&[0]]), tlv(OCTET_STRING, &[]));
        let control = |parts: &[Vec<u8>]| message(&fine, &tlv(CONTROLS, &[&tlv(SEQUENCE, &[&parts.concat()])]));
        let name = tlv(OCTET_STRING, &[b"1.2.3"]);
        for wrong in [
            vec![],
            vec![0x30],
            tlv(INTEGER, &[&[7]]),
            message(&fine, &fine),
            [tlv(OCTET_STRING, &[&[7]]), fine.clone()].concat(),
            [tlv(INTEGER, &[]), fine.clone()].concat(),
            message(&tlv(0x62, &[&code, &text, &text]), &[]),
            message(&outcome(&[], b"", b"", &[]), &[]),
            message(&outcome(&[0], &[0xe9], b"", &[]), &[]),
            message(&outcome(&[0], b"", &[0xe9], &[]), &[]),
            message(&outcome(&[0], b"", b"", &tlv(REFERRAL, &[&tlv(OCTET_STRING, &[&[0xe9]])])), &[]),
            message(&outcome(&[0], b"", b"", &tlv(0x83, &[])), &[]),
            message(&outcome(&[0], b"", b"", &tlv(0xa7, &[])), &[]),
            message(&outcome(&[0], b"", b"", &tlv(0x8a, &[&[0xe9]])), &[]),
            result(&[code.clone(), text.clone()]),
            result(&[text.clone(), text.clone(), text.clone()]),
            result(&[code.clone(), tlv(0x24, &[]), text.clone()]),
            message(&fine, &tlv(0x80, &[])),
            message(&fine, &tlv(CONTROLS, &[&name])),
            control(&[]),
            control(&[tlv(OCTET_STRING, &[&[0xe9]])]),
            control(&[name.clone(), tlv(BOOLEAN, &[])]),
            control(&[name.clone(), tlv(INTEGER, &[&[1]])]),
            control(&[name.clone(), tlv(BOOLEAN, &[&[1]]), tlv(0x24, &[])]),
            // cut off, of indefinite length, of a long tag
            message(&fine, &[])[..20].to_vec(),
            message(&[0x61, 0x80, 0, 0], &[]),
            message(&[0x7f, 0x81, 0], &[]),
        ] {
            assert_eq!(count_of(&wrong), None, "{wrong:x?}");
        }
    }

    #[test]
    fn depth_and_number_of_elements_are_limited() {
        let nested = |levels: usize| (0..levels).fold(vec![], |inner, _| tlv(SEQUENCE, &[&inner]));
        assert!(count_of(&message(&tlv(ENTRY, &[&nested(MAX_DEPTH - 2)]), &[])).is_some());
        assert_eq!(count_of(&message(&tlv(ENTRY, &[&nested(MAX_DEPTH)]), &[])), None);
        let many = [OCTET_STRING, 0].repeat(2000);
        assert_eq!(count_of(&message(&tlv(ENTRY, &[&tlv(SEQUENCE, &[&many])]), &[])), None);
        assert!(elements(&message(&tlv(ENTRY, &[&tlv(SEQUENCE, &[&many])]), &[]), 3000).is_some());
    }
}
