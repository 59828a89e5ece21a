//! Takes the names of fields apart: `userEmail`, `user_email`, `User E-Mail` and `Email__c` are one name.

use deunicode::deunicode;

/// Words before a name that say nothing about it: `customer_city` is a city. Of several fields, the one without is
/// preferred.
const BEFORE: [&str; 28] = [
    "user",
    "usr",
    "u",
    "users",
    "customer",
    "customers",
    "cust",
    "client",
    "member",
    "person",
    "profile",
    "account",
    "acct",
    "contact",
    "default",
    "custom",
    "primary",
    "main",
    "current",
    "preferred",
    "my",
    "field",
    "attr",
    "kunde",
    "kunden",
    "benutzer",
    "c",
    "f",
];

/// Words that name one of several addresses. A field without them, or of an earlier one, is preferred.
const ADDRESSES: [&str; 11] = [
    "address",
    "billing",
    "invoice",
    "rechnungs",
    "bill",
    "home",
    "private",
    "mailing",
    "work",
    "business",
    "shipping",
];

/// Words behind a name that say nothing about it.
const AFTER: [&str; 7] = ["value", "text", "string", "field", "attribute", "raw", "c"];

/// How much worse a name fits for each word that was left out.
const LEFT_OUT: usize = 50;

/// A name without words that say nothing, and how much worse it fits than one that was written so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Variant {
    pub plain: String,
    pub penalty: usize,
}

/// The words of a name, in lower case: `lastLogonTimestamp` has three, `Email__c` two.
pub(super) fn words(name: &str) -> Vec<String> {
    let ascii = if name.is_ascii() { name.to_owned() } else { deunicode(name) };
    let chars: Vec<char> = ascii.chars().collect();
    let (mut words, mut word) = (Vec::new(), String::new());
    let mut end = |word: &mut String| {
        if !word.is_empty() {
            words.push(std::mem::take(word));
        }
    };
    for (at, c) in chars.iter().enumerate() {
        if !c.is_alphanumeric() {
            end(&mut word);
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| chars.get(at));
        let is_lower = |c: Option<&char>| c.is_some_and(|c| c.is_lowercase());
        // `userEmail`, and the last capital of `URLName`
        let begins = c.is_uppercase()
            && (before.is_some_and(|c| c.is_lowercase() || c.is_ascii_digit())
                || (before.is_some_and(|c| c.is_uppercase()) && is_lower(chars.get(at + 1))));
        if begins {
            end(&mut word);
        }
        word.extend(c.to_lowercase());
    }
    end(&mut word);
    words
}

/// A name in lower case without separators: `userEmail`, `user_email` and `User E-Mail` become equal.
pub(super) fn plain(name: &str) -> String {
    words(name).concat()
}

/// The ways to read a name, the one as written first.
pub(super) fn variants(name: &str) -> Vec<Variant> {
    let words = words(name);
    let mut found = Vec::new();
    let mut rest = words.as_slice();
    // of `Email__c`, Salesforce's fields of one's own, the end is no word
    if let (Some((last, before)), true) = (rest.split_last(), name.ends_with("__c") || name.ends_with("__pc"))
        && matches!(last.as_str(), "c" | "pc")
    {
        rest = before;
    }
    add_all(rest, 0, &mut found);
    if let Some((last, before)) = rest.split_last()
        && !before.is_empty()
        && AFTER.contains(&last.as_str())
    {
        add_all(before, LEFT_OUT, &mut found);
    }
    found
}

/// Adds words as a name, and without the words before it that say nothing.
fn add_all(words: &[String], penalty: usize, found: &mut Vec<Variant>) {
    let (mut rest, mut penalty) = (words, penalty);
    loop {
        let plain = rest.concat();
        if let Some(singular) = plain.strip_suffix('s').filter(|singular| singular.len() > 3) {
            found.push(Variant { plain: singular.to_owned(), penalty: penalty + 5 });
        }
        found.push(Variant { plain, penalty });
        let Some((first, behind)) = rest.split_first() else { return };
        let address = ADDRESSES.iter().position(|word| word == first);
        if behind.is_empty() || !(address.is_some() || BEFORE.contains(&first.as_str()) || is_table(first, behind)) {
            return;
        }
        penalty += LEFT_OUT + address.map_or(0, |at| at + 1);
        rest = behind;
    }
}

/// Whether a word before others is the short name of a table or of an extension: `b_city`, `extension_1f…_city`.
fn is_table(first: &str, behind: &[String]) -> bool {
    let is_hex = first.len() >= 16 && first.chars().all(|c| c.is_ascii_hexdigit());
    is_hex || (first == "extension" && behind.len() > 1)
}

/// Whether a name is one that MongoDB's Extended JSON or an LDIF export writes around a value.
pub(super) fn is_wrapper(name: &str) -> bool {
    const NAMES: [&str; 8] =
        ["$oid", "$date", "$numberLong", "$numberInt", "$numberDouble", "$numberDecimal", "$uuid", "base64"];
    NAMES.contains(&name)
}

/// The names on the way to a field and its own name: CSV columns such as `address.city` have parts, too, and the end of
/// `http://schemas.example.org/claims/givenname` and `cognito:username` is the name.
pub(super) fn place(path: &[String]) -> (Vec<String>, String) {
    let named = path.iter().filter(|name| !is_wrapper(name));
    let mut parts: Vec<String> = Vec::new();
    for name in named {
        let name = if name.contains("://") || name.contains("claims/") {
            name.rsplit(['/', '#']).next().unwrap_or(name)
        } else {
            name.as_str()
        };
        let is_urn = name.starts_with("urn:");
        let name = if is_urn { name } else { name.rsplit(':').next().unwrap_or(name) };
        let has_parts = !is_urn && name.split('.').all(|part| part.chars().any(char::is_alphanumeric));
        if has_parts && name.contains('.') {
            parts.extend(name.split('.').map(str::to_owned));
        } else {
            parts.push(name.to_owned());
        }
    }
    let name = parts.pop().unwrap_or_default();
    (parts, name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart() {
        for (name, wanted) in [
            ("userEmail", "user email"),
            ("user_email", "user email"),
            ("E-Mail", "e mail"),
            ("URLName", "url name"),
            ("sAMAccountName", "s am account name"),
            ("ADDRESS1", "address1"),
            ("Straße", "strasse"),
            ("_id", "id"),
            ("", ""),
        ] {
            assert_eq!(words(name).join(" "), wanted, "{name}");
        }
    }

    #[test]
    fn words_that_say_nothing_are_left_out() {
        for (name, wanted) in [
            ("Email__c", "email"),
            ("Mobile_Phone__c", "mobilephone"),
            ("customer_billing_city", "city"),
            ("emails", "email"),
            ("passwordValue", "password"),
            ("extension_0123456789abcdef0123_city", "city"),
        ] {
            let found = variants(name);
            assert!(found.iter().any(|variant| variant.plain == wanted), "{name}: {found:?}");
        }
        assert!(!variants("company_name").iter().any(|variant| variant.plain == "name"));
        assert!(!variants("emergency_phone").iter().any(|variant| variant.plain == "phone"));
    }

    #[test]
    fn places_have_parts() {
        let of = |path: &[&str]| {
            let (parents, name) = place(&path.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
            format!("{}|{name}", parents.join("/"))
        };
        for (path, wanted) in [
            (&["_id", "$oid"][..], "|_id"),
            (&["address.city"], "address|city"),
            (&["profile", "email"], "profile|email"),
            (&["http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname"], "|givenname"),
            (&["cognito:username"], "|username"),
            (&["urn:x:2.0:User", "title"], "urn:x:2.0:User|title"),
            (&["objectGUID", "base64"], "|objectGUID"),
            (&["Nr."], "|Nr."),
        ] {
            assert_eq!(of(path), wanted);
        }
    }
}
