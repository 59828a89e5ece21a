//! Queries as the settings write them: names for values, and no other way for a value into a query.

use thiserror::Error;

/// A query with its names replaced by numbered places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// The query as the database takes it.
    pub sql: String,
    /// The names, in the order of their numbers; each once.
    pub names: Vec<String>,
}

/// Why a text is no query of ours.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// Nothing but spaces and comments.
    #[error("the query is empty")]
    Empty,
    /// No name at all: the answer would be the same for every customer.
    #[error("the query names no value such as `:identifier`")]
    Constant,
    /// Another spelling of a parameter.
    #[error("`{0}` is no name of a value; values are named as in `:identifier`")]
    Foreign(char),
    /// A quote or comment that does not end.
    #[error("a quote or comment that begins with `{0}` does not end")]
    Open(&'static str),
    /// More than one statement.
    #[error("there is more than one statement")]
    Several,
}

/// Parts of SQL in which a colon means nothing: how they begin and end. A doubled end inside a quote begins it anew.
pub(super) const QUOTED: [(&str, &str); 6] =
    [("'", "'"), ("\"", "\""), ("`", "`"), ("[", "]"), ("--", "\n"), ("/*", "*/")];

impl Template {
    /// Reads a query. Quotes, comments and casts (`::text`) are left alone.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(query: &str) -> Result<Self, TemplateError> {
        let mut template = Self { sql: String::with_capacity(query.len()), names: Vec::new() };
        let mut ended = false;
        let mut rest = query;
        while let Some(first) = rest.chars().next() {
            if let Some((open, close)) = QUOTED.iter().find(|(open, _)| rest.starts_with(open)) {
                let length = quoted(rest, open, close)?;
                let (part, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
                if ended && !is_comment(open) {
                    return Err(TemplateError::Several);
                }
                template.sql.push_str(part);
                rest = behind;
                continue;
            }
            if ended && !first.is_whitespace() {
                return Err(TemplateError::Several);
            }
            rest = match first {
                ';' => {
                    ended = true;
                    rest.strip_prefix(';').unwrap_or_default()
                }
                ':' => template.colon(rest),
                '?' | '$' | '@' => return Err(TemplateError::Foreign(first)),
                _ => template.plain(rest),
            };
        }
        template.checked()
    }

    /// Takes a cast, a name, or a lone colon.
    fn colon<'q>(&mut self, rest: &'q str) -> &'q str {
        if let Some(behind) = rest.strip_prefix("::") {
            self.sql.push_str("::");
            return behind;
        }
        let behind = rest.strip_prefix(':').unwrap_or_default();
        let length = behind.bytes().take_while(|byte| is_name(*byte)).count();
        let (name, behind) = behind.split_at_checked(length).unwrap_or((behind, ""));
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.sql.push(':');
            self.sql.push_str(name);
            return behind;
        }
        let at = self.names.iter().position(|have| have == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        self.sql.push_str(&format!("?{}", at + 1));
        behind
    }

    /// Takes one character; a name of the database as a whole, in which `$` may stand.
    fn plain<'q>(&mut self, rest: &'q str) -> &'q str {
        let word = rest.bytes().take_while(|byte| is_name(*byte)).count();
        let more = rest.bytes().skip(word).take_while(|byte| word > 0 && (is_name(*byte) || *byte == b'$')).count();
        let length = if word > 0 { word + more } else { rest.chars().next().map_or(0, char::len_utf8) };
        let (part, behind) = rest.split_at_checked(length).unwrap_or((rest, ""));
        self.sql.push_str(part);
        behind
    }

    fn checked(self) -> Result<Self, TemplateError> {
        if self.sql.trim().is_empty() {
            return Err(TemplateError::Empty);
        }
        if self.names.is_empty() {
            return Err(TemplateError::Constant);
        }
        Ok(self)
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

fn is_comment(open: &str) -> bool {
    matches!(open, "--" | "/*")
}

/// How many bytes the quote or comment has that the text begins with.
pub(super) fn quoted(text: &str, open: &'static str, close: &str) -> Result<usize, TemplateError> {
    let inside = text.get(open.len()..).unwrap_or_default();
    match inside.find(close) {
        Some(at) => Ok(open.len() + at + close.len()),
        None if open == "--" => Ok(text.len()),
        None => Err(TemplateError::Open(open)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_places() {
        for (query, sql, names) in [
            ("SELECT * FROM u WHERE a = :identifier", "SELECT * FROM u WHERE a = ?1", &["identifier"][..]),
            ("SELECT :b, :a, :b", "SELECT ?1, ?2, ?1", &["b", "a"]),
            ("SELECT x::text FROM u WHERE y=:a::int;", "SELECT x::text FROM u WHERE y=?1::int", &["a"]),
            ("SELECT ':no', \":no\", `:no`, [:no] WHERE :a", "SELECT ':no', \":no\", `:no`, [:no] WHERE ?1", &["a"]),
            ("SELECT 'it''s :no' || :a", "SELECT 'it''s :no' || ?1", &["a"]),
            ("SELECT :a -- :no ?\n, :b /* :no ; */", "SELECT ?1 -- :no ?\n, ?2 /* :no ; */", &["a", "b"]),
            ("SELECT :a -- to the end", "SELECT ?1 -- to the end", &["a"]),
            ("SELECT ü, a$b, x[1:2], 12:30 FROM t WHERE :a", "SELECT ü, a$b, x[1:2], 12:30 FROM t WHERE ?1", &["a"]),
            ("SELECT :a; -- done", "SELECT ?1 -- done", &["a"]),
        ] {
            let template = Template::parse(query).expect(query);
            assert_eq!((template.sql.as_str(), template.names), (sql, names.iter().map(|&n| n.to_owned()).collect()));
        }
    }

    #[test]
    fn everything_else_is_refused() {
        for (query, error) in [
            ("", TemplateError::Empty),
            (" ; ", TemplateError::Empty),
            ("SELECT 1", TemplateError::Constant),
            ("SELECT ':a'", TemplateError::Constant),
            ("SELECT ?", TemplateError::Foreign('?')),
            ("SELECT $1", TemplateError::Foreign('$')),
            ("SELECT @a", TemplateError::Foreign('@')),
            ("SELECT :a, 'open", TemplateError::Open("'")),
            ("SELECT :a /* open", TemplateError::Open("/*")),
            ("SELECT :a; DELETE FROM u", TemplateError::Several),
            ("SELECT :a; 'x'", TemplateError::Several),
        ] {
            assert_eq!(Template::parse(query), Err(error), "{query}");
        }
    }
}
