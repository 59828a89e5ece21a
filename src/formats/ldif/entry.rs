//! One entry: unfolded lines, attributes, values.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::csv::quoted;
use super::super::encoding::not_utf8;

/// Attributes whose values are never text, in lower case: RFC 2798 (photos, certificates), RFC 4523 (certificates), and
/// Active Directory (ids).
const BINARY: [&str; 17] = [
    "audio",
    "authorityrevocationlist",
    "cacertificate",
    "certificaterevocationlist",
    "crosscertificatepair",
    "jpegphoto",
    "ms-ds-consistencyguid",
    "msexchmailboxguid",
    "objectguid",
    "objectsid",
    "photo",
    "sidhistory",
    "thumbnaillogo",
    "thumbnailphoto",
    "usercertificate",
    "userpkcs12",
    "usersmimecertificate",
];

/// A base64 password stays base64: it is bytes (RFC 4519, section 2.41), and rules can rely on one form.
const PASSWORD: &str = "userpassword";

/// Why an entry cannot be read.
pub struct EntryError {
    /// The line, counted from 0 from the start of the entry.
    pub line: u64,
    /// One sentence without values.
    pub message: Cow<'static, str>,
}

/// An attribute: its name in its first spelling, and its values as JSON texts.
struct Attribute {
    name: String,
    values: Vec<String>,
}

/// A line of an entry, unfolded.
struct Logical {
    line: u64,
    text: Vec<u8>,
}

/// A value as written.
enum Written {
    Plain(Vec<u8>),
    Base64(Vec<u8>),
}

impl Written {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Plain(bytes) | Self::Base64(bytes) => bytes,
        }
    }

    /// Formats the value as JSON, as text if possible.
    fn json(&self, name: &str) -> String {
        let bare = name.split(';').next().unwrap_or(name).to_ascii_lowercase();
        let is_password = bare == PASSWORD && matches!(self, Self::Base64(_));
        let has_option = name.split(';').skip(1).any(|option| option.eq_ignore_ascii_case("binary"));
        let is_binary = is_password || has_option || BINARY.contains(&bare.as_str());
        match std::str::from_utf8(self.bytes()) {
            Ok(text) if !is_binary => quoted(text),
            _ => format!("{{\"base64\":\"{}\"}}", STANDARD.encode(self.bytes())),
        }
    }
}

/// The JSON of a value that a directory has sent, as its LDIF would have it. `ldapsearch` writes passwords in base64.
#[cfg(feature = "ldap")]
pub(crate) fn directory_value(name: &str, value: &[u8], is_binary: bool) -> String {
    if is_binary {
        return format!("{{\"base64\":\"{}\"}}", STANDARD.encode(value));
    }
    Written::Base64(value.to_vec()).json(name)
}

/// Reads an entry; `None` if the lines contain no entry: only comments, a version, or the result line that `ldapsearch` writes at the end.
pub fn read(text: &[u8]) -> Result<Option<String>, EntryError> {
    let mut lines = unfold(text)?.into_iter().peekable();
    while lines.peek().is_some_and(|line| name_of(&line.text).eq_ignore_ascii_case(b"version")) {
        lines.next();
    }
    let Some(first) = lines.next() else { return Ok(None) };
    let (name, dn) = split(&first)?;
    match name.to_ascii_lowercase().as_str() {
        "dn" => {}
        "search" | "result" | "ref" => return Ok(None),
        _ => return Err(EntryError { line: first.line, message: "an entry must start with `dn:`".into() }),
    }
    let Ok(dn) = std::str::from_utf8(dn.bytes()) else {
        return Err(EntryError { line: first.line, message: not_utf8("`dn`", "ldif").into() });
    };
    let mut attributes: Vec<Attribute> = Vec::new();
    for line in lines {
        add(&line, &mut attributes)?;
    }
    Ok(Some(json(dn, &attributes)))
}

/// Joins folded lines and drops comments, which may be folded too.
fn unfold(text: &[u8]) -> Result<Vec<Logical>, EntryError> {
    let mut lines: Vec<Logical> = Vec::new();
    let mut is_comment = false;
    for (number, line) in (0_u64..).zip(text.strip_suffix(b"\n").unwrap_or(text).split(|byte| *byte == b'\n')) {
        match (line, lines.last_mut()) {
            ([b' ', ..], _) if is_comment => {}
            ([b' ', rest @ ..], Some(last)) => last.text.extend_from_slice(rest),
            ([b' ', ..], None) => {
                return Err(EntryError { line: number, message: "there is no line before this folded line".into() });
            }
            ([b'#', ..], _) => is_comment = true,
            (line, _) => {
                is_comment = false;
                lines.push(Logical { line: number, text: line.to_vec() });
            }
        }
    }
    Ok(lines)
}

fn name_of(line: &[u8]) -> &[u8] {
    line.split(|byte| *byte == b':').next().unwrap_or_default()
}

/// The name and the value of a line.
fn split(line: &Logical) -> Result<(String, Written), EntryError> {
    let wrong = |message: &'static str| EntryError { line: line.line, message: message.into() };
    let name = name_of(&line.text);
    let Some([b':', value @ ..]) = line.text.get(name.len()..) else {
        let is_change = line.text == b"-";
        return Err(wrong(if is_change { "change records are not supported" } else { "a line has no `:`" }));
    };
    // RFC 2849, `AttributeDescription`; some products use `_` in names
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b';' | b'.' | b'_');
    let Some(name) =
        std::str::from_utf8(name).ok().filter(|name| !name.is_empty() && name.as_bytes().iter().all(is_name))
    else {
        return Err(wrong("the name of an attribute contains invalid characters"));
    };
    let trimmed = |value: &[u8]| value.iter().skip_while(|byte| **byte == b' ').copied().collect::<Vec<u8>>();
    let value = match value {
        [b'<', ..] => return Err(wrong("values from other files (`:<`) are not supported")),
        [b':', value @ ..] => match STANDARD.decode(trimmed(value).trim_ascii_end()) {
            Ok(bytes) => Written::Base64(bytes),
            Err(_) => return Err(wrong("a value after `::` is not base64")),
        },
        value => Written::Plain(trimmed(value)),
    };
    Ok((name.to_owned(), value))
}

fn add(line: &Logical, attributes: &mut Vec<Attribute>) -> Result<(), EntryError> {
    let wrong = |message: &'static str| Err(EntryError { line: line.line, message: message.into() });
    let (name, value) = split(line)?;
    match name.to_ascii_lowercase().as_str() {
        "dn" => return wrong("an empty line is missing before the next entry"),
        "changetype" if value.bytes().eq_ignore_ascii_case(b"add") => return Ok(()),
        "changetype" => return wrong("change records are not supported, except `changetype: add`"),
        "control" => return Ok(()),
        _ => {}
    }
    let json = value.json(&name);
    match attributes.iter_mut().find(|known| known.name.eq_ignore_ascii_case(&name)) {
        Some(known) => known.values.push(json),
        None => attributes.push(Attribute { name, values: vec![json] }),
    }
    Ok(())
}

fn json(dn: &str, attributes: &[Attribute]) -> String {
    let mut json = format!("{{\"dn\":{}", quoted(dn));
    for attribute in attributes {
        json.push(',');
        json.push_str(&quoted(&attribute.name));
        json.push_str(":[");
        json.push_str(&attribute.values.join(","));
        json.push(']');
    }
    json.push('}');
    json
}
