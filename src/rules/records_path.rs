//! The place of the records in a document: `$.users`, `$.data.items`.

use std::fmt;
use std::str::FromStr;

use jsonpath_rust::parser::model::{Segment, Selector};

use super::reference::parse;

/// The largest number of names in a path. Stops a path from exhausting the readers; exports nest two or three
/// deep.
const MAX_NAMES: usize = 16;

/// The place of a list of records in a document. `$` is the document itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordsPath(Vec<String>);

impl RecordsPath {
    /// The names from the document to the list.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.0
    }

    /// Whether it is the document itself.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path of a member of an object at this path.
    #[must_use]
    pub fn member(&self, name: &str) -> Self {
        Self(self.0.iter().cloned().chain([name.to_owned()]).collect())
    }
}

impl FromStr for RecordsPath {
    type Err = String;

    /// Reads `$.a.b` and `$['a']`; `[*]` at the end means the same list.
    fn from_str(text: &str) -> Result<Self, String> {
        const SHAPE: &str = "write the path of a list, such as `$.users` or `$.data.items`";
        let Some(rest) = text.strip_prefix('$') else {
            let name = text.trim();
            return Err(match RecordsPath::default().member(name) {
                _ if name.is_empty() => SHAPE.to_owned(),
                path if !name.contains(['.', '[']) => format!("a path begins with `$`: write `{path}`"),
                _ => format!("a path begins with `$`: write `$.{name}`"),
            });
        };
        let query = parse(rest).map_err(|problem| format!("{}; {SHAPE}", problem.message))?;
        let segments = match query.segments.as_slice() {
            [list @ .., Segment::Selector(Selector::Wildcard)] => list,
            all => all,
        };
        let name = |segment: &Segment| match segment {
            Segment::Selector(Selector::Name(name)) => Some(name.clone()),
            _ => None,
        };
        let names: Option<Vec<String>> = segments.iter().map(name).collect();
        match names {
            Some(names) if names.len() <= MAX_NAMES => Ok(Self(names)),
            Some(_) => Err(format!("a path of records has at most {MAX_NAMES} names")),
            None => Err(format!("the path of the records contains only names; {SHAPE}")),
        }
    }
}

/// As a path in which names with other characters are in brackets (RFC 9535, section 2.7).
impl fmt::Display for RecordsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("$")?;
        for name in &self.0 {
            let is_plain = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
                && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_plain {
                write!(f, ".{name}")?;
            } else {
                write!(f, "['{}']", name.replace('\\', "\\\\").replace('\'', "\\'"))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_names() {
        for (text, shown) in [
            ("$", "$"),
            ("$.users", "$.users"),
            ("$.data.items[*]", "$.data.items"),
            ("$['a b']", "$['a b']"),
            ("$[\"it's\"]", "$['it\\'s']"),
        ] {
            assert_eq!(text.parse::<RecordsPath>().map(|path| path.to_string()), Ok(shown.to_owned()), "{text}");
        }
        for (text, wanted) in [
            ("users", "write `$.users`"),
            ("user list", "write `$['user list']`"),
            ("data.users", "write `$.data.users`"),
            ("", "such as `$.users`"),
            ("$.users[0]", "the path of the records contains only names"),
            ("$..users", "the path of the records contains only names"),
            ("$.user-list", "is not allowed here"),
        ] {
            let message = text.parse::<RecordsPath>().unwrap_err();
            assert!(message.contains(wanted), "{text}: {message}");
        }
    }
}
