//! Claim paths as rules write them: `email.value`, `"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User".department`.

use std::fmt::Write as _;

/// The names of a claim path, outermost first; `None` if the path is invalid.
///
/// Names are separated by dots. A name that contains a dot is put in double quotes; there are no escapes, so a name cannot
/// contain a double quote.
///
/// ```
/// use landfall::schema::path_names;
/// assert_eq!(path_names("email.value"), Some(vec!["email", "value"]));
/// assert_eq!(path_names(r#""urn:x:2.0:User".department"#), Some(vec!["urn:x:2.0:User", "department"]));
/// assert_eq!(path_names("email..value"), None);
/// ```
#[must_use]
pub fn path_names(path: &str) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    let mut rest = path;
    loop {
        let (name, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"')?,
            None => rest.split_at(rest.find('.').unwrap_or(rest.len())),
        };
        if name.is_empty() || (name.contains('"')) {
            return None;
        }
        names.push(name);
        match after.strip_prefix('.') {
            Some(next) => rest = next,
            None if after.is_empty() => return Some(names),
            None => return None,
        }
    }
}

/// Adds a name to a claim path, in quotes if needed.
pub fn push_name(path: &mut String, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    if name.is_empty() || name.contains(['.', '[', '"']) {
        // Writing to a string cannot fail.
        let _ = write!(path, "\"{name}\"");
    } else {
        path.push_str(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        for (path, names) in [
            ("username", Some(vec!["username"])),
            ("custom.a b", Some(vec!["custom", "a b"])),
            (r#"a."b.c".d"#, Some(vec!["a", "b.c", "d"])),
            (r#"a."b.c""#, Some(vec!["a", "b.c"])),
            ("", None),
            (".a", None),
            ("a.", None),
            (r#""a"#, None),
            (r#""a"b"#, None),
            (r#"a"b"#, None),
            (r#""""#, None),
        ] {
            assert_eq!(path_names(path), names, "{path}");
        }
    }

    #[test]
    fn names_round_trip() {
        let mut path = String::new();
        for name in ["custom", "a.b", "x[0]"] {
            push_name(&mut path, name);
        }
        assert_eq!(path_names(&path), Some(vec!["custom", "a.b", "x[0]"]));
    }
}
