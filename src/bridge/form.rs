//! Form bodies (`application/x-www-form-urlencoded`).

use zeroize::Zeroizing;

/// How many fields a form may have. Stops bodies that only cost time; the largest form of a product has eight.
const MAX_FIELDS: usize = 64;

/// The fields of a form, decoded into memory that is wiped.
pub(super) struct Form(Vec<Field>);

/// A field of a form.
struct Field {
    name: Zeroizing<Vec<u8>>,
    value: Zeroizing<Vec<u8>>,
}

impl Form {
    /// Reads a form; `None` if it has too many fields.
    pub fn read(body: &[u8]) -> Option<Self> {
        let fields = body.split(|byte| *byte == b'&').filter(|field| !field.is_empty());
        let fields: Vec<_> = fields
            .take(MAX_FIELDS + 1)
            .map(|field| {
                let mut parts = field.splitn(2, |byte| *byte == b'=');
                let mut part = || decoded(parts.next().unwrap_or_default());
                Field { name: part(), value: part() }
            })
            .collect();
        (fields.len() <= MAX_FIELDS).then_some(Self(fields))
    }

    /// The only field with a name; `None` if it is missing or repeated.
    pub fn take(&mut self, name: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut named = self.0.iter_mut().filter(|field| field.name.as_slice() == name.as_bytes());
        match (named.next(), named.next()) {
            (Some(field), None) => Some(std::mem::take(&mut field.value)),
            _ => None,
        }
    }

    /// The same as text; `None` if it is not UTF-8.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        self.take(name).and_then(|value| String::from_utf8(value.to_vec()).ok())
    }
}

/// A name or a value without `+` and percent-encoding.
fn decoded(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let spaced: Zeroizing<Vec<u8>> =
        Zeroizing::new(text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect());
    // an allocation that never grows leaves no copy behind
    let mut decoded = Zeroizing::new(Vec::with_capacity(spaced.len()));
    decoded.extend(percent_encoding::percent_decode(&spaced));
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_decoded_and_never_guessed() {
        let mut form = Form::read(b"a=1+2%2B3&b=%C3%A9%00&c&=d&e=x=y&e=z&f=%zz&g=%FF").unwrap();
        let mut take = |name: &str| form.take(name).map(|value| value.to_vec());
        assert_eq!(take("a").as_deref(), Some("1 2+3".as_bytes()));
        assert_eq!(take("b").as_deref(), Some("é\0".as_bytes()));
        assert_eq!(take("c").as_deref(), Some(b"".as_slice()));
        assert_eq!(take("e"), None, "repeated");
        assert_eq!(take("f").as_deref(), Some(b"%zz".as_slice()));
        assert_eq!(take("h"), None);
        assert_eq!(form.take_text("g"), None, "not UTF-8");
        assert!(Form::read("a&".repeat(64).as_bytes()).is_some());
        assert!(Form::read("a&".repeat(65).as_bytes()).is_none());
        assert!(Form::read(b"").unwrap().take("a").is_none());
    }
}
