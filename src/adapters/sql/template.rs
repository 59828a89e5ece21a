//! Queries in the settings: values enter them only through named parameters.

use thiserror::Error;

use super::dialect::{Dialect, Placeholders, Quoted};
use super::loose::words;

/// A query whose names are replaced by placeholders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::adapters) struct Template {
    /// The query in the form that the database expects.
    pub sql: String,
    /// The names in the order of the values to bind.
    pub names: Vec<String>,
    /// Where placeholders stand in the query: their first and last byte, and the place of their name.
    placeholders: Vec<(usize, usize, usize)>,
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
    Unclosed(String),
    /// A statement that is not a query, or writes a file.
    #[error("`{0}` is not a query that only reads; it begins with SELECT or WITH")]
    NotAQuery(String),
    /// A statement that changes no rows, or not those of a condition.
    #[error("`{0}` is neither an UPDATE nor a DELETE, whose rows are counted before they are changed for good")]
    NotAChange(String),
    /// A word that may hide that several rows match, or that writes a file.
    #[error("`{0}` cannot be used here: it hides that the condition is true of several customers, or writes a file")]
    NotInChange(String),
    /// A statement without a parameter.
    #[error("the statement uses no parameter such as `:id`, so it does not name the customer")]
    Unnamed,
    /// A change of every row.
    #[error("the statement has no WHERE, so it would change every customer")]
    NoCondition,
    /// A condition that is the same for every customer.
    #[error("the WHERE of the statement uses no parameter such as `:id`, so it does not name the customer")]
    ConstantCondition,
    /// More than one statement.
    #[error("the query has more than one statement")]
    Several,
}

impl Template {
    /// Parses a query. Quotes, comments and casts (`::text`) are left unchanged.
    ///
    /// # Errors
    /// [`TemplateError`].
    pub fn parse(query: &str, dialect: &Dialect) -> Result<Self, TemplateError> {
        Self::parse_any(query, dialect)?.only_reads(dialect)
    }

    /// Parses a query or a statement that may write.
    pub(super) fn parse_any(query: &str, dialect: &Dialect) -> Result<Self, TemplateError> {
        let mut template =
            Self { sql: String::with_capacity(query.len()), names: Vec::new(), placeholders: Vec::new() };
        let mut ended = false;
        let mut rest = query;
        while let Some(first) = rest.chars().next() {
            if let Some((length, is_comment)) = quoted(rest, dialect)? {
                let (part, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
                if ended && !is_comment {
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
                ':' => template.colon(rest, dialect.placeholders),
                _ if dialect.reserved.contains(first) => return Err(TemplateError::Placeholder(first)),
                _ => template.plain(rest),
            };
        }
        template.checked()
    }

    /// Consumes a cast, a name, or a lone colon.
    fn colon<'q>(&mut self, rest: &'q str, placeholders: Placeholders) -> &'q str {
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
        let known = self.names.iter().position(|have| have == name);
        let at = known.filter(|_| placeholders != Placeholders::Question).unwrap_or_else(|| {
            self.names.push(name.to_owned());
            self.names.len() - 1
        });
        let begin = self.sql.len();
        match placeholders {
            Placeholders::Question => self.sql.push('?'),
            Placeholders::QuestionNumber => self.sql.push_str(&format!("?{}", at + 1)),
            Placeholders::DollarNumber => self.sql.push_str(&format!("${}", at + 1)),
        }
        self.placeholders.push((begin, self.sql.len(), at));
        after
    }

    /// The query with other text in place of its placeholders.
    pub fn with(&self, placeholder: impl Fn(usize) -> String) -> String {
        let (mut out, mut last) = (String::with_capacity(self.sql.len() * 2), 0);
        for (begin, end, at) in &self.placeholders {
            out.push_str(self.sql.get(last..*begin).unwrap_or_default());
            out.push_str(&placeholder(*at));
            last = *end;
        }
        out.push_str(self.sql.get(last..).unwrap_or_default());
        out
    }

    /// Each use of a parameter: its name, and the query before and after it.
    pub fn uses(&self) -> impl Iterator<Item = (&str, &str, &str)> {
        self.placeholders.iter().filter_map(|(begin, end, at)| {
            Some((self.names.get(*at)?.as_str(), self.sql.get(..*begin)?, self.sql.get(*end..)?))
        })
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

    /// Databases refuse writes in a session that only reads. They do not refuse a procedure that begins a session of
    /// its own, nor files that they write.
    fn only_reads(self, dialect: &Dialect) -> Result<Self, TemplateError> {
        let words = words(&self.sql, dialect);
        let is = |word: &str, known: &[&str]| known.iter().any(|known| word.eq_ignore_ascii_case(known));
        let first = words.first().filter(|word| is(word, &["call", "do", "exec", "execute"]));
        match first.or_else(|| words.iter().find(|word| is(word, &["outfile", "dumpfile"]))) {
            Some(word) => Err(TemplateError::NotAQuery((*word).to_owned())),
            None => Ok(self),
        }
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

/// The length in bytes of the quote or comment at the start of the text, and whether it is a comment.
pub(super) fn quoted(text: &str, dialect: &Dialect) -> Result<Option<(usize, bool)>, TemplateError> {
    if dialect.dollar_quotes && text.starts_with('$') {
        return dollar_quoted(text).map(|length| length.map(|length| (length, false)));
    }
    if dialect.nested_comments && text.starts_with("/*") {
        return nested(text).map(|length| Some((length, true)));
    }
    let Some(found) = dialect.quoted.iter().find(|quoted| text.starts_with(quoted.open)) else { return Ok(None) };
    let inside = text.get(found.open.len()..).unwrap_or_default();
    match end_of(inside, found) {
        Some(length) => Ok(Some((found.open.len() + length, found.is_comment))),
        // a comment to the end of the line ends with the query
        None if found.close == "\n" => Ok(Some((text.len(), true))),
        None => Err(TemplateError::Unclosed(found.open.to_owned())),
    }
}

/// The length of the text up to the end of a quote, the end included.
fn end_of(inside: &str, quoted: &Quoted) -> Option<usize> {
    if !quoted.escapes {
        return inside.find(quoted.close).map(|at| at + quoted.close.len());
    }
    let mut characters = inside.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => drop(characters.next()),
            _ if inside.get(at..).is_some_and(|rest| rest.starts_with(quoted.close)) => {
                return Some(at + quoted.close.len());
            }
            _ => {}
        }
    }
    None
}

/// A quote `$tag$ … $tag$` of PostgreSQL; `None` for a `$` that begins none.
fn dollar_quoted(text: &str) -> Result<Option<usize>, TemplateError> {
    let after = text.get(1..).unwrap_or_default();
    let tag = after.bytes().take_while(|byte| is_name(*byte)).count();
    let is_quote = after.as_bytes().get(tag) == Some(&b'$') && !after.starts_with(|c: char| c.is_ascii_digit());
    let Some(open) = text.get(..tag + 2).filter(|_| is_quote) else { return Ok(None) };
    let inside = text.get(open.len()..).unwrap_or_default();
    let end = inside.find(open).ok_or_else(|| TemplateError::Unclosed(open.to_owned()))?;
    Ok(Some(open.len() + end + open.len()))
}

/// A comment that may contain comments.
fn nested(text: &str) -> Result<usize, TemplateError> {
    let (mut depth, mut at) = (0_usize, 0_usize);
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let step = match rest {
            rest if rest.starts_with("/*") => {
                depth += 1;
                2
            }
            rest if rest.starts_with("*/") => {
                depth -= 1;
                2
            }
            rest => rest.chars().next().map_or(1, char::len_utf8),
        };
        at += step;
        if depth == 0 {
            return Ok(at);
        }
    }
    Err(TemplateError::Unclosed("/*".to_owned()))
}

/// Asserts what a query becomes, and its names.
#[cfg(test)]
pub(in crate::adapters) fn assert_reads_as(query: &str, dialect: &Dialect, sql: &str, names: &[&str]) {
    let template = Template::parse(query, dialect).expect(query);
    assert_eq!((template.sql.as_str(), template.names.iter().map(String::as_str).collect()), (sql, names.to_vec()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::adapters::sqlite;

    const SQLITE: &Dialect = &sqlite::DIALECT;

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
            assert_reads_as(query, SQLITE, sql, names);
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
            ("SELECT :a, 'open", TemplateError::Unclosed("'".to_owned())),
            ("SELECT :a /* open", TemplateError::Unclosed("/*".to_owned())),
            ("SELECT :a; DELETE FROM u", TemplateError::Several),
            ("SELECT :a; 'x'", TemplateError::Several),
            ("CALL p(:a)", TemplateError::NotAQuery("CALL".to_owned())),
            ("-- x\nDO f(:a)", TemplateError::NotAQuery("DO".to_owned())),
            ("SELECT :a INTO OUTFILE '/tmp/x'", TemplateError::NotAQuery("OUTFILE".to_owned())),
        ] {
            assert_eq!(Template::parse(query, SQLITE), Err(error), "{query}");
        }
    }
}
