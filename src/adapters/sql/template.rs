//! Queries in the settings: values enter them only through named parameters.

use thiserror::Error;

/// A query whose names are replaced by numbered placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Template {
    /// The query in the form that the database expects.
    pub sql: String,
    /// The names in the order of their numbers, each once.
    pub names: Vec<String>,
}

/// Why a query is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// The text contains only spaces and comments.
    #[error("the query is empty")]
    Empty,
    /// The query has no parameter, so the answer would be the same for every customer.
    #[error("the query uses no parameter such as `:identifier`")]
    Constant,
    /// Another placeholder syntax.
    #[error("the placeholder `{0}` is not supported; use a name such as `:identifier`")]
    Placeholder(char),
    /// A quote or comment is not closed.
    #[error("a quote or comment that begins with `{0}` is not closed")]
    Unclosed(&'static str),
    /// More than one statement.
    #[error("the query has more than one statement")]
    Several,
}

/// Parts of SQL in which a colon has no meaning: how they begin and end. A doubled end inside a quote starts it again.
pub(super) const QUOTED: [(&str, &str); 6] =
    [("'", "'"), ("\"", "\""), ("`", "`"), ("[", "]"), ("--", "\n"), ("/*", "*/")];

impl Template {
    /// Parses a query. Quotes, comments and casts (`::text`) are left unchanged.
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
                let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                if ended && !is_comment(open) {
                    return Err(TemplateError::Several);
                }
                template.sql.push_str(part);
                rest = after;
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
                '?' | '$' | '@' => return Err(TemplateError::Placeholder(first)),
                _ => template.plain(rest),
            };
        }
        template.checked()
    }

    /// Consumes a cast, a name, or a lone colon.
    fn colon<'q>(&mut self, rest: &'q str) -> &'q str {
        if let Some(after) = rest.strip_prefix("::") {
            self.sql.push_str("::");
            return after;
        }
        let after = rest.strip_prefix(':').unwrap_or_default();
        let length = after.bytes().take_while(|byte| is_name(*byte)).count();
        let (name, after) = after.split_at_checked(length).unwrap_or((after, ""));
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.sql.push(':');
            self.sql.push_str(name);
            return after;
        }
        let at = self.names.iter().position(|have| have == name).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        self.sql.push_str(&format!("?{}", at + 1));
        after
    }

    /// Consumes one character, or a whole database name, which may contain `$`.
    fn plain<'q>(&mut self, rest: &'q str) -> &'q str {
        let word = rest.bytes().take_while(|byte| is_name(*byte)).count();
        let more = rest.bytes().skip(word).take_while(|byte| word > 0 && (is_name(*byte) || *byte == b'$')).count();
        let length = if word > 0 { word + more } else { rest.chars().next().map_or(0, char::len_utf8) };
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        self.sql.push_str(part);
        after
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

/// The length in bytes of the quote or comment at the start of the text.
pub(super) fn quoted(text: &str, open: &'static str, close: &str) -> Result<usize, TemplateError> {
    let inside = text.get(open.len()..).unwrap_or_default();
    match inside.find(close) {
        Some(at) => Ok(open.len() + at + close.len()),
        None if open == "--" => Ok(text.len()),
        None => Err(TemplateError::Unclosed(open)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_numbered_placeholders() {
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
    fn other_queries_are_rejected() {
        for (query, error) in [
            ("", TemplateError::Empty),
            (" ; ", TemplateError::Empty),
            ("SELECT 1", TemplateError::Constant),
            ("SELECT ':a'", TemplateError::Constant),
            ("SELECT ?", TemplateError::Placeholder('?')),
            ("SELECT $1", TemplateError::Placeholder('$')),
            ("SELECT @a", TemplateError::Placeholder('@')),
            ("SELECT :a, 'open", TemplateError::Unclosed("'")),
            ("SELECT :a /* open", TemplateError::Unclosed("/*")),
            ("SELECT :a; DELETE FROM u", TemplateError::Several),
            ("SELECT :a; 'x'", TemplateError::Several),
        ] {
            assert_eq!(Template::parse(query), Err(error), "{query}");
        }
    }
}
