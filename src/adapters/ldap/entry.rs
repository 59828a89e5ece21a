//! An entry as the record that its LDIF would be.

use ldap3::asn1::{PL, StructureTag};

use super::error::Failure;
use crate::formats::directory_value;
use crate::ports::PortErrorKind;

/// The most values of one attribute. Stops a list of members from filling the memory; admits the groups of anybody.
const MAX_VALUES: usize = 10_000;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its distinguished name.
    pub dn: String,
    /// Its attributes in the order of the server, each name once.
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// Reads an entry of an answer, of at most so many bytes.
    pub fn read(tag: StructureTag, limit: usize) -> Result<Self, Failure> {
        let unreadable = || Failure::new(PortErrorKind::BadResponse, "an entry cannot be read");
        let mut parts = constructed(tag).ok_or_else(unreadable)?.into_iter();
        let (dn, attributes) = (parts.next().and_then(primitive), parts.next().and_then(constructed));
        let (Some(dn), Some(list)) = (dn, attributes) else { return Err(unreadable()) };
        let dn = String::from_utf8(dn).map_err(|_| Failure::of_one_record("the name of an entry is not UTF-8"))?;
        let mut entry = Self { dn, attributes: Vec::new() };
        let mut bytes = entry.dn.len();
        for attribute in list {
            let mut parts = constructed(attribute).ok_or_else(unreadable)?.into_iter();
            let name = parts.next().and_then(primitive).and_then(|name| String::from_utf8(name).ok());
            let values = parts.next().and_then(constructed);
            let (Some(name), Some(values)) = (name, values) else { return Err(unreadable()) };
            let values = values.into_iter().map(primitive).collect::<Option<Vec<_>>>().ok_or_else(unreadable)?;
            if is_cut(&name) {
                return Err(Failure::of_one_record("an attribute has more values than the directory tells at once"));
            }
            bytes += values.iter().map(Vec::len).sum::<usize>();
            if bytes > limit {
                return Err(too_large(limit));
            }
            entry.add(name, values)?;
        }
        Ok(entry)
    }

    /// Adds values to an attribute; the first spelling of its name stays.
    pub fn add(&mut self, name: String, values: Vec<Vec<u8>>) -> Result<(), Failure> {
        if self.values(&name).len() + values.len() > MAX_VALUES {
            return Err(Failure::of_one_record(format!("an attribute has more than {MAX_VALUES} values")));
        }
        match self.attributes.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(&name)) {
            Some((_, have)) => have.extend(values),
            None => self.attributes.push((name, values)),
        }
        Ok(())
    }

    /// Bytes of its name and its values.
    pub fn bytes(&self) -> usize {
        let values = self.attributes.iter().flat_map(|(_, values)| values);
        self.dn.len() + values.map(Vec::len).sum::<usize>()
    }

    /// The values of an attribute.
    pub fn values(&self, name: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map_or(&[], |(_, values)| values)
    }

    /// The value for a placeholder: `dn`, or the first value of an attribute.
    pub fn first(&self, name: &str) -> Option<&[u8]> {
        if name.eq_ignore_ascii_case("dn") {
            return Some(self.dn.as_bytes());
        }
        self.values(name).first().map(Vec::as_slice)
    }

    /// The JSON text, of at most so many bytes.
    pub fn json(&self, binary: &[String], limit: usize) -> Result<String, Failure> {
        let mut json = format!("{{\"dn\":{}", quoted(&self.dn));
        for (name, values) in &self.attributes {
            // servers tell of attributes without values, which LDIF cannot
            if values.is_empty() {
                continue;
            }
            let is_binary = binary.iter().any(|known| known.eq_ignore_ascii_case(bare(name)));
            let values: Vec<String> = values.iter().map(|value| directory_value(name, value, is_binary)).collect();
            json.push(',');
            json.push_str(&quoted(name));
            json.push_str(":[");
            json.push_str(&values.join(","));
            json.push(']');
            if json.len() > limit {
                return Err(too_large(limit));
            }
        }
        json.push('}');
        Ok(json)
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A name without its options.
fn bare(name: &str) -> &str {
    name.split(';').next().unwrap_or(name)
}

/// Whether Active Directory tells only some of the values: `memberOf;range=0-1499`. The others would have to be asked for.
fn is_cut(name: &str) -> bool {
    let mut options = name.split(';').skip(1).map(str::to_ascii_lowercase);
    options.any(|option| option.starts_with("range=") && option != "range=0-*")
}

/// The failure of an entry of more than so many bytes.
pub(super) fn too_large(limit: usize) -> Failure {
    Failure::of_one_record(format!("the record is larger than {limit} bytes"))
}

fn constructed(tag: StructureTag) -> Option<Vec<StructureTag>> {
    match tag.payload {
        PL::C(parts) => Some(parts),
        PL::P(_) => None,
    }
}

fn primitive(tag: StructureTag) -> Option<Vec<u8>> {
    match tag.payload {
        PL::P(bytes) => Some(bytes),
        PL::C(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use ldap3::asn1::TagClass;

    use super::*;
    use crate::formats::{Format, ReadOptions, open};

    fn tag(payload: PL) -> StructureTag {
        StructureTag { class: TagClass::Universal, id: 4, payload }
    }

    fn answer(dn: &str, attributes: &[(&str, &[&[u8]])]) -> StructureTag {
        let text = |bytes: &[u8]| tag(PL::P(bytes.to_vec()));
        let attribute = |(name, values): &(&str, &[&[u8]])| {
            let values = values.iter().map(|value| text(value)).collect();
            tag(PL::C(vec![text(name.as_bytes()), tag(PL::C(values))]))
        };
        tag(PL::C(vec![text(dn.as_bytes()), tag(PL::C(attributes.iter().map(attribute).collect()))]))
    }

    /// The same entry as `ldapsearch` writes it.
    const LDIF: &str = "dn: uid=ada,dc=example\nuid: ada\ncn:: w4RubmU=\ncn: Anne\nuserPassword:: e1NTSEF9eA==\n\
        objectGUID:: MTIz\ncn;lang-de: Anna\nuserCertificate;binary:: YWJj\nphoto:: //8=\n\n";

    #[test]
    fn an_entry_has_the_shape_of_its_ldif() {
        let values: &[(&str, &[&[u8]])] = &[
            ("uid", &[b"ada"]),
            ("cn", &["Änne".as_bytes(), b"Anne"]),
            ("userPassword", &[b"{SSHA}x"]),
            ("objectGUID", &[b"123"]),
            ("cn;lang-de", &[b"Anna"]),
            ("userCertificate;binary", &[b"abc"]),
            ("photo", &[&[0xff, 0xff]]),
            ("empty", &[]),
        ];
        let entry = Entry::read(answer("uid=ada,dc=example", values), 1000).expect("an entry");
        let json = entry.json(&[], 1000).expect("a record");
        let ldif = open(Box::new(LDIF.as_bytes()), Format::Ldif, ReadOptions::default())
            .next()
            .expect("a record")
            .expect("a record");
        assert_eq!(json, ldif.json);
        assert!(Entry::read(answer("uid=ada,dc=example", values), 20).is_err());
        assert!(entry.json(&["UID".to_owned()], 1000).expect("a record").contains(r#""uid":[{"base64":"YWRh"}]"#));
        assert!(entry.json(&[], 50).is_err());
        let many: Vec<&[u8]> = vec![b"a"; MAX_VALUES + 1];
        assert!(Entry::read(answer("uid=ada,dc=example", &[("uid", &many)]), 1_000_000).is_err());
    }

    #[test]
    fn a_part_of_the_values_is_not_taken_for_all() {
        let values: &[&[u8]] = &[b"cn=a"];
        for (name, is_whole) in [
            ("memberOf", true),
            ("memberOf;range=0-*", true),
            ("memberOf;range=0-1499", false),
            ("memberOf;binary;Range=1500-*", false),
            ("cn;lang-de", true),
        ] {
            assert_eq!(Entry::read(answer("cn=x", &[(name, values)]), 100).is_ok(), is_whole, "{name}");
        }
    }

    #[test]
    fn what_is_no_entry_is_an_error() {
        for wrong in
            [tag(PL::P(Vec::new())), tag(PL::C(Vec::new())), answer("x", &[]), tag(PL::C(vec![tag(PL::P(vec![0xff]))]))]
        {
            let is_entry = matches!(&wrong.payload, PL::C(parts) if parts.len() == 2);
            assert_eq!(Entry::read(wrong, 100).is_ok(), is_entry);
        }
    }
}
