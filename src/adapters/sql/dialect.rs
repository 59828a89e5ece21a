//! How the text of a query is read: what a database quotes, and how it writes placeholders.

/// A part of SQL in which a colon has no meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) struct Quoted {
    /// How it begins.
    pub open: &'static str,
    /// How it ends. A doubled end inside a quote begins it again, which needs no care here.
    pub close: &'static str,
    /// Whether a backslash takes the meaning of the character after it.
    pub escapes: bool,
    /// What a `;` may be followed by.
    pub is_comment: bool,
}

/// A loose word of every database.
pub(in crate::adapters) const LIMIT: (&str, &str) = (
    "limit",
    "hides that two customers have the same login, and the wrong one could sign in: two rows are an error on purpose",
);

/// A quote such as `'…'`.
pub(in crate::adapters) const fn quote(open: &'static str, close: &'static str) -> Quoted {
    Quoted { open, close, escapes: false, is_comment: false }
}

/// A quote in which `\'` does not end it.
pub(in crate::adapters) const fn escaped(open: &'static str, close: &'static str) -> Quoted {
    Quoted { open, close, escapes: true, is_comment: false }
}

/// A comment.
pub(in crate::adapters) const fn comment(open: &'static str, close: &'static str) -> Quoted {
    Quoted { open, close, escapes: false, is_comment: true }
}

/// How parameters are written in the query that the database gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::adapters) enum Placeholders {
    /// `?1`, `?2`: one number for each name.
    QuestionNumber,
    /// `$1`, `$2`: one number for each name.
    DollarNumber,
    /// `?`: one for each use.
    Question,
}

/// The SQL of one database, as far as parameters are concerned.
#[derive(Debug, Clone, Copy)]
pub(in crate::adapters) struct Dialect {
    /// The form of parameters.
    pub placeholders: Placeholders,
    /// Quotes and comments, longer ones first where one begins like another.
    pub quoted: &'static [Quoted],
    /// Whether `$tag$ … $tag$` is a quote.
    pub dollar_quotes: bool,
    /// Whether comments `/* … */` nest.
    pub nested_comments: bool,
    /// Characters that would be a placeholder of another kind, and are not supported.
    pub reserved: &'static str,
    /// What compares more loosely than identifiers do, as words in the conditions of a query: each with the reason.
    pub loose: &'static [(&'static str, &'static str)],
    /// How to compare identifiers instead, as a help line.
    pub advice: &'static str,
}
